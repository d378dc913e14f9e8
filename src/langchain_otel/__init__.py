"""OpenTelemetry for LangChain and LangGraph: whole traces, the right current span, private.

Three ways in: `opentelemetry-instrument python app.py` with no code changed,
`LangChainInstrumentor().instrument()`, or `OpenTelemetryCallbackHandler()` among the callbacks.
"""

from uuid import UUID

from opentelemetry.trace import INVALID_SPAN, Span

from langchain_otel.handler import OpenTelemetryCallbackHandler
from langchain_otel.instrumentor import LangChainInstrumentor
from langchain_otel.recording.evaluation import record_evaluation
from langchain_otel.runs.store import RUNS
from langchain_otel.sources.conversation import conversation
from langchain_otel.version import __version__

__all__ = [
    "LangChainInstrumentor",
    "OpenTelemetryCallbackHandler",
    "__version__",
    "conversation",
    "current_span_of",
    "record_evaluation",
]


def current_span_of(run_id: UUID) -> Span:
    """The span of an open run, for a user's own callback handler to add to.

    Gives OpenTelemetry's invalid span, on which every call does nothing, where there is no such
    run, or no longer.
    """
    run = RUNS.head(run_id)
    return INVALID_SPAN if run is None else run.span
