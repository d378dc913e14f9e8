"""Takes the place of the global providers that `configure()` made before: a notebook's cell.

OpenTelemetry's API lets a process set each of them once. What it keeps of that is private.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from opentelemetry import trace
from opentelemetry._logs import _internal as logs
from opentelemetry.metrics import _internal as metrics
from opentelemetry.util._once import Once

from langchain_otel.inspection.providers import Provider, global_providers

GLOBALS: Final[dict[str, tuple[Any, str]]] = {
    "traces": (trace, "_TRACER_PROVIDER"),
    "metrics": (metrics, "_METER_PROVIDER"),
    "logs": (logs, "_LOGGER_PROVIDER"),
}

# Where the SDK's providers keep the processors to which their tracers and loggers give everything.
PROCESSORS: Final = {
    "traces": ("_active_span_processor", "_span_processors"),
    "logs": ("_multi_log_record_processor", "_log_record_processors"),
}


def release(providers: tuple[Provider, ...]) -> None:
    """Let the process set each of these signals anew, if the provider is still the global one."""
    current = {provider.signal: provider.instance for provider in global_providers()}
    for provider in providers:
        if current[provider.signal] is provider.instance:
            module, name = GLOBALS[provider.signal]
            vars(module).update({name: None, f"{name}_SET_ONCE": Once()})


def hand_over(old: tuple[Provider, ...], new: tuple[Provider, ...]) -> None:
    """Let the new providers have what is recorded by tracers and loggers of the old ones.

    Other instrumentations keep the tracer that they were given. Meters have no such way.
    """
    heirs = {provider.signal: provider.instance for provider in new}
    for provider in old:
        if provider.signal == "logs":
            _forget_handler(provider.instance)
        outer, inner = PROCESSORS.get(provider.signal, ("", ""))
        processor = getattr(provider.instance, outer, None)
        heir = getattr(heirs.get(provider.signal), outer, None)
        if processor is not None and heir is not None:
            vars(processor)[inner] = (heir,)


def _forget_handler(logger_provider: Any) -> None:
    """Take the SDK's handler of Python's logging out: the new provider has one of its own."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if getattr(handler, "_logger_provider", None) is logger_provider:
            root.removeHandler(handler)
