"""Records the life of a run: its start, its events, its end. This is the hot path."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from time import perf_counter, time_ns
from typing import Any
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanContext, TracerProvider, get_current_span

from langchain_otel import health, semconv
from langchain_otel.async_exceptions import is_asynchronous
from langchain_otel.config import Config
from langchain_otel.content.encodable import sound_attributes
from langchain_otel.content.redaction import redacted
from langchain_otel.content.values import Facts
from langchain_otel.dialects import dialect_of
from langchain_otel.dialects.dialect import Attributes
from langchain_otel.operations.chain import LEFT_OUT
from langchain_otel.operations.tool import call_id_of
from langchain_otel.recording.channels import Channels, capture_of
from langchain_otel.recording.description import (
    attributes_at_start,
    describe_request,
    end_facts,
    title_of,
)
from langchain_otel.recording.destinations import NOWHERE_ELSE, Destinations
from langchain_otel.recording.exceptions import Exceptions, set_error
from langchain_otel.recording.lazy_attributes import LazyAttributes, records_all
from langchain_otel.recording.lineage import attach_to_parent, is_inside_observed
from langchain_otel.recording.outlets import Outlets
from langchain_otel.recording.own_attributes import OwnAttributes
from langchain_otel.recording.span_events import add_event
from langchain_otel.runs import context
from langchain_otel.runs.attribute_blocks import ATTRIBUTES_KEY, set_own_attributes
from langchain_otel.runs.closing import close, close_again
from langchain_otel.runs.garbage_collector import is_collecting, outside_collection, report, reports
from langchain_otel.runs.identity import set_identity
from langchain_otel.runs.operation import Operation
from langchain_otel.runs.outcome import EVICTED
from langchain_otel.runs.reported import SpanEvent, Started
from langchain_otel.runs.run import Run
from langchain_otel.runs.run_id import key_of
from langchain_otel.runs.store import RUNS, open_under
from langchain_otel.runs.tool_call_links import add_late_links, links_of


class Recorder:
    """Makes spans, metrics and log records of runs, for one set of providers and options.

    Where `base` is given it records some of the runs of a tree in that one's place.
    """

    def __init__(
        self,
        config: Config,
        destinations: Destinations = NOWHERE_ELSE,
        base: Recorder | None = None,
    ) -> None:
        self.config = config
        self.origin: Recorder = self if base is None else base.origin
        self.follows_blocks = base is not None
        self.places: dict[str, object] = {}
        outer = None if base is None else base._outlets
        self._outlets: Outlets = Outlets(config, destinations, outer)
        self._tracer, self._metrics = self._outlets.tracer, self._outlets.metrics
        self._costs, self._log = self._outlets.costs, self._outlets.log
        self._policy = config.policy
        self._dialect = dialect_of(config.dialect, structured=self._policy.structured)
        self._own = OwnAttributes(config)
        self._capture = capture_of(config, self._dialect)
        exceptions = Exceptions(config, self._log, self._dialect)
        self._channels = Channels(self._metrics, self._log, exceptions, self._capture)
        self._leaves_out = LEFT_OUT[config.detail]
        self._title = title_of

    @property
    def tracer_provider(self) -> TracerProvider:
        """Where the spans go."""
        return self._outlets.tracer_provider

    @property
    def completion_hook(self) -> object | None:
        """What is given the content of model calls, as it was loaded."""
        return None if self._capture is None else self._capture.hook

    @property
    def metric_series(self) -> object:
        """Where the metrics go: equal for recorders that would count the same run twice."""
        return self._metrics.series

    @property
    def times_chunks(self) -> bool:
        """Whether a metric takes the times between the chunks of a streamed answer."""
        return self._metrics.instruments() is not None

    def start(
        self,
        handler: object,
        operation: Operation,
        run_id: UUID,
        parent_run_id: UUID | None,
        started: Started,
    ) -> None:
        """Begin the span of a run; a run that already has one here keeps it."""
        run: Run | None = None
        try:
            other = open_under(run_id.int if type(run_id) is UUID else key_of(run_id))
            # The recorder that came before may have made its span current already.
            ambient = context.current() if other is None else other.ambient
            if not context.is_suppressed(ambient) and (
                other is None or not other.is_recorded_by(self, self.tracer_provider)
            ):
                run = Run(run_id, operation, self, handler, ambient, started)
                run.is_measured = other is None or not other.is_counted_in(self.metric_series)
                run.parent_id, run.is_root = parent_run_id, parent_run_id is None
                parent: Run | SpanContext | None = None
                if parent_run_id is not None:
                    parent = RUNS.of_recorder(parent_run_id, self)
                    parent = parent or RUNS.ended_context(parent_run_id, self)
                    if parent is None:
                        health.events[health.ORPHANED] += 1
                self._start(run, parent, started)
        except Exception as error:
            if is_asynchronous(error):
                self._stop(run, error)
            health.failed("start", error)
        except BaseException as error:
            self._stop(run, error)
            raise

    def _stop(self, run: Run | None, error: BaseException) -> None:
        """End a run in whose start an exception came from outside: nobody else knows of it."""
        if run is not None and not run.ended:
            if RUNS.of_recorder(run.id, self) is not run:
                RUNS.add(run)
            self.abandon(run, error)

    def _start(self, run: Run, parent: Run | SpanContext | None, started: Started) -> None:
        hangs_under = context.parent_context(parent, run.ambient)
        if parent is None:
            run.enclosing = context.run_around(hangs_under)
        try:
            attach_to_parent(run, parent, started)
            set_identity(run, started)
            if ATTRIBUTES_KEY in run.ambient or (
                run.enclosing is not None and run.enclosing.own_attributes
            ):
                set_own_attributes(run)
        except Exception as error:
            health.failed("relatives", error)
        if self._leaves_out is not None and self._leaves_out(started, run):
            by_filter = run.is_silent or getattr(run.seen, "is_left_out", False)
            run.leave_out(get_current_span(hangs_under), health.LEFT_OUT[bool(by_filter)])
        else:
            self._start_span(run, started, hangs_under)
        oldest = RUNS.add(run)
        if started.frame is not None:
            started.frame.take(run)
        if oldest is not None:
            oldest.recorder.evict(oldest)
        if self._capture is not None and self._capture.takes(run):
            self._capture.request(run, started)

    def _start_span(self, run: Run, started: Started, hangs_under: Context) -> None:
        operation, agent = run.operation, run.agent
        if self._costs is not None and operation.family == "model":
            run.asked = started
        policy, dialect, own = self._policy, self._dialect, self._own
        is_recorded = run.parent is not None and run.parent.span.is_recording()
        attributes: Attributes | LazyAttributes
        if is_recorded or (run.parent is None and records_all(self._tracer, hangs_under)):
            attributes = attributes_at_start(run, started, policy, dialect, own)
        else:
            make = partial(attributes_at_start, run, started, policy, dialect, own)
            attributes = LazyAttributes(make)
        links: Sequence[Link] = ()
        if operation.family == "tool":
            links = links_of(run, call_id_of(started), get_current_span(hangs_under))
        try:
            title = self._title(run, started)
            run.began = time_ns()
            run.span = self._tracer.start_span(
                title, hangs_under, operation.kind, attributes, links, run.began
            )
        except Exception as error:
            # A sampler of the application, or a processor that sees spans start.
            health.failed("start_span", error)
            run.leave_out(get_current_span(hangs_under), health.LEFT_OUT[-1])
        run.is_observed = (
            run.span.is_recording()
            or (agent is not None and agent.is_observed)
            or self._channels.listen()
            or (self._costs is not None and is_inside_observed(run))
        )
        if run.is_observed and type(attributes) is LazyAttributes and not attributes.is_read:
            describe_request(run, started)

    def late_request(self, run: Run, inputs: Any) -> None:
        """Record what a run was asked, where only its end reports it, as of a streamed chain."""
        try:
            if inputs is not None and self._capture is not None and self._capture.takes(run):
                self._capture.request(run, Started(None, inputs, None, None, owner=run.owner))
        except Exception as error:
            health.failed("request_content", error)

    def event(self, run: Run, event: SpanEvent, reported: Any) -> None:
        """Add an event to the span of a run."""
        try:
            if run.span.is_recording():
                budget = self._dialect.budget_of(run, self._policy)
                add_event(run, self._policy, budget, event, reported)
        except Exception as error:
            health.failed("event", error)

    def redacted(self, facts: Facts) -> Facts:
        """Facts that a user has written, as the option `redact` leaves them."""
        return redacted(facts, self._policy)

    def evaluation(self, span: Span, facts: Facts, run: Run | None = None) -> bool:
        """Record the result of an evaluation; False if nobody takes it."""
        from langchain_otel.recording.evaluations import Evaluations

        return Evaluations(self.config, self._dialect, self._outlets).record(span, facts, run)

    def end(self, run: Run, result: Any = None, error: BaseException | None = None) -> None:
        """End the span of a run, once, with what its result or its error says."""
        if report.start is reports.start and is_collecting():
            outside_collection(self.end, run, result, error)
            return
        is_ours = False
        try:
            is_ours = RUNS.remove(run)
            if is_ours:
                self._record_end(run, result, error)
        except BaseException as failure:
            # An exception from outside may have stopped the removal, or there was no memory.
            is_ours = RUNS.remove(run) or not run.ended
            if not isinstance(failure, Exception):
                raise
            health.failed("end", failure)
        finally:
            if is_ours:
                try:
                    close(run)
                except BaseException:
                    close_again(run)
                    raise

    def _record_end(self, run: Run, result: Any, error: BaseException | None) -> None:
        run.seconds = perf_counter() - run.started_at
        try:
            if error is not None or (run.is_observed and run.operation.request is not None):
                self._describe_end(run, result, error)
                self._channels.report_end(run, result, error)
            if self._capture is not None or self._log.emits_details:
                self._channels.report_content(run, result)
        except Exception as failure:
            health.failed("end", failure)

    def abandon(self, run: Run, error: BaseException) -> None:
        """End a run of which LangChain will report no end, with what came before."""
        partial_result = None
        if run.chunks is not None and run.operation.partial is not None:
            try:
                partial_result = run.operation.partial(run.chunks.items)
            except Exception as failure:
                health.failed("partial", failure)
        self.end(run, partial_result, error)

    def evict(self, run: Run) -> None:
        """End the oldest run to make room."""
        health.events[health.EVICTED] += 1
        health.limited("max_open_runs", "the oldest open run's span was ended")
        if run.has_span:
            run.set_fact(semconv.RUN_OUTCOME, EVICTED)
        self.end(run)

    def _describe_end(self, run: Run, result: Any, error: BaseException | None) -> None:
        """Describe the end on the run's own span: that comes before any other channel."""
        facts = end_facts(run, result, error, self._costs)
        if run.operation.family == "tool" and run.has_span:
            add_late_links(run, facts)
        run.facts.update(facts)
        if facts and run.has_span and run.span.is_recording():
            if semconv.ERROR_TYPE in facts:
                set_error(run, error, self._policy, self._dialect)
            try:
                said = facts if self._dialect.ended is None else self._dialect.ended(facts, run)
                run.span.set_attributes(sound_attributes(said))
            except Exception as failure:
                health.failed("dialect", failure)
