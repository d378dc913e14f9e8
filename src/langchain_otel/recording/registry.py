"""Makes recorders of arguments; chooses that of a handler: its own, the active one, the default."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from langchain_otel import forks
from langchain_otel.config import OPTIONS, Config, configured
from langchain_otel.recording.destinations import (
    NOWHERE_ELSE,
    PROVIDER_METHODS,
    Destinations,
    checked_providers,
)
from langchain_otel.recording.recorder import Recorder
from langchain_otel.runs import program_end
from langchain_otel.runs.store import RUNS


class Recorders:
    """The recorder in the place of all others while a test is captured, and those of handlers."""

    __slots__ = ("active", "capturing", "default")

    def __init__(self) -> None:
        self.capturing: Recorder | None = None
        self.active: Recorder | None = None
        self.default: Recorder | None = None


ARGUMENTS: Final = frozenset((*(option.name for option in OPTIONS), *PROVIDER_METHODS))
"""What a handler, a block, a tenant and `instrument()` take: `Arguments` has the types."""

RECORDERS: Final = Recorders()
"""The one object of its class: each run looks here, and to look at a class takes longer."""


def refuse_unknown(name: str, arguments: Iterable[str]) -> None:
    """Raise a TypeError that names what the function `name` does not take."""
    unknown = sorted(set(arguments) - ARGUMENTS)
    if unknown:
        raise TypeError(f"{name}() has no argument {', '.join(unknown)}")


def recorder_for(arguments: dict[str, Any]) -> Recorder:
    """A recorder for providers and options as `instrument()` takes them.

    Raises:
        TypeError: A provider or an option is of the wrong type.
        ValueError: An option has no valid value.
    """
    destinations = Destinations(**checked_providers(arguments))
    config = configured(arguments)
    forks.watch(RUNS.forget_open)
    program_end.watch()
    if RECORDERS.active is None or arguments.get("max_open_runs") is not None:
        RUNS.max_open = config.max_open_runs
    return recorder_of(config, destinations)


def recorder_of(
    config: Config, destinations: Destinations = NOWHERE_ELSE, base: Recorder | None = None
) -> Recorder:
    """A recorder of the kind that the options ask for."""
    if not config.has_hooks:
        return Recorder(config, destinations, base)
    # Who gives no function imports nothing for them.
    from langchain_otel.recording.hooked_recorder import HookedRecorder

    return HookedRecorder(config, destinations, base)


def current_recorder() -> Recorder:
    """The recorder that is active, or else one for the global providers."""
    recorder = active_recorder()
    if recorder is not None:
        return recorder
    if RECORDERS.default is None:
        RECORDERS.default = recorder_for({})
        RECORDERS.default.follows_blocks = True
    return RECORDERS.default


def active_recorder() -> Recorder | None:
    """The instrumentor's recorder, if it is active; that of a test which is captured before it."""
    return RECORDERS.active if RECORDERS.capturing is None else RECORDERS.capturing


def activate_recorder(recorder: Recorder | None) -> None:
    """Make `recorder` the one of every handler without providers of its own; None: no longer."""
    if recorder is not None:
        recorder.follows_blocks = True
    RECORDERS.active = recorder
