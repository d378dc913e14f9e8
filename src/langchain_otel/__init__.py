"""OpenTelemetry for LangChain and LangGraph: whole traces, the right current span, private.

Three ways in: `opentelemetry-instrument python app.py` with no code changed,
`LangChainInstrumentor().instrument()`, or `OpenTelemetryCallbackHandler()` among the callbacks.
"""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from opentelemetry.trace import INVALID_SPAN, Span

from langchain_otel.handler import OpenTelemetryCallbackHandler
from langchain_otel.recording.evaluation import record_evaluation
from langchain_otel.runs.store import RUNS
from langchain_otel.sources.conversation import conversation
from langchain_otel.version import __version__

if TYPE_CHECKING:
    from langchain_otel.instrumentor import LangChainInstrumentor

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


if not TYPE_CHECKING:  # A checker that sees it takes any name for one of ours.

    def __getattr__(name: str) -> Any:
        """Import the instrumentor when it is asked for: its base class takes long to import."""
        if name != "LangChainInstrumentor":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from langchain_otel.instrumentor import LangChainInstrumentor

        return LangChainInstrumentor

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
