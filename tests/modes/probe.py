"""Knows where the code of a program is: it marks the bodies, and compares the spans to the runs."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from opentelemetry import trace
from opentelemetry.context import Context, get_current
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from langchain_otel import semconv
from langchain_otel.patching.inject import inject
from recording import MARKER, Pairs, RunTree, Tracing, id_of, running_id

OURS = "langchain_otel"
CLOSING = "async_generator_athrow"
"""The type of what `aclose()` gives."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A span made in the body of the run called `name`; the run's id, where LangChain tells it.

    `of_garbage`: the event loop closes the body, a generator that nobody has closed. It does so in
    the context of whoever the garbage collector has interrupted.
    """

    name: str
    run_id: UUID | None
    span: Any
    of_garbage: bool


def _closes_garbage() -> bool:
    with suppress(RuntimeError):
        task = asyncio.current_task()
        return task is not None and type(task.get_coro()).__name__ == CLOSING
    return False


class Probe:
    """Watches one execution of a program."""

    def __init__(self, tracing: Tracing) -> None:
        self.tracing = tracing
        self.adopted: dict[str, str] = {}
        self.runs = RunTree()
        self.pairs = Pairs()
        self.marks: list[Mark] = []
        self._before = len(tracing.lives.started)
        self._watched = 0
        self._context: Context | None = None

    def mark(self, name: str, manager: Any = None) -> None:
        """Mark this place, in the body of the run `name`; its run manager, if it has one."""
        self._mark(name, getattr(manager, "run_id", None) or running_id())

    def unidentified(self, name: str) -> None:
        """Mark a place in the body of a run `name`, whose id LangChain does not tell it."""
        self._mark(name, None)

    def _mark(self, name: str, run_id: UUID | None) -> None:
        # All handlers have been told of the run's start by now, whatever order they are in.
        self.pairs.look()
        span = self.tracing.tracer.start_span(MARKER)
        span.end()
        self.marks.append(Mark(name, run_id, span, _closes_garbage()))

    @contextmanager
    def watching(self) -> Iterator[Any]:
        """Watch what runs inside, and the caller's context; gives the configuration to run it."""
        self._context = get_current()
        undo = inject(self.pairs)
        try:
            yield {"callbacks": [self.runs]}
        finally:
            self._watched = len(self.runs.order)
            undo()
            self.in_caller()

    def in_caller(self) -> None:
        """Check, in the caller's code, that its context is the very object that it was."""
        assert get_current() is self._context, "the caller's context is another one"

    def check(self, outer: ReadableSpan | None = None) -> None:
        """Check that the spans are the runs, under `outer`, and each marker in its run's span."""
        self._check_status(self.check_tree(outer))

    def check_tree(self, outer: ReadableSpan | None = None) -> list[ReadableSpan]:
        """Check all but how the runs ended; gives the spans."""
        # A call of a batch that fails may begin in its thread when nobody watches any more.
        for run_id in self.runs.order[self._watched :]:
            self.pairs.spans.setdefault(run_id, trace.INVALID_SPAN)
        self.pairs.look()
        started = [sdk_span(span) for span in self.tracing.lives.started[self._before :]]
        ours = [span for span in started if scope_of(span) == OURS]
        self._check_lives(started)
        paired = {id_of(span) for span in self.pairs.spans.values()}
        assert len(paired) == len(self.pairs.spans), "two runs have one span"
        strangers = [span.name for span in ours if id_of(span) not in paired]
        assert not strangers, f"spans of no run: {strangers}, among\n{self.runs.tree()}"
        assert set(self.pairs.spans) == set(self.runs.order), "some handlers miss runs"
        actual = self._span_tree(ours, outer)
        self._adopt(actual)
        assert actual.tree() == self.runs.tree()
        self._check_marks()
        return ours

    def _check_lives(self, started: list[ReadableSpan]) -> None:
        ended = self.tracing.lives.ended
        lives = [(span.name, ended.count(id_of(span))) for span in started]
        assert {count for _, count in lives} <= {1}, f"how often each span ended: {lives}"

    def _adopt(self, actual: RunTree) -> None:
        """Take over the parents of runs of which LangChain tells none: the body that starts them.

        LangChain's ambient configuration knows it, but for legacy chains and callbacks. Of what a
        branch calls by a binding, LangChain names the body around the branch.
        """
        for run_id in self.runs.order:
            parent, ambient = actual.parents[run_id], self.runs.ambient[run_id]
            if self.runs.parents[run_id] is not None:
                if self.runs.parents[run_id] == ambient == self._around_branches(parent):
                    self.runs.parents[run_id] = parent
                continue
            name = self.runs.names[parent] if parent is not None else None
            adopted = self.adopted.get(self.runs.names[run_id])
            assert parent == ambient or name == adopted, f"{self.runs.names[run_id]} under {name}"
            self.runs.parents[run_id] = parent

    def _around_branches(self, run_id: UUID | None) -> UUID | None:
        """The run around a branch, or around several within each other."""
        while run_id is not None and self.runs.names[run_id] == "RunnableBranch":
            run_id = self.runs.parents[run_id]
        return run_id

    def _span_tree(self, spans: list[ReadableSpan], outer: ReadableSpan | None) -> RunTree:
        """The tree by the spans' own parents, written with the runs' names and in their order."""
        by_id = {id_of(span): span for span in spans}
        tree = RunTree()
        for run_id in self.runs.order:
            assert id_of(self.pairs.spans[run_id]) in by_id, (
                f"{self.runs.names[run_id]} has no span, among\n{self.runs.tree()}"
            )
            parent = parent_id(by_id[id_of(self.pairs.spans[run_id])])
            tree.order.append(run_id)
            tree.names[run_id] = self.runs.names[run_id]
            tree.parents[run_id] = self._run_of(parent)
            if tree.parents[run_id] is None:
                assert parent == (None if outer is None else id_of(outer)), (
                    f"{tree.names[run_id]} hangs under a span that is of no run"
                )
        roots = [trace_of(span) for span in spans if span.parent is None]
        assert len(roots) == len(set(roots)), "two roots are one trace"
        return tree

    def _run_of(self, span: int | None) -> UUID | None:
        found = [run_id for run_id in self.pairs.spans if id_of(self.pairs.spans[run_id]) == span]
        return found[0] if found else None

    def _check_marks(self) -> None:
        for mark in self.marks:
            found = self._run_of(parent_id(mark.span))
            if found is None and mark.of_garbage:
                continue
            name = None if found is None else self.runs.names[found]
            assert name == mark.name, f"in the body of {mark.name} the span of {name} is current"
            if mark.run_id is not None:
                assert found == mark.run_id, f"in {name} the span of another run of it is current"

    def _check_status(self, spans: list[ReadableSpan]) -> None:
        failed = self.runs.failed
        expected = {id_of(self.pairs.spans[run_id]) for run_id in failed}
        actual = {id_of(span) for span in spans if span.status.status_code is StatusCode.ERROR}
        # A run that is cancelled while its error is reported fails for ours, and for nobody else.
        # Of several that run at once, another one has told of the same error.
        told = set(self.runs.ended)
        untold = {id_of(span) for run_id, span in self.pairs.spans.items() if run_id not in told}
        errors = {error_of(span) for span in spans if id_of(span) in expected}
        alike = {id_of(span) for span in spans if error_of(span) in errors}
        assert expected <= actual <= expected | (untold & alike), (
            f"with status ERROR: {[span.name for span in spans if id_of(span) in actual]}, "
            f"reported as failed: {[self.runs.names[run_id] for run_id in failed]}"
        )


def error_of(span: ReadableSpan) -> object:
    return (span.attributes or {}).get(semconv.ERROR_TYPE)


def scope_of(span: ReadableSpan) -> str:
    """Which instrumentation made the span."""
    return span.instrumentation_scope.name if span.instrumentation_scope else ""


def parent_id(span: ReadableSpan) -> int | None:
    """The id of the parent that the span names."""
    return None if span.parent is None else span.parent.span_id


def trace_of(span: ReadableSpan) -> int:
    """The id of the trace that the span is in."""
    context = span.get_span_context()
    assert context is not None
    return context.trace_id


def sdk_span(span: trace.Span) -> ReadableSpan:
    """The SDK's view of a span that it started."""
    assert isinstance(span, ReadableSpan)
    return span


Build = Callable[[Probe], tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Program:
    """Makes something runnable and its input; `bodies` names the runs in whose code it marks."""

    name: str
    build: Build
    bodies: frozenset[str]
    kinds: frozenset[str]
    raises: type[BaseException] | None
    not_in: frozenset[str]
    traits: frozenset[str]


SYNC = frozenset(("sync",))
ASYNC = frozenset(("async",))
GRAPH = frozenset(("graph",))
STREAMING_MODEL = frozenset(("streaming_model",))


class Programs(list[Program]):
    """The programs of one area, each registered by decorating the function that builds it."""

    def __init__(self, traits: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self._traits = traits

    def add(
        self,
        *bodies: str,
        kinds: frozenset[str] = SYNC | ASYNC,
        raises: type[BaseException] | None = None,
        not_in: frozenset[str] = frozenset(),
        traits: frozenset[str] | None = None,
    ) -> Callable[[Build], Build]:
        """Register a program that marks in the bodies of runs with these names.

        `kinds` says whether it runs in synchronous or asynchronous modes, `raises` what comes out
        of it, `not_in` in which modes it cannot run, `traits` for which special modes it is fit.
        """
        fit = self._traits if traits is None else traits

        def register(build: Build) -> Build:
            name = build.__name__
            self.append(Program(name, build, frozenset(bodies), kinds, raises, not_in, fit))
            return build

        return register
