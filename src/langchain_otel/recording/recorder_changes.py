"""Makes the recorders of blocks and tenants: another recorder, with some options of their own."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from threading import Lock
from types import FunctionType, MethodType
from typing import Any, Final, Self
from weakref import WeakValueDictionary, ref

from langchain_otel.config import checked_options
from langchain_otel.content.policy import NO_CONTENT
from langchain_otel.forks import fork_safe
from langchain_otel.recording.destinations import Destinations, checked_providers
from langchain_otel.recording.recorder import Recorder
from langchain_otel.recording.registry import recorder_of, refuse_unknown
from langchain_otel.runs.store import RUNS

MODE: Final = "capture_message_content"
HOOK: Final = "completion_hook"
BY_VALUE: Final = (str, int, type(None), FunctionType, MethodType)
"""Types of options by whose values recorders are shared; others are told apart by identity."""

_lock: Final = fork_safe(Lock())
# Blocks that are made for each request share a recorder as long as something has it: a block, a run
# or what is remembered of the last runs.
_made: Final[WeakValueDictionary[tuple[Any, ...], Recorder]] = WeakValueDictionary()


class RecorderChanges:
    """What a recorder has of its own: options and providers, by name."""

    def __init__(self, options: Mapping[str, Any], providers: Mapping[str, Any]) -> None:
        self._options = options
        self._providers = providers
        self._latest: tuple[Recorder, Recorder] | None = None

    def over(self, outer: Self) -> Self:
        """These changes, and those of a block around that they do not name."""
        return type(self)(
            {**outer._options, **self._options}, {**outer._providers, **self._providers}
        )

    def made_to(self, base: Recorder) -> Recorder:
        """The recorder that differs from `base` by these changes."""
        if not self._options and not self._providers:
            return base
        latest = self._latest
        if latest is None or latest[0] is not base:
            self._latest = latest = base, self._recorder(base)
        return latest[1]

    def _recorder(self, base: Recorder) -> Recorder:
        hook = None if self._options.get(MODE) == NO_CONTENT else base.completion_hook
        config = base.config.changed(**{HOOK: hook, **self._options})
        places = base.places | {name: _place(given) for name, given in self._providers.items()}
        options = (
            value if isinstance(value, BY_VALUE) else id(value) for value in vars(config).values()
        )
        key = id(base.origin), *options, *sorted(places.items(), key=itemgetter(0))
        with _lock:
            recorder = _made.get(key)
            if recorder is None:
                recorder = recorder_of(config, Destinations(**self._providers), base)
                recorder.places = places
                _made[key] = recorder
            return recorder


def _place(provider: object) -> object:
    """What is equal for the same provider alone, and keeps none alive."""
    try:
        place = ref(provider)
        hash(place)
    except TypeError:
        return object()
    return place


def changes_of(function: str, arguments: Mapping[str, Any]) -> RecorderChanges:
    """The changes that the arguments of a function name; None names nothing.

    Raises:
        TypeError: There is no such argument, or it is of the wrong type.
        ValueError: An option has no valid value.
    """
    refuse_unknown(function, arguments)
    providers = checked_providers(arguments)
    options = checked_options(arguments)
    if "max_open_runs" in options:
        RUNS.max_open = options["max_open_runs"]
    return RecorderChanges(options, providers)
