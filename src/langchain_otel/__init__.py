"""OpenTelemetry for LangChain and LangGraph: whole traces, the right current span, private.

`langchain_otel.configure()` is all that a program needs. `opentelemetry-instrument python app.py`
needs no line of it. Where OpenTelemetry is set up by other means,
`LangChainInstrumentor().instrument()` traces the whole process, and
`OpenTelemetryCallbackHandler()` among the callbacks one request.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from opentelemetry.trace import INVALID_SPAN, Span

from langchain_otel.handler import OpenTelemetryCallbackHandler
from langchain_otel.recording.evaluation import record_evaluation
from langchain_otel.runs.store import RUNS
from langchain_otel.sources.conversation import conversation
from langchain_otel.version import __version__

if TYPE_CHECKING:
    from langchain_otel.instrumentor import LangChainInstrumentor
    from langchain_otel.startup.configure import configure

__all__ = [
    "LangChainInstrumentor",
    "OpenTelemetryCallbackHandler",
    "__version__",
    "configure",
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


# What takes long to import, and most processes need one of.
_LATER: Final = {
    "LangChainInstrumentor": "langchain_otel.instrumentor",
    "configure": "langchain_otel.startup.configure",
}


if not TYPE_CHECKING:  # A checker that sees it takes any name for one of ours.

    def __getattr__(name: str) -> Any:
        """Import what takes long when it is asked for."""
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_LATER[name]), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
