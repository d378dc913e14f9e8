"""Knows the spans of a test and the runs that LangChain itself reported, and compares the two."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from langchain_core.runnables.config import var_child_runnable_config
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from langchain_otel import current_span_of
from langchain_otel.outcome import outcome_of
from langchain_otel.repair import InlineHandler

MARKER = "marker"


class Lives(SpanProcessor):
    """Every start and end of a span, to be counted."""

    def __init__(self) -> None:
        self.started: list[trace.Span] = []
        self.ended: list[int] = []

    def on_start(self, span: trace.Span, parent_context: Context | None = None) -> None:
        self.started.append(span)

    def on_end(self, span: ReadableSpan) -> None:
        self.ended.append(span.get_span_context().span_id)


class Tracing:
    """Providers that keep what they are given, and views of it."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.tracer_provider = TracerProvider(shutdown_on_exit=False)
        self.lives = Lives()
        self.tracer_provider.add_span_processor(self.lives)
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.log_exporter = InMemoryLogRecordExporter()
        self.logger_provider = LoggerProvider(shutdown_on_exit=False)
        self.logger_provider.add_log_record_processor(SimpleLogRecordProcessor(self.log_exporter))
        self.tracer = self.tracer_provider.get_tracer("test")

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        """All finished spans, in the order in which they ended."""
        return self.exporter.get_finished_spans()

    @property
    def logs(self) -> tuple[ReadableLogRecord, ...]:
        """All log records."""
        return self.log_exporter.get_finished_logs()

    def span(self, name: str) -> ReadableSpan:
        """The only span with this name."""
        found = [span for span in self.spans if span.name == name]
        assert len(found) == 1, f"{len(found)} spans {name!r} among {self.names()}"
        return found[0]

    def names(self) -> list[str]:
        """The names of all finished spans."""
        return [span.name for span in self.spans]

    def tree(self) -> str:
        """The span trees as indented text, siblings by start."""
        return "\n".join(_lines(self.spans, None, 0))

    @contextmanager
    def user_span(self, name: str) -> Iterator[trace.Span]:
        """A span that the application makes itself."""
        with self.tracer.start_as_current_span(name) as span:
            yield span

    def mark(self, label: str = MARKER) -> None:
        """Make a span where the test's own code runs: its parent is what is current there."""
        self.tracer.start_span(label).end()


class RunTree(InlineHandler):
    """LangChain's own account: every run with its parent, as any callback handler sees them.

    Inline, as ours is, and repaired as ours is: at its events the span is still to be had.
    """

    def __init__(self) -> None:
        super().__init__()
        self.parents: dict[UUID, UUID | None] = {}
        self.names: dict[UUID, str] = {}
        self.failed: set[UUID] = set()
        self.spans: dict[UUID, trace.Span] = {}
        self.ended: list[UUID] = []
        self.order: list[UUID] = []

    def look(self) -> None:
        """Learn which span belongs to which run, of every run that is open."""
        for run_id in list(self.order):
            if run_id not in self.spans:
                span = current_span_of(run_id)
                if span is not trace.INVALID_SPAN:
                    self.spans[run_id] = span

    def tree(self, names: dict[UUID, str] | None = None) -> str:
        """The runs as indented text, siblings by start, each by its name here or in `names`."""
        return "\n".join(self._lines(self.names if names is None else names, None, 0))

    def _lines(self, names: dict[UUID, str], parent: UUID | None, depth: int) -> Iterator[str]:
        for run_id in self.order:
            known = self.parents[run_id] if self.parents[run_id] in self.parents else None
            if known == parent:
                yield "  " * depth + names[run_id]
                yield from self._lines(names, run_id, depth + 1)

    def _started(
        self,
        serialized: Any,
        *_: Any,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        name: str | None = None,
        **__: Any,
    ) -> None:
        assert run_id not in self.parents
        # `RunnableWithFallbacks.invoke` names no parent to what it runs: the ambient run is it.
        self.parents[run_id] = parent_run_id or running_id()
        self.names[run_id] = name or (serialized or {}).get("name") or "unnamed"
        self.order.append(run_id)
        self.look()

    def _ended(self, output: Any, *_: Any, run_id: UUID, **__: Any) -> None:
        self.look()
        self.ended.append(run_id)
        if getattr(output, "status", None) == "error":
            self.failed.add(run_id)

    def _failed(self, error: BaseException, *_: Any, run_id: UUID, **__: Any) -> None:
        # The error itself is not kept: its frames hold generators that are to be freed.
        if outcome_of(error) is None:
            self.failed.add(run_id)
        self._ended(None, run_id=run_id)

    def on_llm_new_token(self, *_: Any, **__: Any) -> None:
        self.look()

    on_chain_start = on_chat_model_start = on_llm_start = _started
    on_tool_start = on_retriever_start = _started
    on_chain_end = on_llm_end = on_tool_end = on_retriever_end = _ended
    on_chain_error = on_llm_error = on_tool_error = on_retriever_error = _failed


def running_id() -> UUID | None:
    """The id of the run whose body runs here, as LangChain's own ambient configuration knows it."""
    config = var_child_runnable_config.get() or {}
    run_id: UUID | None = getattr(config.get("callbacks"), "parent_run_id", None)
    return run_id


def _lines(spans: Iterable[ReadableSpan], parent: int | None, depth: int) -> Iterator[str]:
    children = [span for span in spans if _parent_id(span, spans) == parent]
    for span in sorted(children, key=lambda span: span.start_time or 0):
        yield "  " * depth + span.name
        yield from _lines(spans, span.get_span_context().span_id, depth + 1)


def _parent_id(span: ReadableSpan, spans: Iterable[ReadableSpan]) -> int | None:
    known = {other.get_span_context().span_id for other in spans}
    return span.parent.span_id if span.parent is not None and span.parent.span_id in known else None
