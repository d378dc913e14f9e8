"""Knows the life of a run: its start, its chunks and events, its end. This is the hot path."""

from collections.abc import Callable
from time import perf_counter
from typing import Any, Final
from uuid import UUID

from opentelemetry import trace
from opentelemetry._logs import LoggerProvider, get_logger
from opentelemetry.trace import SpanContext, Status, StatusCode, TracerProvider

from langchain_otel import context, health, semconv
from langchain_otel.config import Config
from langchain_otel.dialects.genai import attributes
from langchain_otel.events import SpanEvent, add_event, message_of, report_exception
from langchain_otel.operations import Facts, Operation, Started
from langchain_otel.operations.annotations import annotations
from langchain_otel.operations.chain import AGENT, agent_name
from langchain_otel.outcome import EVICTED, error_type, outcome_of
from langchain_otel.run import RUNS, Run
from langchain_otel.version import __version__

SCOPE: Final = "langchain_otel"
MAX_CHUNKS: Final = 10_000


class Recorder:
    """Makes spans of runs for one set of providers."""

    def __init__(
        self,
        config: Config,
        tracer_provider: TracerProvider | None = None,
        logger_provider: LoggerProvider | None = None,
    ) -> None:
        self._tracer_provider = tracer_provider
        self._tracer = trace.get_tracer(
            SCOPE, __version__, tracer_provider, schema_url=semconv.SCHEMA_URL
        )
        self._logger = get_logger(
            SCOPE, __version__, logger_provider, schema_url=semconv.SCHEMA_URL
        )
        self._policy = config.policy

    @property
    def tracer_provider(self) -> TracerProvider:
        """Where the spans go."""
        return self._tracer_provider or trace.get_tracer_provider()

    def start(
        self,
        handler: object,
        operation: Operation,
        run_id: UUID,
        parent_run_id: UUID | None,
        started: Started,
    ) -> None:
        """Begin the span of a run; a run that already has one here keeps it."""
        try:
            ambient = context.current()
            if not context.is_suppressed(ambient) and not self._records(run_id):
                self._start(handler, operation, run_id, parent_run_id, started)
        except Exception as error:
            health.failed("start", error)

    def _start(
        self,
        handler: object,
        operation: Operation,
        run_id: UUID,
        parent_run_id: UUID | None,
        started: Started,
    ) -> None:
        ambient = context.current()
        parent = None if parent_run_id is None else self._parent(parent_run_id)
        parent_run = parent if isinstance(parent, Run) else None
        facts = _described(operation.request, started, parent_run)
        own = _described(annotations, started, parent_run, run_id if parent is None else None)
        span = self._tracer.start_span(
            operation.title(started, facts),
            context.parent_context(parent, ambient),
            operation.kind,
            attributes(facts | own),
        )
        run = Run(run_id.int, operation, facts, span, self, handler, parent_run, ambient)
        run.owner, run.tags, run.metadata = started.owner, started.tags, started.metadata
        if operation is AGENT:
            run.agent_name = agent_name(started)
        oldest = RUNS.add(run)
        frame = context.frame_of(operation.family)
        if frame is not None:
            context.started_in(frame, run, ambient)
        if self._policy.on_spans and span.is_recording():
            span.set_attributes(attributes(_described(operation.request_content, started)))
        if oldest is not None:
            oldest.recorder.evict(oldest)

    def chunk(self, run: Run, chunk: Any) -> None:
        """Note a chunk of a streamed answer."""
        if run.first_chunk_at is None:
            run.first_chunk_at = perf_counter()
        if chunk is not None and len(run.chunks) < MAX_CHUNKS:
            run.chunks.append(chunk)

    def event(self, run: Run, event: SpanEvent, reported: Any) -> None:
        """Add an event to the span of a run."""
        try:
            if run.span.is_recording():
                add_event(run, self._policy, event, reported)
        except Exception as error:
            health.failed("event", error)

    def end(self, run: Run, result: Any = None, error: BaseException | None = None) -> None:
        """End the span of a run, once, with what its result or its error says."""
        if not RUNS.remove(run):
            return
        try:
            self._describe_end(run, result, error)
        except Exception as failure:
            health.failed("end", failure)
        finally:
            run.ended = True
            run.chunks = []
            _end_span(run)

    def abandon(self, run: Run, error: BaseException) -> None:
        """End a run of which LangChain will report no end, with what came before."""
        self.end(run, _described_or_none(run.operation.partial, run.chunks), error)

    def evict(self, run: Run) -> None:
        """End the oldest run to make room."""
        health.limited("max_open_runs", "the oldest open run's span was ended")
        run.span.set_attribute(semconv.RUN_OUTCOME, EVICTED)
        self.end(run)

    def _describe_end(self, run: Run, result: Any, error: BaseException | None) -> None:
        facts = _described(run.operation.response, result, run)
        failure = run.operation.failure(result)
        if error is not None:
            outcome = outcome_of(error)
            if outcome is None:
                failure = error_type(error)
                report_exception(self._logger, self._policy, run, error)
            else:
                facts[semconv.RUN_OUTCOME] = outcome
        if failure is not None:
            facts[semconv.ERROR_TYPE] = failure
        if not run.span.is_recording():
            return
        if result is not None and self._policy.on_spans:
            facts |= _described(run.operation.response_content, result)
        if facts:
            run.span.set_attributes(attributes(facts))
        if failure is not None:
            self._set_error(run, error)

    def _set_error(self, run: Run, error: BaseException | None) -> None:
        status = getattr(run.span, "status", None)
        if status is not None and status.status_code is not StatusCode.UNSET:
            return
        text = message_of(error) if error is not None and self._policy.on_spans else None
        run.span.set_status(Status(StatusCode.ERROR, text))

    def _records(self, run_id: UUID) -> bool:
        head = RUNS.head(run_id)
        provider = self.tracer_provider
        return head is not None and any(
            run.recorder is self or run.recorder.tracer_provider is provider for run in head.twins()
        )

    def _parent(self, run_id: UUID) -> Run | SpanContext | None:
        return RUNS.of_recorder(run_id, self) or RUNS.ended(run_id)


def _described(function: Callable[..., Facts], *args: Any) -> Facts:
    try:
        return function(*args)
    except Exception as error:
        health.failed(function.__name__, error)
        return {}


def _described_or_none(function: Callable[..., Any], *args: Any) -> Any:
    try:
        return function(*args)
    except Exception as error:
        health.failed(function.__name__, error)
        return None


def _end_span(run: Run) -> None:
    try:
        run.span.end()
    except Exception as error:
        health.failed("span.end", error)
