"""Starts, enters, leaves, ends, evicts and forgets runs in any order, beside a plain model."""

from asyncio import CancelledError
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from langchain_core.callbacks import CallbackManager
from langchain_core.messages import HumanMessage
from langchain_core.outputs import LLMResult
from opentelemetry import context as otel_context
from opentelemetry import trace

from langchain_otel import OpenTelemetryCallbackHandler, current_run_id, current_span_of, health
from langchain_otel.runs.body_frame import enter_body
from langchain_otel.runs.current_frame import begin_body
from langchain_otel.runs.frame import Frame
from langchain_otel.runs.store import RUNS
from machines.runs_model import MAX_ENDED, MAX_OPEN, Place, Run, Store, id_at, id_of, runs_at
from recording import Tracing

LIMIT: Final = "max_open_runs"
FAMILIES: Final = st.sampled_from(("model", "retriever"))


@dataclass(eq=False)
class Call:
    """A call with a frame around: of a function, or of a generator that may be left and resumed."""

    run: Run
    frame: Frame
    inside: Place | None = None
    caller: Place | None = None
    users: list["UserSpan"] = field(default_factory=list)
    is_over: bool = False


@dataclass(frozen=True, eq=False)
class UserSpan:
    """A span of the application's own, and the context that was current before it."""

    span: Any
    before: Any


class Strand:
    """A thread or task: a context of its own, and where its code is."""

    def __init__(
        self, context: Context, thread: ThreadPoolExecutor | None, place: Place | None
    ) -> None:
        self.context = context
        self.thread = thread
        self.place = place
        self.levels: list[Call | UserSpan] = []
        self.named: Run | None = None

    def do(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function in this strand."""
        if self.thread is None:
            return self.context.run(function, *args)
        return self.thread.submit(self.context.run, function, *args).result()

    @property
    def innermost_call(self) -> Call | None:
        """The call that is under way here, and not left."""
        return next((each for each in reversed(self.levels) if isinstance(each, Call)), None)


class OpenRuns(RuleBasedStateMachine):
    """The runs of one process, in several threads and tasks."""

    strands = Bundle("strands")
    calls = Bundle("calls")
    runs = Bundle("runs")

    def __init__(self) -> None:
        super().__init__()
        self.limits = RUNS.max_open, RUNS._max_ended
        RUNS.clear()
        RUNS._max_ended = MAX_ENDED
        self.tracing = Tracing()
        self.handler = OpenTelemetryCallbackHandler(
            tracer_provider=self.tracing.tracer_provider,
            meter_provider=self.tracing.meter_provider,
            max_open_runs=MAX_OPEN,
        )
        self.threads = [ThreadPoolExecutor(1) for _ in range(2)]
        self.store = Store()
        self.all: list[Run] = []
        self.forgotten: list[Run] = []
        self.all_strands: list[Strand] = []
        self.hidden: set[Run] = set()

    @initialize(target=strands)
    def main(self) -> Strand:
        return self._strand(Context(), 0, None)

    @rule(target=strands, lane=st.integers(0, 2))
    def new_thread(self, lane: int) -> Strand:
        return self._strand(Context(), lane, None)

    @rule(target=strands, of=strands, lane=st.integers(0, 2))
    def copied(self, of: Strand, lane: int) -> Strand:
        """A task, or a thread with a copy of the context."""
        made = self._strand(of.do(copy_context), lane, of.place)
        made.named = of.named
        return made

    def _strand(self, context: Context, lane: int, place: Place | None) -> Strand:
        made = Strand(context, self.threads[lane - 1] if lane else None, place)
        self.all_strands.append(made)
        return made

    @rule(target=strands, of=strands, lane=st.integers(0, 2))
    def chain(self, of: Strand, lane: int) -> Strand:
        """A chain begins; its body runs in a copy of the context."""
        return self._body(of, self._begun(of, "chain", of.named), lane)

    @rule(target=strands, of=strands, named=runs, lane=st.integers(0, 2))
    def chain_of(self, of: Strand, named: Run, lane: int) -> Strand:
        """The same, where the configuration names another parent."""
        return self._body(of, self._begun(of, "chain", named), lane)

    def _body(self, of: Strand, run: Run, lane: int) -> Strand:
        body = self._strand(of.do(copy_context), lane, of.place)
        body.do(enter_body, {"callbacks": CallbackManager([], parent_run_id=run.id)})
        if run.id in self.store.open:
            run.passes_on = True
            body.place = Place(run.span, run, body.place)
        body.named = run
        return body

    @rule(target=calls, of=strands, family=FAMILIES)
    def call(self, of: Strand, family: str) -> Call:
        """A model or a retriever is called."""
        return self._called(of, family, of.named)

    @rule(target=calls, of=strands, family=FAMILIES, named=runs)
    def call_of(self, of: Strand, family: str, named: Run) -> Call:
        return self._called(of, family, named)

    def _called(self, of: Strand, family: Any, named: Run | None) -> Call:
        frame = of.do(Frame, family, object())
        of.do(frame.enter)
        run = self._begun(of, family, named)
        of.do(begin_body)
        call = Call(run, frame, caller=of.place)
        of.place = Place(run.span, run, of.place)
        of.levels.append(call)
        return call

    def _begun(self, strand: Strand, family: str, named: Run | None) -> Run:
        run = Run(uuid4(), family, strand.place)
        ids: dict[str, Any] = {"run_id": run.id, "parent_run_id": named.id if named else None}
        expected = self.store.parents(named, strand.place)
        if family == "model":
            messages = [[HumanMessage("hi")]]
            strand.do(lambda: self.handler.on_chat_model_start({}, messages, **ids))
        elif family == "retriever":
            strand.do(lambda: self.handler.on_retriever_start({}, "query", **ids))
        else:
            strand.do(lambda: self.handler.on_chain_start({}, "given", **ids))
        run.span = current_span_of(run.id)
        assert (
            self._is_hidden(strand)
            or (run.span.parent.span_id if run.span.parent else None) in expected
        )
        self.store.begin(run)
        self.all.append(run)
        return run

    @rule(target=runs, strand=strands)
    def run_here(self, strand: Strand) -> Any:
        """A run that code here could be told of."""
        return next(runs_at(strand.place), None) or strand.named

    @rule(of=strands)
    def leave(self, of: Strand) -> None:
        """The generator that runs here gives a chunk to its caller."""
        call = of.innermost_call
        if call is None:
            return
        place = of.levels.index(call)
        call.users, of.levels[place:] = of.levels[place + 1 :], []  # type: ignore[assignment]
        self._left(call)
        of.do(call.frame.leave)
        call.inside, of.place = of.place, call.caller

    @rule(call=calls, by=strands)
    def resume(self, call: Call, by: Strand) -> None:
        """Somebody, perhaps another one, asks a generator for its next chunk."""
        if call.is_over or self._is_running(call):
            return
        by.do(call.frame.enter)
        call.caller, by.place = by.place, call.inside
        by.levels += [call, *call.users]

    @rule(of=strands, how=st.sampled_from(("result", "error", "cancelled")))
    def over(self, of: Strand, how: str) -> None:
        """The call that runs here is over."""
        call = of.innermost_call
        if call is None:
            return
        if how == "cancelled":
            of.do(call.frame.abandoned_by, CancelledError())
        else:
            of.do(self._report_end, call.run, how)
        self.store.end(call.run)
        place = of.levels.index(call)
        call.users, of.levels[place:] = of.levels[place + 1 :], []  # type: ignore[assignment]
        self._left(call)
        of.do(call.frame.leave)
        of.place, call.is_over = call.caller, True

    def _left(self, call: Call) -> None:
        """Note that a call is left with a span of somebody else's current inside.

        The frame then hides its context from whoever gives it back too late, and so from what
        has a copy of it: nothing is said of that here.
        """
        if call.users:
            self.hidden.add(call.run)

    def _is_hidden(self, strand: Strand) -> bool:
        own = {each.run for each in strand.levels if isinstance(each, Call)}
        return any(run in self.hidden for run in runs_at(strand.place) if run not in own)

    @rule(run=runs, by=strands, how=st.sampled_from(("result", "error")))
    def end(self, run: Run | None, by: Strand, how: str) -> None:
        """A run is reported to have ended, here or elsewhere, perhaps once more."""
        if run is not None:
            by.do(self._report_end, run, how)
            self.store.end(run)

    def _report_end(self, run: Run, how: str) -> None:
        if how == "error":
            self.handler._end(run.id, None, ValueError("no"))
        elif run.family == "model":
            self.handler.on_llm_end(LLMResult(generations=[]), run_id=run.id)
        elif run.family == "retriever":
            self.handler.on_retriever_end([], run_id=run.id)
        else:
            self.handler.on_chain_end("done", run_id=run.id)

    @rule(of=strands)
    def user_span(self, of: Strand) -> None:
        """The application makes a span of its own current."""

        def begin() -> UserSpan:
            before = otel_context.get_current()
            span = self.tracing.tracer.start_span("user")
            otel_context.attach(trace.set_span_in_context(span))
            return UserSpan(span, before)

        made = of.do(begin)
        of.levels.append(made)
        of.place = Place(made.span, None, of.place)

    @rule(of=strands)
    def user_span_over(self, of: Strand) -> None:
        if not (of.levels and isinstance(of.levels[-1], UserSpan)) or of.place is None:
            return
        made = of.levels.pop()
        assert isinstance(made, UserSpan)
        of.do(otel_context.attach, made.before)
        made.span.end()
        of.place = of.place.around

    @rule()
    def forked(self) -> None:
        """This is a child process now: its parent ends the runs that are open."""
        RUNS.forget_open()
        self.forgotten += self.store.forget()

    @invariant()
    def the_store_is_the_models(self) -> None:
        assert [run.id for run in reversed(RUNS.open_runs())] == list(self.store.open)
        for run in self.all:
            remembered = RUNS.ended(run.id)
            assert (remembered is not None) is (run in self.store.ended)
            if remembered is not None:
                assert remembered.span_context == run.span.get_span_context()

    @invariant()
    def each_strand_is_where_the_model_says(self) -> None:
        for strand in self.all_strands:
            if self._is_hidden(strand):
                continue
            span = strand.do(trace.get_current_span).get_span_context()
            assert (span.span_id or None) == id_at(strand.place)
            found = strand.do(current_run_id)
            open_here = [run.id for run in runs_at(strand.place) if run.is_open]
            assert found == (open_here[0] if open_here else None)

    @invariant()
    def a_span_has_ended_if_its_run_has(self) -> None:
        ended = self.tracing.lives.ended
        for run in self.all:
            assert ended.count(id_of(run.span)) == (0 if run.is_open else 1)

    def _is_running(self, call: Call) -> bool:
        return any(call in strand.levels for strand in self.all_strands)

    def teardown(self) -> None:
        try:
            self._wind_up()
        finally:
            for thread in self.threads:
                thread.shutdown()
            RUNS.max_open, RUNS._max_ended = self.limits
            RUNS.clear()
            health.failures.pop(LIMIT, None)

    def _wind_up(self) -> None:
        """Whatever was begun comes to its end; then nothing is left."""
        for strand in self.all_strands:
            while strand.innermost_call is not None:
                self.over(strand, "result")
        for run in list(self.store.open.values()):
            self._report_end(run, "result")
            self.store.end(run)
        self.the_store_is_the_models()
        self.each_strand_is_where_the_model_says()
        self.a_span_has_ended_if_its_run_has()
        assert len(RUNS) == 0
        assert health.failures[LIMIT] == len(self.store.evicted)
