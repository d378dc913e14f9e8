"""Knows the spans of a test and the runs that LangChain itself reported, and compares the two."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

from langchain_core.runnables.config import var_child_runnable_config
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from langchain_otel import LangChainInstrumentor, current_span_of
from langchain_otel.patching.inline import InlineHandler
from langchain_otel.runs.outcome import outcome_of
from langchain_otel.runs.store import RUNS

MARKER = "marker"
# Its detectors run in threads of their own: once is enough.
RESOURCE = Resource.create()


def id_of(span: trace.Span | ReadableSpan) -> int:
    """The id by which children name the span."""
    context = span.get_span_context()
    assert context is not None
    return context.span_id


class Lives(SpanProcessor):
    """Every start and end of a span, to be counted."""

    def __init__(self) -> None:
        self.started: list[trace.Span] = []
        self.ended: list[int] = []

    def on_start(self, span: trace.Span, parent_context: Context | None = None) -> None:
        self.started.append(span)

    def on_end(self, span: ReadableSpan) -> None:
        self.ended.append(id_of(span))


class Tracing:
    """Providers that keep what they are given, and views of it."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.tracer_provider = TracerProvider(resource=RESOURCE, shutdown_on_exit=False)
        self.lives = Lives()
        self.tracer_provider.add_span_processor(self.lives)
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.log_exporter = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
        self.logger_provider = LoggerProvider(resource=RESOURCE, shutdown_on_exit=False)
        self.logger_provider.add_log_record_processor(SimpleLogRecordProcessor(self.log_exporter))
        self.metric_reader = InMemoryMetricReader()
        self.meter_provider = MeterProvider(
            [self.metric_reader], resource=RESOURCE, shutdown_on_exit=False
        )
        self.tracer = self.tracer_provider.get_tracer("test")

    def on(self) -> None:
        """Instrument LangChain with these providers."""
        LangChainInstrumentor().instrument(
            tracer_provider=self.tracer_provider, logger_provider=self.logger_provider
        )

    @contextmanager
    def off(self) -> Iterator[None]:
        """LangChain as it is without us, for a while."""
        LangChainInstrumentor().uninstrument()
        yield
        self.on()

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        """All finished spans, in the order in which they ended."""
        return self.exporter.get_finished_spans()

    @property
    def logs(self) -> tuple[ReadableLogRecord, ...]:
        """All log records."""
        return self.log_exporter.get_finished_logs()

    def metrics(self) -> dict[str, "Measured"]:
        """The metrics of now, by name; those without a point are left out."""
        data = self.metric_reader.get_metrics_data()
        scopes = [] if data is None else data.resource_metrics[0].scope_metrics
        found = {
            m.name: Measured(m.unit, list(m.data.data_points)) for s in scopes for m in s.metrics
        }
        return {name: measured for name, measured in found.items() if measured.points}

    def points(self, name: str) -> list[Any]:
        """The data points of one metric."""
        return self.metrics()[name].points

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


@contextmanager
def instrumented(tracing: "Tracing", **options: Any) -> Iterator[None]:
    """LangChain traced with these providers, for as long as the `with` block lasts."""
    LangChainInstrumentor().instrument(
        tracer_provider=tracing.tracer_provider,
        meter_provider=tracing.meter_provider,
        logger_provider=tracing.logger_provider,
        **options,
    )
    try:
        yield
    finally:
        LangChainInstrumentor().uninstrument()


class Measured(NamedTuple):
    """A metric as its reader sees it."""

    unit: str | None
    points: list[Any]

    @property
    def boundaries(self) -> list[float] | None:
        """The bucket boundaries of a histogram."""
        bounds = getattr(self.points[0], "explicit_bounds", None)
        return None if bounds is None else list(bounds)


class RunTree(InlineHandler):
    """LangChain's own account: every run with its parent, as any callback handler sees them.

    `ambient` has the run in whose body each was started. It is inline, and counts
    among ours, so that a completion model's start is told to the others.
    """

    def __init__(self) -> None:
        super().__init__()
        self.parents: dict[UUID, UUID | None] = {}
        self.ambient: dict[UUID, UUID | None] = {}
        self.names: dict[UUID, str] = {}
        self.failed: set[UUID] = set()
        self.ended: list[UUID] = []
        self.order: list[UUID] = []

    def tree(self) -> str:
        """The runs as indented text, siblings by start, each by its name."""
        return "\n".join(self._lines(None, 0))

    def _lines(self, parent: UUID | None, depth: int) -> Iterator[str]:
        for run_id in self.order:
            known = self.parents[run_id] if self.parents[run_id] in self.parents else None
            if known == parent:
                yield "  " * depth + self.names[run_id]
                yield from self._lines(run_id, depth + 1)

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
        self.parents[run_id] = parent_run_id
        self.ambient[run_id] = running_id()
        self.names[run_id] = name or (serialized or {}).get("name") or "unnamed"
        self.order.append(run_id)

    def _ended(self, output: Any, *_: Any, run_id: UUID, **__: Any) -> None:
        self.ended.append(run_id)
        if getattr(output, "status", None) == "error":
            self.failed.add(run_id)

    def _failed(self, error: BaseException, *_: Any, run_id: UUID, **__: Any) -> None:
        # The error itself is not kept: its frames hold generators that are to be freed.
        self.ended.append(run_id)
        if outcome_of(error) is None:
            self.failed.add(run_id)

    on_chain_start = on_chat_model_start = on_llm_start = _started
    on_tool_start = on_retriever_start = _started
    on_chain_end = on_llm_end = on_tool_end = on_retriever_end = _ended  # type: ignore[assignment]
    on_chain_error = on_llm_error = on_tool_error = on_retriever_error = _failed


class Pairs(InlineHandler):
    """Which span belongs to which run: known at the run's start if ours comes before, else later.

    LangChain keeps no order of handlers where it merges callback managers, and it may report
    nothing of a run that is cancelled before its body begins: the last look is at the check.
    """

    def __init__(self) -> None:
        super().__init__()
        self.spans: dict[UUID, trace.Span] = {}

    def _started(self, *_: Any, run_id: UUID, **__: Any) -> None:
        self.spans[run_id] = trace.INVALID_SPAN
        self.look()

    def look(self, *_: Any, **__: Any) -> None:
        # A copy is made at once; a list of the items lets other threads in.
        for run_id, span in self.spans.copy().items():
            if span is trace.INVALID_SPAN:
                self.spans[run_id] = _span_of(run_id)

    on_chain_start = on_chat_model_start = on_llm_start = _started
    on_tool_start = on_retriever_start = _started
    on_llm_new_token = look
    on_chain_end = on_llm_end = on_tool_end = on_retriever_end = look
    on_chain_error = on_llm_error = on_tool_error = on_retriever_error = look


def _span_of(run_id: UUID) -> trace.Span:
    ended = RUNS.ended(run_id)
    return current_span_of(run_id) if ended is None else trace.NonRecordingSpan(ended.span_context)


def running_id() -> UUID | None:
    """The id of the run whose body runs here, as LangChain's own ambient configuration knows it."""
    config = var_child_runnable_config.get() or {}
    run_id: UUID | None = getattr(config.get("callbacks"), "parent_run_id", None)
    return run_id


def _lines(spans: Iterable[ReadableSpan], parent: int | None, depth: int) -> Iterator[str]:
    children = [span for span in spans if _parent_id(span, spans) == parent]
    for span in sorted(children, key=lambda span: span.start_time or 0):
        yield "  " * depth + span.name
        yield from _lines(spans, id_of(span), depth + 1)


def _parent_id(span: ReadableSpan, spans: Iterable[ReadableSpan]) -> int | None:
    known = {id_of(other) for other in spans}
    return span.parent.span_id if span.parent is not None and span.parent.span_id in known else None
