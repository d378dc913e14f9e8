"""Chooses the recorder of a handler: its own, the instrumentor's, or the default."""

from typing import Any

from langchain_otel import forks
from langchain_otel.config import configured
from langchain_otel.recording.hooked_recorder import HookedRecorder
from langchain_otel.recording.hooks import has_hooks
from langchain_otel.recording.recorder import Recorder
from langchain_otel.runs import program_end
from langchain_otel.runs.store import RUNS

# A provider is whatever has the method that makes its instruments: some are not subclasses.
PROVIDER_METHODS = {
    "tracer_provider": "get_tracer",
    "meter_provider": "get_meter",
    "logger_provider": "get_logger",
}


class _Recorders:
    active: Recorder | None = None
    default: Recorder | None = None


def recorder_for(arguments: dict[str, Any]) -> Recorder:
    """A recorder for providers and options as `instrument()` takes them.

    Raises:
        TypeError: A provider or an option is of the wrong type.
        ValueError: An option has no valid value.
    """
    for name, method in PROVIDER_METHODS.items():
        provider = arguments.get(name)
        if provider is not None and not callable(getattr(provider, method, None)):
            raise TypeError(
                f"{name} must be an OpenTelemetry provider with a method {method}(), or None for "
                f"the global one; got {provider!r}, a {type(provider).__name__}"
            )
    config = configured(arguments)
    forks.watch(RUNS.forget_open)
    program_end.watch()
    if _Recorders.active is None or arguments.get("max_open_runs") is not None:
        RUNS.max_open = config.max_open_runs
    make = HookedRecorder if has_hooks(config) else Recorder
    return make(config, *(arguments.get(name) for name in PROVIDER_METHODS))


def current_recorder() -> Recorder:
    """The instrumentor's recorder, or else one for the global providers."""
    if _Recorders.active is not None:
        return _Recorders.active
    if _Recorders.default is None:
        _Recorders.default = recorder_for({})
    return _Recorders.default


def active_recorder() -> Recorder | None:
    """The instrumentor's recorder, if it is active."""
    return _Recorders.active


def activate_recorder(recorder: Recorder | None) -> None:
    """Make `recorder` the one of every handler without providers of its own; None: no longer."""
    _Recorders.active = recorder
