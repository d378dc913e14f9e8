"""Switches tracing on, off and elsewhere in any order, while runs are open."""

import asyncio
import gc
import importlib
import os
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule
from langchain_core.tracers import context as tracers_context
from opentelemetry import context as otel_context
from opentelemetry import trace

from langchain_otel import (
    LangChainInstrumentor,
    OpenTelemetryCallbackHandler,
    register_tenant,
    traced_with,
    unregister_tenant,
)
from langchain_otel.recording.tenants import TENANT_KEY, forget
from langchain_otel.runs.store import RUNS
from machines.switched_programs import PROGRAMS
from random_trees.strands import turned
from recording import Tracing, id_of
from wrapped_points import POINTS

PROVIDERS: Final = st.integers(0, 2)
CHUNKS: Final = 20
"""More chunks than any of the programs gives."""


def patched() -> list[Any]:
    """What stands at each patch point now, and what LangChain adds to each callback manager."""
    found: list[Any] = list(tracers_context._configure_hooks)
    for point in POINTS:
        owner: Any = sys.modules.get(point.module)
        for name in point.path.split("."):
            owner = vars(owner).get(name) if owner is not None else None
        found.append(owner)
    return found


@dataclass(eq=False)
class Stream:
    """A program that is under way, and the providers that have its root span."""

    run_id: UUID
    chunks: Any
    context: Context
    is_async: bool
    expected: frozenset[int]
    recorded: dict[int, int] = field(default_factory=dict)
    is_over: bool = False


class Switching(RuleBasedStateMachine):
    """One process whose tracing is switched while programs run."""

    streams = Bundle("streams")
    blocks = Bundle("blocks")

    def __init__(self) -> None:
        super().__init__()
        for point in POINTS:
            with suppress(ModuleNotFoundError):
                importlib.import_module(point.module)
        self.originals = patched()
        self.before = otel_context.get_current()
        self.loop = asyncio.new_event_loop()
        self.tracings = [Tracing() for _ in range(3)]
        self.active: int | None = None
        self.tenant: int | None = None
        self.entered: list[tuple[Any, int]] = []
        self.all: list[Stream] = []

    @precondition(lambda self: self.active is None)
    @rule(to=PROVIDERS, content=st.booleans())
    def instrument(self, to: int, content: bool) -> None:
        tracing = self.tracings[to]
        LangChainInstrumentor().instrument(
            tracer_provider=tracing.tracer_provider,
            meter_provider=tracing.meter_provider,
            capture_message_content=content,
        )
        self.active = to

    @precondition(lambda self: self.active is not None)
    @rule()
    def uninstrument(self) -> None:
        LangChainInstrumentor().uninstrument()
        self.active = None
        assert all(a is b for a, b in zip(patched(), self.originals, strict=True))

    @rule(target=blocks, to=PROVIDERS)
    def block(self, to: int) -> tuple[Any, int]:
        """A block of code begins that is traced elsewhere."""
        made = traced_with(tracer_provider=self.tracings[to].tracer_provider)
        made.__enter__()
        self.entered.append((made, to))
        return self.entered[-1]

    @rule(block=blocks)
    def block_over(self, block: tuple[Any, int]) -> None:
        """It ends, perhaps before one that began inside, perhaps once more."""
        block[0].__exit__(None, None, None)
        self.entered = [each for each in self.entered if each is not block]

    @rule(to=PROVIDERS)
    def tenant_known(self, to: int) -> None:
        register_tenant("acme", tracer_provider=self.tracings[to].tracer_provider)
        self.tenant = to

    @precondition(lambda self: self.tenant is not None)
    @rule()
    def tenant_unknown(self) -> None:
        unregister_tenant("acme")
        self.tenant = None

    @rule(
        target=streams,
        program=st.sampled_from(sorted(PROGRAMS)),
        is_async=st.booleans(),
        of_tenant=st.booleans(),
        handler=st.one_of(st.none(), PROVIDERS),
    )
    def begin(self, program: str, is_async: bool, of_tenant: bool, handler: int | None) -> Stream:
        """A program begins, in a context of its own, and gives its first chunk."""
        config: Any = {"run_id": uuid4(), "callbacks": []}
        if of_tenant and self.tenant is not None:
            config["metadata"] = {TENANT_KEY: "acme"}
        if handler is not None:
            provider = self.tracings[handler].tracer_provider
            config["callbacks"] = [OpenTelemetryCallbackHandler(tracer_provider=provider)]
        it = PROGRAMS[program]()
        chunks = (it.astream if is_async else it.stream)("hi", config)
        expected = self._expected(of_tenant=of_tenant) | (
            {handler} if handler is not None else set()
        )
        made = Stream(config["run_id"], chunks, copy_context(), is_async, frozenset(expected))
        self.all.append(made)
        self._next(made)
        head = RUNS.head(made.run_id)
        for run in [] if head is None else head.recordings():
            providers: list[Any] = [each.tracer_provider for each in self.tracings]
            made.recorded[providers.index(run.recorder.tracer_provider)] = id_of(run.span)
        assert made.recorded.keys() == made.expected
        return made

    def _expected(self, *, of_tenant: bool) -> set[int]:
        """The provider that the instrumentor's handler sends the root of a new program to."""
        if self.active is None:
            return set()
        if self.entered:
            return {self.entered[-1][1]}
        if of_tenant and self.tenant is not None:
            return {self.tenant}
        return {self.active}

    @rule(stream=streams)
    def next_chunk(self, stream: Stream) -> None:
        if not stream.is_over:
            self._next(stream)

    def _next(self, stream: Stream) -> None:
        done = object()
        if stream.is_async:
            got = self._turn(stream, lambda: anext(stream.chunks, done))
        else:
            got = stream.context.run(next, stream.chunks, done)
        if got is done:
            self._over(stream)

    def _turn(self, stream: Stream, begin: Callable[[], Any]) -> Any:
        async def awaited() -> Any:
            return await begin()

        task = stream.context.run(self.loop.create_task, awaited())
        return self.loop.run_until_complete(task)

    def _over(self, stream: Stream) -> None:
        stream.is_over = True
        stream.chunks = None
        assert RUNS.head(stream.run_id) is None
        for to, span_id in stream.recorded.items():
            assert self.tracings[to].lives.ended.count(span_id) == 1

    @rule(stream=streams)
    def read_on(self, stream: Stream) -> None:
        """The program comes to its end."""
        for _ in range(CHUNKS):
            if not stream.is_over:
                self._next(stream)
        assert stream.is_over

    @rule(stream=streams, drops=st.booleans())
    def closed(self, stream: Stream, drops: bool) -> None:
        """Nobody reads the program to its end."""
        if stream.is_over:
            return
        if drops:
            stream.chunks = None
        elif stream.is_async:
            self._turn(stream, stream.chunks.aclose)
        else:
            stream.context.run(stream.chunks.close)
        for _ in range(2):
            # What is dropped with a generator is closed by the loop, too, when it is collected.
            gc.collect()
            self.loop.run_until_complete(turned(20))
        self._over(stream)

    @rule()
    def forked(self) -> None:
        """The child of a fork ends no run of its parent, and has whole runs of its own."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            status = 1
            with suppress(BaseException):
                status = 0 if self._is_right_in_child() else 1
            os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "the child has failed"

    def _is_right_in_child(self) -> bool:
        was_empty = len(RUNS) == 0
        before = [len(tracing.lives.ended) for tracing in self.tracings]
        started = [len(tracing.lives.started) for tracing in self.tracings]
        for stream in self.all:
            if not (stream.is_over or stream.is_async):
                stream.context.run(stream.chunks.close)
        unended = [len(tracing.lives.ended) for tracing in self.tracings] == before
        list(PROGRAMS["sequence"]().stream("hi"))
        own = [
            len(tracing.lives.started) - count
            for tracing, count in zip(self.tracings, started, strict=True)
        ]
        ends = [
            len(tracing.lives.ended) - count
            for tracing, count in zip(self.tracings, before, strict=True)
        ]
        traced = self._expected(of_tenant=False)
        has_own = {number for number, count in enumerate(own) if count} == traced
        return was_empty and unended and own == ends and has_own and len(RUNS) == 0

    @invariant()
    def nothing_is_current(self) -> None:
        assert trace.get_current_span() is trace.INVALID_SPAN
        if not self.entered:
            assert otel_context.get_current() is self.before

    def teardown(self) -> None:
        try:
            for stream in self.all:
                self.read_on(stream)
            for block in list(self.entered):
                self.block_over(block)
            self.nothing_is_current()
        finally:
            # A handler wraps the functions whenever it hears of a run: the last one puts them back.
            if self.active is None:
                self.instrument(0, content=False)
            LangChainInstrumentor().uninstrument()
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()
            otel_context.attach(self.before)
            forget()
        assert all(a is b for a, b in zip(patched(), self.originals, strict=True))
        assert len(RUNS) == 0
        for tracing in self.tracings:
            lives = [tracing.lives.ended.count(id_of(span)) for span in tracing.lives.started]
            assert set(lives) <= {1}
