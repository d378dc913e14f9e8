"""Holds one run of LangChain: what it started with, which operation it is, what is known of it."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter
from typing import Any, Final, Protocol
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Span, TracerProvider

from langchain_otel import health, semconv
from langchain_otel.content.encodable import sound_attributes
from langchain_otel.content.policy import Budget
from langchain_otel.content.values import EMPTY, Facts
from langchain_otel.runs.chunks import Chunks
from langchain_otel.runs.operation import Operation
from langchain_otel.runs.reported import SpanEvent, Started
from langchain_otel.runs.run_id import key_of
from langchain_otel.runs.totals import Spent, Totals

ErrorIdentity = tuple[int, tuple[int, int] | None]

MAX_INNER_RESULTS: Final = 64


class RunRecorder(Protocol):
    """What a run needs of the recorder that records it."""

    @property
    def origin(self) -> RunRecorder:
        """The recorder in whose place it records, or itself: those of one origin share a tree."""

    @property
    def follows_blocks(self) -> bool:
        """Whether another one takes its place in a block with changes."""

    @property
    def metric_series(self) -> object:
        """Where the metrics go: equal for recorders that would count the same run twice."""

    @property
    def tracer_provider(self) -> TracerProvider:
        """Where the spans go."""

    @property
    def times_chunks(self) -> bool:
        """Whether a metric takes the times between the chunks of a streamed answer."""

    def start(
        self,
        handler: object,
        operation: Operation,
        run_id: UUID,
        parent_run_id: UUID | None,
        started: Started,
    ) -> None:
        """Begin the span of a run."""

    def late_request(self, run: Run, inputs: Any) -> None:
        """Record what a run was asked, where only its end reports it."""

    def event(self, run: Run, event: SpanEvent, reported: Any) -> None:
        """Add an event to the span of a run."""

    def end(self, run: Run, result: Any = None, error: BaseException | None = None) -> None:
        """End a run with its result or its error."""

    def abandon(self, run: Run, error: BaseException) -> None:
        """End a run of which LangChain will report no end."""

    def evict(self, run: Run) -> None:
        """End the oldest run to make room."""

    def redacted(self, facts: Facts) -> Facts:
        """Facts that a user has written, as the option `redact` leaves them."""

    def evaluation(self, span: Span, facts: Facts, run: Run | None = None) -> bool:
        """Record the result of an evaluation of what a span did, of a run if it is the run's."""


def share_tree(one: RunRecorder, other: RunRecorder) -> bool:
    """Whether the runs of two recorders are of one tree: by their origin, or by where spans go."""
    return one.origin is other.origin or one.tracer_provider is other.tracer_provider


class Run:
    """A run of LangChain and its span, from its start event to its end event.

    `is_observed`: a span that records, an agent's span above it or metrics take what is known of
    it. `parent` is the run that LangChain names (by `parent_id`), `enclosing` the run whose code
    started this one; `is_root`: there is neither. `is_silent`: nothing of it is recorded anywhere.
    `model` is the model run in whose body it runs; `has_inner_call` and `has_inner_tokens` say what
    a run inside this one has counted. `ambient` is the context in which it started; `passes_on`: in
    its body, LangChain takes it for the parent of whatever is called without another one. Several
    recorders may record one run of LangChain: `next_recording` leads from one to the next, and the
    first of those that share metrics measures it (`is_measured`). What a run has none of is None,
    or `EMPTY`. `inner_results` is what calls inside have found that its span records; `spent` is
    what it cost, or all calls inside it, where that is asked for; `asked` is then what it was
    started with. `own_attributes` are those of the `attributes()` blocks around. `seen` is what
    functions of the user's see of it, where there are any. `began` is when its span started, by the
    clock on the wall; what has passed since is measured from `started_at`. `reported` is what the
    result of a model says of each choice.
    """

    __slots__ = (
        "agent",
        "ambient",
        "asked",
        "attempt",
        "attempts",
        "began",
        "budget",
        "chunks",
        "configurable_identity",
        "content",
        "enclosing",
        "ended",
        "event_count",
        "facts",
        "handler",
        "has_inner_call",
        "has_inner_tokens",
        "has_span",
        "id",
        "identity",
        "inner_results",
        "is_measured",
        "is_observed",
        "is_root",
        "is_silent",
        "key",
        "logged_error",
        "metadata",
        "metadata_identity",
        "model",
        "next_recording",
        "operation",
        "own_attributes",
        "owner",
        "parent",
        "parent_id",
        "passes_on",
        "prompt",
        "provider_report",
        "recorder",
        "reported",
        "request_content",
        "seconds",
        "seen",
        "shown_error",
        "source_facts",
        "span",
        "spent",
        "started_at",
        "tags",
        "totals",
    )

    request_content: Facts
    content: Facts
    source_facts: Facts
    own_attributes: dict[str, tuple[int, Any]]
    identity: dict[str, Any]
    metadata_identity: dict[str, Any]
    configurable_identity: dict[str, Any]
    parent: Run | None
    parent_id: UUID | None
    enclosing: Run | None
    agent: Run | None
    model: Run | None
    next_recording: Run | None
    totals: Totals | None
    spent: Spent | None
    asked: Started | None
    prompt: Started | None
    budget: Budget | None
    chunks: Chunks | None
    attempts: dict[str, tuple[int, UUID]] | None
    logged_error: ErrorIdentity | None
    shown_error: ErrorIdentity | None
    provider_report: object | None
    inner_results: list[Any] | None
    seen: object | None
    reported: list[list[Any]] | None

    def __init__(
        self,
        run_id: UUID,
        operation: Operation,
        recorder: RunRecorder,
        handler: object,
        ambient: Context,
        started: Started,
    ) -> None:
        self.id = run_id
        self.key = run_id.int if type(run_id) is UUID else key_of(run_id)
        self.operation = operation
        self.recorder = recorder
        self.handler = handler
        self.ambient = ambient
        self.owner = started.owner
        self.tags = started.tags
        self.metadata = started.metadata
        self.span: Span = INVALID_SPAN
        self.has_span = self.is_measured = True
        self.is_observed = self.ended = self.passes_on = False
        self.has_inner_call = self.has_inner_tokens = False
        self.is_root = self.is_silent = False
        self.facts: Facts = {}
        self.request_content = self.content = self.source_facts = self.own_attributes = EMPTY
        self.identity = self.metadata_identity = self.configurable_identity = EMPTY
        self.parent = self.enclosing = self.agent = self.model = self.next_recording = None
        self.totals = self.spent = self.asked = self.prompt = self.budget = None
        self.chunks = self.attempts = self.logged_error = self.shown_error = None
        self.provider_report = self.inner_results = self.parent_id = self.seen = None
        self.reported = None
        self.attempt = self.event_count = self.began = 0
        self.seconds = 0.0
        self.started_at = perf_counter()

    def set_fact(self, name: str, value: Any) -> None:
        """Set an attribute of the span while the run is under way."""
        self.facts[name] = value
        if self.has_span:
            self.span.set_attributes(sound_attributes({name: value}))

    def begin_stream(self, chunk: Any) -> None:
        """Note the first chunk of a streamed answer, or the first event of one."""
        if not self.ended:
            takes_times = self.is_measured and self.recorder.times_chunks
            self.chunks = Chunks(chunk, takes_times=takes_times)

    def note_chunk(self, chunk: Any) -> None:
        """Note a chunk of a streamed answer, or an event of one."""
        if self.chunks is None:
            self.begin_stream(chunk)
        else:
            self.chunks.note(chunk)

    def note_inner_result(self, result: Any) -> None:
        """Note the result of a call inside that this run's span records."""
        if not self.ended:
            self.inner_results = [*(self.inner_results or ()), result][:MAX_INNER_RESULTS]

    def leave_out(self, current: Span, reason: str) -> None:
        """Have no span of its own: what would hang under it hangs under what is current."""
        health.events[reason] += 1
        self.has_span = False
        self.span = current
        # What was said of this run is to be said of its children, who have spans.
        self.tags = None if self.parent is None else self.parent.tags
        self.metadata = None if self.parent is None else self.parent.metadata

    @property
    def agent_name(self) -> str | None:
        """The name of the agent that this run is, or is made by."""
        agent = self if self.totals is not None else self.agent
        return None if agent is None else agent.facts.get(semconv.GEN_AI_AGENT_NAME)

    def recordings(self) -> Iterator[Run]:
        """This run of LangChain as each recorder records it, this recording first."""
        run: Run | None = self
        while run is not None:
            yield run
            run = run.next_recording

    def is_recorded_by(self, recorder: RunRecorder, provider: TracerProvider) -> bool:
        """Whether a recording is the recorder's own or of its origin, or goes to the provider."""
        return any(
            run.recorder.origin is recorder.origin or run.recorder.tracer_provider is provider
            for run in self.recordings()
        )

    def is_counted_in(self, series: object) -> bool:
        """Whether a recording adds to these metrics."""
        return any(run.recorder.metric_series == series for run in self.recordings())
