"""Keeps the open runs by run id, and the span contexts of the last runs that ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple
from uuid import UUID

from opentelemetry.trace import SpanContext

from langchain_otel import semconv
from langchain_otel.runs.run import Run, RunRecorder, share_tree
from langchain_otel.runs.run_id import Key, key_of

MAX_OPEN_RUNS: Final = 10_000
MAX_ENDED_RUNS: Final = 4_096


class EndedRun(NamedTuple):
    """What is remembered of a run that has ended: enough to go on with its trace, or judge it.

    `is_root`: no other run was around it. `is_silent`: nothing of it was recorded. `others` are the
    same run as other recorders have it; the silent ones come last.
    """

    span_context: SpanContext
    recorder: RunRecorder
    response_id: str | None
    is_root: bool
    is_silent: bool
    others: tuple[EndedRun, ...] = ()

    def recordings(self) -> list[EndedRun]:
        """The same run as each recorder has it."""
        return [self._replace(others=()), *self.others]


Ended = tuple[SpanContext, RunRecorder, str | None, bool, bool, tuple[EndedRun, ...]]
"""What an `EndedRun` holds. Each run that ends leaves one, and few are ever asked for."""


class RunStore:
    """The open runs by run id, and the span contexts of the last runs that ended.

    A run id is hashed in Python by `uuid.UUID`, so the keys are the ids' integers. LangChain takes
    any other id, too: see `key_of`.
    """

    def __init__(self, max_open: int = MAX_OPEN_RUNS, max_ended: int = MAX_ENDED_RUNS) -> None:
        self.max_open = max_open
        self._max_ended = max_ended
        self._open: dict[Key, Run] = {}
        self._ended: dict[Key, Ended] = {}
        self._ended_order: deque[Key] = deque()
        self.has_open: Final[Callable[[Key], bool]] = self._open.__contains__
        """Whether the run with this key is open: a step of C, for it is asked at each end."""
        self.open_under: Final[Callable[[Key], Run | None]] = self._open.get
        """The open run with this key, whoever records it: a step of C, for each token asks."""

    def __len__(self) -> int:
        return len(self._open)

    def head(self, run_id: UUID) -> Run | None:
        """The open run with this id, whoever records it."""
        return self._open.get(run_id.int if type(run_id) is UUID else key_of(run_id))

    def of_handler(self, run_id: UUID, handler: object) -> Run | None:
        """The open run with this id that `handler` started."""
        run = self._open.get(run_id.int if type(run_id) is UUID else key_of(run_id))
        while run is not None and run.handler is not handler:
            run = run.next_recording
        return run

    def of_recorder(self, run_id: UUID, recorder: RunRecorder) -> Run | None:
        """The open run with this id that `recorder` records, or one of the same origin.

        Without one, that of a recorder with the same tracer provider: a run has one span there,
        whoever records it.
        """
        run = head = self._open.get(run_id.int if type(run_id) is UUID else key_of(run_id))
        if head is None or head.recorder is recorder:
            return head
        origin = recorder.origin
        while run is not None and run.recorder.origin is not origin:
            run = run.next_recording
        if run is None:
            recordings = head.recordings()
            run = next((each for each in recordings if share_tree(each.recorder, recorder)), None)
        return run

    def of_origin(self, run_id: UUID, recorder: RunRecorder) -> Run | None:
        """The open run with this id that a recorder of the same origin records."""
        run = self.of_recorder(run_id, recorder)
        return run if run is not None and run.recorder.origin is recorder.origin else None

    def open_runs(self) -> list[Run]:
        """All runs that are open now, the latest first."""
        return [run for head in reversed(list(self._open.values())) for run in head.recordings()]

    def abandon(self, run_id: UUID, error: BaseException) -> None:
        """End a run of which LangChain will report no end, whoever records it."""
        head = self.head(run_id)
        for run in [] if head is None else list(head.recordings()):
            run.recorder.abandon(run, error)

    def ended(self, run_id: UUID) -> EndedRun | None:
        """What is remembered of a run that ended lately."""
        found = self._remembered(key_of(run_id))
        return None if found is None or found.is_silent else found

    def ended_context(self, run_id: UUID, recorder: RunRecorder) -> SpanContext | None:
        """The span context of a run that ended lately, in the tree of a recorder."""
        ended = self.ended(run_id)
        if ended is None:
            return None
        recorded = [each for each in ended.recordings() if not each.is_silent]
        own = [each for each in recorded if each.recorder.origin is recorder.origin]
        shared = [each for each in recorded if share_tree(each.recorder, recorder)]
        return next((each.span_context for each in (*own, *shared)), None)

    def was_silent(self, run_id: UUID, recorder: RunRecorder) -> bool:
        """Whether a run ended lately of which this recorder recorded nothing."""
        found = self._remembered(key_of(run_id))
        return found is not None and any(
            each.is_silent and each.recorder.origin is recorder.origin
            for each in found.recordings()
        )

    def ended_contexts(self) -> list[SpanContext]:
        """The span contexts of the last runs that ended."""
        found = [EndedRun(*ended) for ended in list(self._ended.values())]
        return [ended.span_context for ended in found if not ended.is_silent]

    def ended_runs(self) -> list[tuple[Key, EndedRun]]:
        """The last runs that ended, with their keys, as every recorder has recorded them."""
        heads = list(self._ended.items())
        return [
            (key, ended)
            for key, head in heads
            for ended in EndedRun(*head).recordings()
            if not ended.is_silent
        ]

    def add(self, run: Run) -> Run | None:
        """Keep an open run; gives back the oldest one where there is no room for both."""
        head = self._open.get(run.key)
        if head is not None and not run.has_span:
            # The body finds the span of another recording.
            run.next_recording, head.next_recording = head.next_recording, run
            return None
        run.next_recording = head
        self._open[run.key] = run
        if len(self._open) <= self.max_open:
            return None
        return self._oldest()

    def remove(self, run: Run) -> bool:
        """Forget an open run, remembering its span context; False if it was not open."""
        head = self._open.get(run.key)
        if head is run:
            if run.next_recording is None:
                del self._open[run.key]
            else:
                self._open[run.key] = run.next_recording
        elif not _unlink(head, run):
            return False
        self.remember(run)
        return True

    def forget_open(self) -> None:
        """Forget the open runs: this process was forked, and its parent ends them."""
        for head in list(self._open.values()):
            for run in head.recordings():
                self.remember(run)
        self._open.clear()

    def clear(self) -> None:
        """Forget every run; for tests."""
        self._open.clear()
        self._ended.clear()
        self._ended_order.clear()

    def _remembered(self, key: Key) -> EndedRun | None:
        found = self._ended.get(key)
        return None if found is None else EndedRun(*found)

    def _oldest(self) -> Run | None:
        try:
            return next(iter(self._open.values()))
        except (RuntimeError, StopIteration):
            # Another thread changed the store meanwhile: the next start will evict.
            return None

    def remember(self, run: Run) -> None:
        """Keep the span context of a run that ends, for those who come late."""
        span_context = run.span.get_span_context()
        if not (span_context.is_valid or run.is_silent):
            # There is no trace to go on with, and nothing that a judgement could be about.
            return
        is_root = run.is_root and run.enclosing is None
        response_id = run.facts.get(semconv.GEN_AI_RESPONSE_ID)
        ended: Ended = (span_context, run.recorder, response_id, is_root, run.is_silent, ())
        key = run.key
        earlier = self._ended.get(key)
        if earlier is not None:
            ended = _together(EndedRun(*ended), EndedRun(*earlier))
        self._ended[key] = ended
        if run.ended:
            return
        self._ended_order.append(key)
        if len(self._ended_order) > self._max_ended:
            self._ended.pop(self._ended_order.popleft(), None)


def _together(ended: EndedRun, earlier: EndedRun) -> EndedRun:
    """A run as several recorders have it, of which some have ended it earlier."""
    others = tuple(each for each in earlier.recordings() if each.recorder is not ended.recorder)
    if not (ended.is_silent and others):
        return ended._replace(others=others)
    first, *rest = others
    return first._replace(others=(*rest, ended))


def _unlink(head: Run | None, run: Run) -> bool:
    while head is not None and head.next_recording is not run:
        head = head.next_recording
    if head is None:
        return False
    head.next_recording = run.next_recording
    return True


RUNS: Final = RunStore()
"""The one store: a run may be started by one handler and be the parent of another one's run."""

open_under: Final = RUNS.open_under
has_open: Final = RUNS.has_open
"""Its two functions that each run needs several times."""
