"""Records the life of a run: its start, its events, its end. This is the hot path."""

from collections.abc import Sequence
from functools import partial
from time import perf_counter
from typing import Any
from uuid import UUID

from opentelemetry import trace
from opentelemetry._logs import LoggerProvider
from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import Link, Span, SpanContext, Status, StatusCode, TracerProvider

from langchain_otel import health, semconv
from langchain_otel.config import Config
from langchain_otel.content.filter import permitted_text
from langchain_otel.content.values import Facts
from langchain_otel.dialects import dialect_of
from langchain_otel.dialects.dialect import Attributes
from langchain_otel.operations.annotations import annotations
from langchain_otel.operations.chain import LEFT_OUT
from langchain_otel.operations.root_chain import root_operation
from langchain_otel.operations.tool import call_id_of
from langchain_otel.recording.capture import Capture
from langchain_otel.recording.description import describe_request, response_facts, title_of
from langchain_otel.recording.lazy_attributes import LazyAttributes
from langchain_otel.recording.lineage import (
    add_to_totals,
    attach_to_parent,
    totals_of,
)
from langchain_otel.recording.log_records import LogRecords, message_of
from langchain_otel.recording.metrics import Metrics
from langchain_otel.recording.model_calls import WHOLE, share_of
from langchain_otel.recording.span_events import add_event
from langchain_otel.runs import context, garbage_collector
from langchain_otel.runs.attempts import failed_attempt
from langchain_otel.runs.frame import frame_of, started_in
from langchain_otel.runs.garbage_collector import outside_collection
from langchain_otel.runs.identity import set_identity
from langchain_otel.runs.outcome import EVICTED, error_type, outcome_of
from langchain_otel.runs.run import Operation, Run, SpanEvent, Started
from langchain_otel.runs.store import RUNS
from langchain_otel.runs.tool_call_links import add_late_links, links_of, note_tool_calls
from langchain_otel.version import SCOPE, __version__


class Recorder:
    """Makes spans, metrics and log records of runs, for one set of providers."""

    def __init__(
        self,
        config: Config,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        logger_provider: LoggerProvider | None = None,
    ) -> None:
        self._tracer_provider = tracer_provider
        self._tracer = trace.get_tracer(
            SCOPE, __version__, tracer_provider, schema_url=semconv.SCHEMA_URL
        )
        self._metrics = Metrics(config.metrics, meter_provider)
        self._policy = config.policy
        self._dialect = dialect_of(config.dialect, structured=self._policy.structured)
        self._log = LogRecords(config, logger_provider, on_spans=self._dialect.has_exceptions)
        self._capture = Capture(config, self._policy, self._dialect)
        self._leaves_out = LEFT_OUT[config.detail]

    @property
    def tracer_provider(self) -> TracerProvider:
        """Where the spans go."""
        return self._tracer_provider or trace.get_tracer_provider()

    @property
    def metric_series(self) -> object:
        """Where the metrics go: equal for recorders that would count the same run twice."""
        return self._metrics.series

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
            other = RUNS.head(run_id)
            # The recorder that came before may have made its span current already.
            ambient = context.current() if other is None else other.ambient
            if not context.is_suppressed(ambient) and (other is None or not self._records(other)):
                run = Run(run_id, operation, self, handler, ambient, started)
                run.is_measured = other is None or not self._measures(other)
                parent: Run | SpanContext | None = None
                run.is_root = parent_run_id is None
                if parent_run_id is not None:
                    parent = RUNS.of_recorder(parent_run_id, self) or _ended(parent_run_id)
                self._start(run, parent, started)
        except Exception as error:
            health.failed("start", error)

    def _start(self, run: Run, parent: Run | SpanContext | None, started: Started) -> None:
        hangs_under = context.parent_context(parent, run.ambient)
        if parent is None:
            run.enclosing = around = context.run_around(hangs_under)
            run.is_root = run.is_root and (around is None or not self._has(around))
        if run.is_root:
            run.operation = root_operation(run.operation, started)
        try:
            attach_to_parent(run, parent, started)
            set_identity(run, started.metadata)
        except Exception as error:
            health.failed("relatives", error)
        if self._leaves_out is not None and self._leaves_out(started, run):
            run.leave_out(trace.get_current_span(hangs_under))
        else:
            self._start_span(run, started, hangs_under)
        oldest = RUNS.add(run)
        frame = None if run.owner is None else frame_of(run.operation.family, run.id)
        if frame is not None:
            started_in(frame, run)
        if self._capture.is_wanted and run.has_span:
            self._capture.request(run, started)
        if oldest is not None:
            oldest.recorder.evict(oldest)

    def _start_span(self, run: Run, started: Started, hangs_under: Context) -> None:
        operation, agent = run.operation, run.agent
        attributes: Attributes | LazyAttributes
        if run.parent is not None and run.parent.span.is_recording():
            attributes = self._attributes(run, started)
        else:
            attributes = LazyAttributes(partial(self._attributes, run, started))
        links: Sequence[Link] = ()
        if operation.family == "tool":
            links = links_of(run, call_id_of(started), trace.get_current_span(hangs_under))
        run.span = self._tracer.start_span(
            title_of(run, started), hangs_under, operation.kind, attributes, links
        )
        run.is_observed = (
            run.span.is_recording() or (agent is not None and agent.is_observed) or self._listens()
        )
        if run.is_observed and type(attributes) is LazyAttributes and not attributes.is_read:
            describe_request(run, started)

    def _attributes(self, run: Run, started: Started) -> Attributes:
        describe_request(run, started)
        try:
            said = annotations(started, run)
        except Exception as error:
            health.failed("annotations", error)
            said = {}
        facts = {**run.facts, **said} if run.facts else said
        try:
            dialect = self._dialect.started
            return facts if dialect is None else dialect(facts, run, started)
        except Exception as error:
            health.failed("dialect", error)
            return {}

    def _listens(self) -> bool:
        return self._metrics.instruments() is not None or self._log.emits_details

    def late_request(self, run: Run, inputs: Any) -> None:
        """Record what a run was asked, where only its end reports it, as of a streamed chain."""
        try:
            if inputs is not None and run.has_span and self._capture.is_wanted:
                started = Started(None, inputs, None, None, owner=run.owner)
                self._capture.request(run, started)
        except Exception as error:
            health.failed("request_content", error)

    def event(self, run: Run, event: SpanEvent, reported: Any) -> None:
        """Add an event to the span of a run."""
        try:
            if run.span.is_recording():
                add_event(run, self._policy, event, reported)
        except Exception as error:
            health.failed("event", error)

    def evaluation(self, span: Span, attributes: dict[str, Any]) -> None:
        """Record the result of an evaluation of what `span` did."""
        self._log.evaluation(span, attributes)

    def end(self, run: Run, result: Any = None, error: BaseException | None = None) -> None:
        """End the span of a run, once, with what its result or its error says."""
        if garbage_collector.threads:
            outside_collection(self._end, run, result, error)
        else:
            self._end(run, result, error)

    def _end(self, run: Run, result: Any, error: BaseException | None) -> None:
        if not RUNS.remove(run):
            return
        run.seconds = perf_counter() - run.started_at
        try:
            if error is not None or (run.is_observed and run.operation.request is not None):
                self._describe_end(run, result, error)
            if self._capture.is_wanted and run.has_span:
                self._capture.response(run, result)
            if run.operation.family == "model":
                self._log.details(run, self._capture.on_event(run))
        except Exception as failure:
            health.failed("end", failure)
        finally:
            RUNS.close(run)

    def abandon(self, run: Run, error: BaseException) -> None:
        """End a run of which LangChain will report no end, with what came before."""
        partial_result = None
        if run.chunks is not None and run.operation.partial is not None:
            try:
                partial_result = run.operation.partial(run.chunks)
            except Exception as failure:
                health.failed("partial", failure)
        self.end(run, partial_result, error)

    def evict(self, run: Run) -> None:
        """End the oldest run to make room."""
        health.limited("max_open_runs", "the oldest open run's span was ended")
        if run.has_span:
            run.span.set_attribute(semconv.RUN_OUTCOME, EVICTED)
        self.end(run)

    def _describe_end(self, run: Run, result: Any, error: BaseException | None) -> None:
        facts = response_facts(run, result)
        if error is not None:
            facts = run.operation.unfinished | facts | self._failure(run, error)
        if run.totals is not None:
            facts.update(totals_of(run.totals))
        if run.operation.family == "tool":
            add_late_links(run, facts)
        run.facts.update(facts)
        self._settle(run, result)
        if facts and run.has_span and run.span.is_recording():
            dialect = self._dialect.ended
            run.span.set_attributes(facts if dialect is None else dialect(facts, run))
            if semconv.ERROR_TYPE in facts:
                self._set_error(run, error)

    def _settle(self, run: Run, result: Any) -> None:
        """Pass a run that has ended on to metrics, to its agent and to the tools it calls."""
        share = WHOLE
        if run.model is not None or run.has_inner_call or run.has_inner_tokens:
            share = share_of(run)
        self._metrics.record(run, tokens=share.tokens)
        if run.agent is not None:
            add_to_totals(run, run.agent, share)
        if run.operation.family == "model" and result is not None:
            note_tool_calls(run, result)

    def _set_error(self, run: Run, error: BaseException | None) -> None:
        status = getattr(run.span, "status", None)
        if status is not None and status.status_code is not StatusCode.UNSET:
            return
        text = None
        if error is not None and self._policy.on_spans:
            text = permitted_text(
                message_of(error), semconv.EXCEPTION_MESSAGE, self._policy, run.budget
            )
        run.span.set_status(Status(StatusCode.ERROR, text))

    def _failure(self, run: Run, error: BaseException) -> Facts:
        outcome = outcome_of(error)
        if outcome is not None:
            return {semconv.RUN_OUTCOME: outcome}
        self._log.exception(run, error)
        return {semconv.ERROR_TYPE: error_type(error)} | failed_attempt(run)

    def _has(self, other: Run) -> bool:
        return RUNS.of_recorder(other.id, self) is not None

    def _measures(self, other: Run) -> bool:
        series = self.metric_series
        return any(run.recorder.metric_series == series for run in other.recordings())

    def _records(self, other: Run) -> bool:
        provider = self.tracer_provider
        return any(
            run.recorder is self or run.recorder.tracer_provider is provider
            for run in other.recordings()
        )


def _ended(run_id: UUID) -> SpanContext | None:
    ended = RUNS.ended(run_id)
    return None if ended is None else ended.span_context
