"""Says what is to be said when the first run starts: by then an application is set up."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from langchain_otel import health
from langchain_otel.config import Config, is_disabled
from langchain_otel.config.options import OTEL
from langchain_otel.recording.recorder import Recorder
from langchain_otel.recording.registry import active_recorder, current_recorder
from langchain_otel.runs import context
from langchain_otel.runs.garbage_collector import is_collecting

if TYPE_CHECKING:
    from langchain_otel.notices.destinations import Providers


class _Default:
    """Whether something is still to be said for the handlers that have nothing of their own."""

    is_due: bool = True


class FirstRun:
    """Called when a run starts, until it gives True: then all has been said.

    Without a recorder it speaks for the handlers that have nothing of their own, unless the
    instrumentor speaks for them.
    """

    def __init__(self, arguments: Mapping[str, Any], recorder: Recorder | None) -> None:
        self._arguments = arguments
        self._recorder = recorder

    def __call__(self) -> bool:
        """Say where signals go, what goes nowhere, and who else is there."""
        try:
            # A run that is not to be traced says nothing of the others; and a finalizer may have
            # interrupted an import, in which nothing else is to be imported.
            if context.is_suppressed(context.current()) or is_collecting():
                return False
            if not is_disabled() and (self._recorder is not None or active_recorder() is None):
                self._say(self._recorder or current_recorder())
        except Exception as error:
            health.failed("first run", error)
        return True

    def _say(self, recorder: Recorder) -> None:
        # What looks around in the process is imported when an application is set up, too.
        from langchain_otel.notices.destinations import providers_of, say_where, warn_of_nowhere
        from langchain_otel.notices.tracers import say_who_else

        if self._recorder is None:
            _Default.is_due = False
            _warn_of_settings(self._arguments, recorder.config)
        providers = providers_of(self._arguments)
        say_where(providers, recorder.config)
        warn_of_nowhere(providers, self._arguments, recorder.config)
        say_who_else(_sent(providers))


def first_run(arguments: Mapping[str, Any], recorder: Recorder | None) -> FirstRun | None:
    """What is to be called when a run starts; None where nothing is left to say.

    Settings are warned of at once. A handler that is made for each request costs nothing more.
    """
    if is_disabled():
        return None
    if recorder is not None:
        _warn_of_settings(arguments, recorder.config)
    elif not _Default.is_due or active_recorder() is not None:
        return None
    return FirstRun(arguments, recorder)


def _warn_of_settings(arguments: Mapping[str, Any], config: Config) -> None:
    """Warn of settings that have no effect; where nothing is set, nothing is imported for it."""
    if arguments or any(OTEL in name.upper() for name in os.environ):
        from langchain_otel.notices.settings import warn_of_settings

        warn_of_settings(arguments, config)


def forget() -> None:
    """Say again what has been said."""
    from langchain_otel.notices import log

    _Default.is_due = True
    log.forget()


def _sent(providers: Providers) -> list[str]:
    """Which of spans and metrics we send somewhere, or both where a provider may come yet."""
    traces, metrics = providers["traces"], providers["metrics"]
    if not traces.is_set and not metrics.is_set:
        return ["spans", "metrics"]
    return [
        what for what, provider in (("spans", traces), ("metrics", metrics)) if provider.is_sent
    ]
