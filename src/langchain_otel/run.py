"""Knows the runs that are open, and the spans of those that ended: both bounded."""

from collections import deque
from collections.abc import Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Span, SpanContext

from langchain_otel import health, semconv
from langchain_otel.mapping import NOTHING

if TYPE_CHECKING:
    from langchain_otel.content.policy import Room
    from langchain_otel.lineage import Totals
    from langchain_otel.operations import Facts, Operation, Started
    from langchain_otel.recorder import Recorder

ErrorIdentity = tuple[int, tuple[int, int] | None]

MAX_OPEN_RUNS: Final = 10_000
MAX_CHUNKS: Final = 10_000
MAX_ENDED_RUNS: Final = 4_096


class Run:
    """A run of LangChain and its span, from its start event to its end event.

    `is_told` says whether anybody listens to what there is to tell of it: a span that records, an
    agent's span above it, metrics. What a run has none of is None, or `NOTHING`.
    """

    __slots__ = (
        "agent",
        "asked",
        "attempt",
        "attempts",
        "chunk_times",
        "chunks",
        "configured",
        "content",
        "ended",
        "event_count",
        "facts",
        "handler",
        "has_span",
        "id",
        "identity",
        "is_told",
        "kin",
        "learned",
        "metadata",
        "named",
        "operation",
        "outer",
        "owner",
        "parent",
        "prompt",
        "published",
        "recorder",
        "reported_error",
        "room",
        "seconds",
        "span",
        "started_at",
        "tags",
        "totals",
        "twin",
    )

    asked: "Facts"
    content: "Facts"
    learned: "Facts"
    identity: dict[str, Any]
    named: dict[str, Any]
    configured: dict[str, Any]
    parent: "Run | None"
    kin: "Run | None"
    agent: "Run | None"
    twin: "Run | None"
    totals: "Totals | None"
    prompt: "Started | None"
    room: "Room | None"
    chunks: list[Any] | None
    chunk_times: list[float]
    attempts: dict[str, tuple[int, UUID]] | None
    reported_error: ErrorIdentity | None
    published: object | None

    def __init__(
        self,
        run_id: UUID,
        operation: "Operation",
        recorder: "Recorder",
        handler: object,
        outer: Context,
        started: "Started",
    ) -> None:
        self.id = run_id
        self.operation = operation
        self.recorder = recorder
        self.handler = handler
        self.outer = outer
        self.owner = started.owner
        self.tags = started.tags
        self.metadata = started.metadata
        self.span: Span = INVALID_SPAN
        self.has_span = True
        self.is_told = self.ended = False
        self.facts: Facts = {}
        self.asked = self.content = self.learned = NOTHING
        self.identity = self.named = self.configured = NOTHING
        self.parent = self.kin = self.agent = self.twin = None
        self.totals = self.prompt = self.room = None
        self.chunks = None
        self.chunk_times = []
        self.attempts = self.reported_error = self.published = None
        self.attempt = self.event_count = 0
        self.seconds = 0.0
        self.started_at = perf_counter()

    def state(self, name: str, value: Any) -> None:
        """Say something of the run while it is under way."""
        self.facts[name] = value
        self.span.set_attribute(name, value)

    def note_chunk(self, chunk: Any) -> None:
        """Note a chunk of a streamed answer, or an event of one, in the form that came first."""
        chunks = self.chunks
        if chunks is None:
            self.chunks, self.chunk_times = [chunk], [perf_counter()]
        # Where the client of a provider tells of chunks itself, LangChain may make events of them.
        elif (type(chunk) is dict) is (type(chunks[0]) is dict) and len(chunks) < MAX_CHUNKS:
            chunks.append(chunk)
            self.chunk_times.append(perf_counter())

    def leave_out(self, current: Span) -> None:
        """Have no span of its own: what would hang under it hangs under what is current."""
        self.has_span = False
        self.span = current
        # What was said of this run is to be said of its children, who have spans.
        self.tags = None if self.parent is None else self.parent.tags
        self.metadata = None if self.parent is None else self.parent.metadata

    def close(self) -> None:
        """End the span; nothing more is known of the run than that it was there."""
        self.ended = True
        self.chunks = self.published = None
        self.asked = self.content = NOTHING
        if semconv.GEN_AI_RESPONSE_ID in self.facts:
            RUNS.remember(self)
        try:
            if self.has_span:
                self.span.end()
        except Exception as error:
            health.failed("span.end", error)

    @property
    def agent_name(self) -> str | None:
        """The name of the agent that this run is, or is made by."""
        agent = self if self.totals is not None else self.agent
        return None if agent is None else agent.facts.get(semconv.GEN_AI_AGENT_NAME)

    def twins(self) -> Iterator["Run"]:
        """This run and what handlers with other providers made of the same run of LangChain."""
        run: Run | None = self
        while run is not None:
            yield run
            run = run.twin


class EndedRun(NamedTuple):
    """What is remembered of a run that has ended: enough to go on with its trace, or judge it."""

    span_context: SpanContext
    recorder: "Recorder"
    response_id: str | None


class RunStore:
    """The open runs by run id, and the span contexts of the last runs that ended.

    A run id is hashed in Python by `uuid.UUID`, so the keys are the ids' integers.
    """

    def __init__(self, max_open: int = MAX_OPEN_RUNS, max_ended: int = MAX_ENDED_RUNS) -> None:
        self.max_open = max_open
        self._max_ended = max_ended
        self._open: dict[int, Run] = {}
        self._ended: dict[int, EndedRun] = {}
        self._ended_order: deque[int] = deque()

    def __len__(self) -> int:
        return len(self._open)

    def head(self, run_id: UUID) -> Run | None:
        """The open run with this id, whoever records it."""
        return self._open.get(run_id.int)

    def of_handler(self, run_id: UUID, handler: object) -> Run | None:
        """The open run with this id that `handler` started."""
        run = self._open.get(run_id.int)
        while run is not None and run.handler is not handler:
            run = run.twin
        return run

    def of_recorder(self, run_id: UUID, recorder: "Recorder") -> Run | None:
        """The open run with this id that `recorder` records."""
        run = self._open.get(run_id.int)
        while run is not None and run.recorder is not recorder:
            run = run.twin
        return run

    def ended(self, run_id: UUID) -> EndedRun | None:
        """What is remembered of a run that ended lately."""
        return self._ended.get(run_id.int)

    def add(self, run: Run) -> Run | None:
        """Keep an open run; gives back the oldest one where there is no room for both."""
        run.twin = self._open.get(run.id.int)
        self._open[run.id.int] = run
        if len(self._open) <= self.max_open:
            return None
        return self._oldest()

    def remove(self, run: Run) -> bool:
        """Forget an open run, remembering its span context; False if it was not open."""
        head = self._open.get(run.id.int)
        if head is run:
            if run.twin is None:
                del self._open[run.id.int]
            else:
                self._open[run.id.int] = run.twin
        elif not _unlink(head, run):
            return False
        self.remember(run)
        return True

    def disown(self) -> None:
        """Open runs are over for this process: it was forked, they are its parent's to end."""
        for head in list(self._open.values()):
            for run in head.twins():
                self.remember(run)
        self._open.clear()

    def clear(self) -> None:
        """Forget every run; for tests."""
        self._open.clear()
        self._ended.clear()
        self._ended_order.clear()

    def _oldest(self) -> Run | None:
        try:
            return next(iter(self._open.values()))
        except (RuntimeError, StopIteration):
            # Another thread changed the store meanwhile: the next start will evict.
            return None

    def remember(self, run: Run) -> None:
        """Keep the span context of a run that ends, for those who come late."""
        self._ended[run.id.int] = EndedRun(
            run.span.get_span_context(), run.recorder, run.facts.get(semconv.GEN_AI_RESPONSE_ID)
        )
        if run.ended:
            return
        self._ended_order.append(run.id.int)
        if len(self._ended_order) > self._max_ended:
            self._ended.pop(self._ended_order.popleft(), None)


def _unlink(head: Run | None, run: Run) -> bool:
    while head is not None and head.twin is not run:
        head = head.twin
    if head is None:
        return False
    head.twin = run.twin
    return True


RUNS: Final = RunStore()
"""The one store: a run may be started by one handler and be the parent of another one's run."""
