"""Knows the runs that are open, and the spans of those that ended: both bounded."""

from collections import deque
from collections.abc import Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanContext

if TYPE_CHECKING:
    from langchain_otel.operations import Facts, Operation
    from langchain_otel.recorder import Recorder

ErrorIdentity = tuple[int, tuple[int, int] | None]

MAX_OPEN_RUNS: Final = 10_000
MAX_ENDED_RUNS: Final = 4_096


class Run:
    """A run of LangChain and its span, from its start event to its end event."""

    __slots__ = (
        "agent_name",
        "chunks",
        "ended",
        "event_count",
        "facts",
        "first_chunk_at",
        "handler",
        "key",
        "metadata",
        "operation",
        "outer",
        "owner",
        "parent",
        "recorder",
        "reported_error",
        "span",
        "started_at",
        "tags",
        "twin",
    )

    def __init__(
        self,
        key: int,
        operation: "Operation",
        facts: "Facts",
        span: Span,
        recorder: "Recorder",
        handler: object,
        parent: "Run | None",
        outer: Context,
    ) -> None:
        self.key = key
        self.operation = operation
        self.facts = facts
        self.span = span
        self.recorder = recorder
        self.handler = handler
        self.parent = parent
        self.outer = outer
        self.owner: object | None = None
        self.tags: list[str] | None = None
        self.metadata: dict[str, Any] | None = None
        self.agent_name: str | None = None if parent is None else parent.agent_name
        self.chunks: list[Any] = []
        self.event_count = 0
        self.started_at = perf_counter()
        self.first_chunk_at: float | None = None
        self.reported_error: ErrorIdentity | None = None
        self.ended = False
        self.twin: Run | None = None

    def twins(self) -> Iterator["Run"]:
        """This run and what handlers with other providers made of the same run of LangChain."""
        run: Run | None = self
        while run is not None:
            yield run
            run = run.twin


class RunStore:
    """The open runs by run id, and the span contexts of the last runs that ended.

    A run id is hashed in Python by `uuid.UUID`, so the keys are the ids' integers.
    """

    def __init__(self, max_open: int = MAX_OPEN_RUNS, max_ended: int = MAX_ENDED_RUNS) -> None:
        self.max_open = max_open
        self._max_ended = max_ended
        self._open: dict[int, Run] = {}
        self._ended: dict[int, SpanContext] = {}
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

    def ended(self, run_id: UUID) -> SpanContext | None:
        """What is remembered of a run that ended lately."""
        return self._ended.get(run_id.int)

    def add(self, run: Run) -> Run | None:
        """Keep an open run; gives back the oldest one where there is no room for both."""
        run.twin = self._open.get(run.key)
        self._open[run.key] = run
        if len(self._open) <= self.max_open:
            return None
        return self._oldest()

    def remove(self, run: Run) -> bool:
        """Forget an open run, remembering its span context; False if it was not open."""
        head = self._open.get(run.key)
        if head is run:
            if run.twin is None:
                del self._open[run.key]
            else:
                self._open[run.key] = run.twin
        elif not _unlink(head, run):
            return False
        self._remember(run)
        return True

    def clear(self) -> None:
        """Forget every run; for tests, and for a process that forked with runs open."""
        self._open.clear()
        self._ended.clear()
        self._ended_order.clear()

    def _oldest(self) -> Run | None:
        try:
            return next(iter(self._open.values()))
        except (RuntimeError, StopIteration):
            # Another thread changed the store meanwhile: the next start will evict.
            return None

    def _remember(self, run: Run) -> None:
        self._ended[run.key] = run.span.get_span_context()
        self._ended_order.append(run.key)
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
