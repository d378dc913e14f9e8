"""Answers a test's questions about what ran: what, in which order, how often, at which cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_otel.exporters.span_facts import nanoseconds_of
from langchain_otel.testing import limits as names
from langchain_otel.testing.called import called
from langchain_otel.testing.capture import Capture
from langchain_otel.testing.checks import Check, counted
from langchain_otel.testing.forest import Forest
from langchain_otel.testing.measured import Metric, Tokens, metrics_in
from langchain_otel.testing.snapshots import Entry, tree_of
from langchain_otel.testing.span_lines import Shown
from langchain_otel.testing.span_view import SpanView
from langchain_otel.viewing.reading import AGENT, EMBEDDINGS, MODEL, RETRIEVAL, TOOL, WORKFLOW

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.sdk._logs import ReadableLogRecord
    from opentelemetry.trace import TracerProvider


class Trace:
    """What ran in a test so far, from the first question to the last; `traces()` divides it.

    Lists are in the order of the tree. Where a span is named, its name counts (`chat gpt-5-mini`),
    its operation (`chat`), and what follows that (`gpt-5-mini`; the name of a tool or an agent).
    """

    def __init__(self, capture: Capture, trace_id: int | None = None) -> None:
        self._capture = capture
        self._trace_id = trace_id

    def __repr__(self) -> str:
        return f"<Trace of {counted(len(self._capture.spans_of(self._trace_id)), 'span')}>"

    def __str__(self) -> str:
        return self.tree()

    def _forest(self) -> Forest:
        return Forest(self._capture.spans_of(self._trace_id), self._capture.home)

    def tree(
        self,
        *,
        tokens: bool = False,
        cost: bool = False,
        times: bool = False,
        ids: bool = False,
    ) -> str:
        """The spans as indented text, the same in every run unless times or ids are asked for."""
        return self._forest().text(Shown(tokens, cost, times, ids))

    def snapshot(self, *attributes: str) -> list[Entry]:
        """The spans as plain data without ids and times; with these attributes of theirs, too."""
        return tree_of(self._forest().roots(), attributes)

    def traces(self) -> list[Trace]:
        """Each trace alone, in the order of the tree. Metrics are always those of the whole."""
        roots = self._forest().roots()
        ids = dict.fromkeys(root.span.context.trace_id for root in roots)
        return [Trace(self._capture, trace_id) for trace_id in ids]

    # Spans

    def spans(self, what: str | None = None) -> list[SpanView]:
        """All spans, or those that are called so."""
        return [view for view in self._forest().all() if what is None or view.matches(what)]

    def first(self, what: str) -> SpanView:
        """The first span that is called so.

        Raises:
            LookupError: There is none; the message has the tree.
        """
        __tracebackhide__ = True
        return self._found(what)[0]

    def last(self, what: str) -> SpanView:
        """The last span that is called so.

        Raises:
            LookupError: There is none; the message has the tree.
        """
        __tracebackhide__ = True
        return self._found(what)[-1]

    def agents(self) -> list[SpanView]:
        """The agents that were invoked."""
        return self._of_kind(AGENT)

    def workflows(self) -> list[SpanView]:
        """The graphs and chains that were invoked and are no agents."""
        return [view for view in self._of_kind(WORKFLOW) if view.operation]

    def models(self) -> list[SpanView]:
        """The model calls."""
        return self._of_kind(MODEL)

    def tools(self) -> list[SpanView]:
        """The tool calls."""
        return self._of_kind(TOOL)

    def retrievers(self) -> list[SpanView]:
        """The searches."""
        return self._of_kind(RETRIEVAL)

    def embeddings(self) -> list[SpanView]:
        """The calls of embedding models."""
        return self._of_kind(EMBEDDINGS)

    def errors(self) -> list[SpanView]:
        """The spans in which a failure began, not those that passed it on."""
        forest = self._forest()
        return [view for view in forest.all() if forest.is_origin(view)]

    def open(self) -> list[SpanView]:
        """The spans that have not ended: a stream that was left, a task that still runs."""
        return [view for view in self.spans() if view.is_open]

    def _of_kind(self, kind: str) -> list[SpanView]:
        return [view for view in self.spans() if view.kind == kind]

    def _found(self, what: str) -> list[SpanView]:
        __tracebackhide__ = True
        found = self.spans(what)
        if not found:
            raise LookupError(f"no span {what!r} in the trace:\n{self.tree() or '(no spans)'}")
        return found

    # Calls of tools

    def calls(self, name: str) -> list[SpanView]:
        """The calls of a tool."""
        return [tool for tool in self.tools() if tool.tool == name]

    def called(self, name: str, /, **arguments: Any) -> Check:
        """Whether a tool was called with these arguments, and perhaps others.

        Each value is compared with `==` and may be a matcher, such as `unittest.mock.ANY`.
        """
        return called(self.tools(), name, arguments)

    # What it took

    def calls_of_models(self) -> list[SpanView]:
        """The model calls; of a model that wraps another one, the inner call."""
        return [
            view
            for view in self.models()
            if not any(inner.kind == MODEL for inner in view.descendants())
        ]

    def tokens(self) -> Tokens:
        """The tokens of all model calls together."""
        return Tokens.sum(view.tokens for view in self.calls_of_models())

    def cost(self) -> float | None:
        """What all calls cost, in US dollars; None where no price is known."""
        costs = [view.cost for view in self._paid() if view.cost is not None]
        return sum(costs) if costs else None

    def unpriced(self) -> list[SpanView]:
        """The calls whose cost is not known, or not all of it."""
        return [view for view in self._paid() if not view.is_priced]

    def _paid(self) -> list[SpanView]:
        return [*self.calls_of_models(), *self.embeddings()]

    @property
    def seconds(self) -> float:
        """From the start of the first span to the end of the last."""
        spans = [each.span for each in self._capture.spans_of(self._trace_id)]
        return nanoseconds_of(*spans) / 1e9 if spans else 0.0

    def within(self, **limits: float) -> Check:
        """Whether it kept within limits: `tokens`, `calls`, `cost`, `seconds` and others.

        Raises:
            TypeError: There is no such limit; the message has all.
        """
        __tracebackhide__ = True
        return names.within(self._taken(), self.unpriced(), limits)

    def _taken(self) -> dict[str, float]:
        tokens = self.tokens()
        return {
            names.TOKENS: tokens.total,
            names.INPUT_TOKENS: tokens.input,
            names.OUTPUT_TOKENS: tokens.output,
            names.CALLS: len(self.calls_of_models()),
            names.TOOL_CALLS: len(self.tools()),
            names.ERRORS: len(self.errors()),
            names.COST: self.cost() or 0.0,
            names.SECONDS: self.seconds,
        }

    # The other signals

    def metrics(self) -> dict[str, Metric]:
        """The metrics of the whole test so far, by name."""
        return metrics_in(self._capture.metric_reader.get_metrics_data())

    @property
    def logs(self) -> tuple[ReadableLogRecord, ...]:
        """The log records."""
        return tuple(
            each
            for each in self._capture.log_exporter.get_finished_logs()
            if self._trace_id in {None, each.log_record.trace_id}
        )

    # For other instrumentations

    @property
    def tracer_provider(self) -> TracerProvider:
        """Where the spans go: for an instrumentation whose spans are to be in the trace."""
        return self._capture.tracer_provider

    @property
    def meter_provider(self) -> MeterProvider:
        """Where the metrics go."""
        return self._capture.meter_provider

    @property
    def logger_provider(self) -> LoggerProvider:
        """Where the log records go."""
        return self._capture.logger_provider
