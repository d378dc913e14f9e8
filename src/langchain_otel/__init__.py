"""OpenTelemetry for LangChain and LangGraph: whole traces, the right current span, private.

`langchain_otel.configure()` is all that a program needs. `opentelemetry-instrument python app.py`
needs no line of it. Where OpenTelemetry is set up by other means,
`LangChainInstrumentor().instrument()` traces the whole process, and
`OpenTelemetryCallbackHandler()` among the callbacks one request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from langchain_otel.version import __version__

if TYPE_CHECKING:
    from langchain_otel.doctor.diagnosis import diagnose
    from langchain_otel.handler import OpenTelemetryCallbackHandler
    from langchain_otel.instrumentor import LangChainInstrumentor
    from langchain_otel.recording.evaluation import record_evaluation
    from langchain_otel.recording.run_view import RunView
    from langchain_otel.runs.current_run import current_run_id
    from langchain_otel.runs.open_span import current_span_of
    from langchain_otel.runs.span_contexts import span_context_of, traceparent_of
    from langchain_otel.sources.attributes import attributes
    from langchain_otel.sources.conversation import conversation
    from langchain_otel.sources.traced_with import (
        register_tenant,
        traced_with,
        unregister_tenant,
    )
    from langchain_otel.startup.configure import configure

__all__ = [
    "LangChainInstrumentor",
    "OpenTelemetryCallbackHandler",
    "RunView",
    "__version__",
    "attributes",
    "configure",
    "conversation",
    "current_run_id",
    "current_span_of",
    "diagnose",
    "record_evaluation",
    "register_tenant",
    "span_context_of",
    "traced_with",
    "traceparent_of",
    "unregister_tenant",
]

# Where each name is. It is imported when it is asked for: what the instrumentor needs takes long to
# import, and the doctor speaks where LangChain or OpenTelemetry is missing.
_HOMES: Final = {
    "LangChainInstrumentor": "instrumentor",
    "OpenTelemetryCallbackHandler": "handler",
    "RunView": "recording.run_view",
    "attributes": "sources.attributes",
    "configure": "startup.configure",
    "conversation": "sources.conversation",
    "current_run_id": "runs.current_run",
    "current_span_of": "runs.open_span",
    "diagnose": "doctor.diagnosis",
    "record_evaluation": "recording.evaluation",
    "register_tenant": "sources.traced_with",
    "span_context_of": "runs.span_contexts",
    "traced_with": "sources.traced_with",
    "traceparent_of": "runs.span_contexts",
    "unregister_tenant": "sources.traced_with",
}


if not TYPE_CHECKING:  # A checker that sees it takes any name for one of ours.

    def __getattr__(name: str) -> Any:
        """Import a public name when it is asked for first."""
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
