"""Knows where the code of a program is: it marks the bodies, and compares the spans to the runs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from opentelemetry import trace
from opentelemetry.context import Context, get_current
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from recording import MARKER, RunTree, Tracing, running_id

OURS = "langchain_otel"


@dataclass(frozen=True, slots=True)
class Mark:
    """A span made in the body of the run called `name`; the run's id, where LangChain tells it."""

    name: str
    run_id: UUID | None
    span: Any


class Probe:
    """Watches one execution of a program."""

    def __init__(self, tracing: Tracing) -> None:
        self.tracing = tracing
        self.runs = RunTree()
        self.marks: list[Mark] = []
        self._before = len(tracing.lives.started)
        self._context: Context | None = None

    def mark(self, name: str, manager: Any = None) -> None:
        """Mark this place, in the body of the run `name`; its run manager, if it has one."""
        self.runs.look()
        run_id = getattr(manager, "run_id", None) or running_id()
        span = self.tracing.tracer.start_span(MARKER)
        span.end()
        self.marks.append(Mark(name, run_id, span))

    def unidentified(self, name: str) -> None:
        """Mark a place in the body of the only run `name`, whose id LangChain does not tell it."""
        self.runs.look()
        span = self.tracing.tracer.start_span(MARKER)
        span.end()
        self.marks.append(Mark(name, None, span))

    def calling(self) -> None:
        """Begin: the context from here on is the caller's."""
        self._context = get_current()

    def in_caller(self) -> None:
        """Check, in the caller's code, that its context is the very object that it was."""
        self.runs.look()
        assert get_current() is self._context, "the caller's context is another one"

    def check(self, outer: ReadableSpan | None = None) -> None:
        """Check that the spans are the runs, under `outer`, and each marker in its run's span."""
        started = [cast_span(span) for span in self.tracing.lives.started[self._before :]]
        ours = [span for span in started if scope_of(span) == OURS]
        self._check_lives(started)
        names = {span_id(span): run_id for run_id, span in self.runs.spans.items()}
        assert len(names) == len(self.runs.spans), "two runs have one span"
        strangers = [span.name for span in ours if span_id(span) not in names]
        assert not strangers, f"spans of no run: {strangers}, among\n{self.runs.tree()}"
        missing = [self.runs.names[i] for i in self.runs.order if i not in self.runs.spans]
        assert not missing, f"runs without a span: {missing}, among\n{self.runs.tree()}"
        assert self._span_tree(ours, outer) == self.runs.tree()
        self._check_marks()
        self._check_status(ours)

    def _check_lives(self, started: list[ReadableSpan]) -> None:
        ended = self.tracing.lives.ended
        lives = {span.name: ended.count(span_id(span)) for span in started}
        assert set(lives.values()) <= {1}, f"how often each span ended: {lives}"

    def _span_tree(self, spans: list[ReadableSpan], outer: ReadableSpan | None) -> str:
        """The tree by the spans' own parents, written with the runs' names and in their order."""
        ids = {span_id(span): span for span in spans}
        tree = RunTree()
        run_of = {span_id(span): run_id for run_id, span in self.runs.spans.items()}
        for run_id in self.runs.order:
            span = ids[span_id(self.runs.spans[run_id])]
            parent = None if span.parent is None else span.parent.span_id
            tree.order.append(run_id)
            tree.names[run_id] = self.runs.names[run_id]
            tree.parents[run_id] = None if parent is None else run_of.get(parent)
            if tree.parents[run_id] is None:
                assert parent == (None if outer is None else span_id(outer)), (
                    f"{tree.names[run_id]} has a parent that is no run"
                )
        self._check_traces(tree, ids, outer)
        return tree.tree()

    def _check_traces(
        self, tree: RunTree, spans: dict[int, ReadableSpan], outer: ReadableSpan | None
    ) -> None:
        traces = [
            span.get_span_context().trace_id for span in spans.values() if span.parent is None
        ]
        assert len(traces) == len(set(traces)), "two roots are one trace"
        if outer is not None:
            assert not traces

    def _check_marks(self) -> None:
        for mark in self.marks:
            parent = None if mark.span.parent is None else mark.span.parent.span_id
            run_of = {span_id(span): run_id for run_id, span in self.runs.spans.items()}
            found = run_of.get(parent) if parent is not None else None
            name = None if found is None else self.runs.names[found]
            assert name == mark.name, f"in the body of {mark.name} the span of {name} is current"
            if mark.run_id is not None:
                assert found == mark.run_id, f"in {name} the span of another run of it is current"

    def _check_status(self, spans: list[ReadableSpan]) -> None:
        failed = self.runs.failed
        expected = {span_id(self.runs.spans[run_id]) for run_id in failed}
        actual = {span_id(span) for span in spans if span.status.status_code is StatusCode.ERROR}
        assert actual == expected, (
            f"with status ERROR: {[span.name for span in spans if span_id(span) in actual]}, "
            f"reported as failed: {[self.runs.names[run_id] for run_id in failed]}"
        )


def scope_of(span: ReadableSpan) -> str:
    """Which instrumentation made the span."""
    return span.instrumentation_scope.name if span.instrumentation_scope else ""


def span_id(span: trace.Span | ReadableSpan) -> int:
    """The id by which children name the span."""
    return span.get_span_context().span_id


def cast_span(span: trace.Span) -> ReadableSpan:
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
    version_3: bool


SYNC = frozenset(("sync",))
ASYNC = frozenset(("async",))


class Programs(list[Program]):
    """The programs of one area, each registered by decorating the function that builds it."""

    def add(
        self,
        *bodies: str,
        kinds: frozenset[str] = SYNC | ASYNC,
        raises: type[BaseException] | None = None,
        not_in: frozenset[str] = frozenset(),
        version_3: bool = False,
    ) -> Callable[[Build], Build]:
        """Register a program that marks in the bodies of runs with these names.

        `kinds` says whether it runs in synchronous or asynchronous modes, `raises` what comes out
        of it, `not_in` in which modes it cannot run, `version_3` whether it has those events.
        """

        def register(build: Build) -> Build:
            self.append(
                Program(build.__name__, build, frozenset(bodies), kinds, raises, not_in, version_3)
            )
            return build

        return register
