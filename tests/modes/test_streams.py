"""Streams are read in turns, moved, interrupted and dropped; none of it leaves anything behind."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableBranch
from opentelemetry.context import get_current

from modes import completions, lcel, models
from modes.drive import aconsumed, settled
from modes.graphs import EMPTY, async_node, chained, graph_of_functions, sync_node
from modes.probe import Build, Probe, sdk_span
from recording import Tracing, id_of
from waiting import Hold, timed_out


def branch_of_streams(probe: Probe) -> tuple[Any, Any]:
    """A branch whose chosen runnable streams."""
    return RunnableBranch(
        (lambda _: True, models.StreamingModel(probe=probe)), models.StreamingModel(probe=probe)
    ), "hi"


STREAMS: dict[str, Build] = {
    "generator": lcel.generators,
    "model": models.streaming_model,
    "completion": completions.streaming_completion,
    "branch": branch_of_streams,
    "graph": graph_of_functions,
}
each_stream = pytest.mark.parametrize("build", STREAMS.values(), ids=STREAMS.keys())


@each_stream
def test_two_streams_read_in_turns(build: Build, tracing: Tracing) -> None:
    """Each goes on in its own context, whatever the other did meanwhile."""
    probe = Probe(tracing)
    it, given = build(probe)
    with probe.watching() as config:
        for _ in zip(it.stream(given, config), it.stream(given, config), strict=True):
            probe.in_caller()
    probe.check()


@each_stream
async def test_two_async_streams_read_in_turns(build: Build, tracing: Tracing) -> None:
    """The same in one task."""
    probe = Probe(tracing)
    it, given = build(probe)
    with probe.watching() as config:
        other = it.astream(given, config)
        async for _ in it.astream(given, config):
            probe.in_caller()
            await anext(other)
            probe.in_caller()
        await other.aclose()
        await settled()
    probe.check()


@each_stream
def test_a_stream_that_moves_from_thread_to_thread(build: Build, tracing: Tracing) -> None:
    """Every thread that reads a chunk has its own context back afterwards."""
    probe = Probe(tracing)
    it, given = build(probe)

    def read(chunks: Iterator[Any]) -> bool:
        before = get_current()
        more = next(chunks, None) is not None
        assert get_current() is before
        return more

    with probe.watching() as config:
        chunks = it.stream(given, config)
        while read(chunks):
            with ThreadPoolExecutor(1) as pool:
                if not pool.submit(read, chunks).result():
                    break
    probe.check()


@each_stream
async def test_a_stream_that_moves_from_task_to_task(build: Build, tracing: Tracing) -> None:
    """Each chunk is awaited in a task of its own, with its own copy of the context."""
    probe = Probe(tracing)
    it, given = build(probe)

    async def read(chunks: AsyncIterator[Any]) -> Any:
        before = get_current()
        chunk = await anext(chunks, None)
        assert get_current() is before
        return chunk

    with probe.watching() as config:
        chunks = it.astream(given, config)
        while await asyncio.create_task(read(chunks)) is not None:
            probe.in_caller()
    probe.check()


@each_stream
def test_a_stream_that_is_closed_in_another_context(build: Build, tracing: Tracing) -> None:
    """Whoever closes it keeps the context that he has."""

    def close(chunks: Any) -> None:
        before = get_current()
        chunks.close()
        assert get_current() is before

    with tracing.user_span("there") as there:
        probe = Probe(tracing)
        it, given = build(probe)
        with probe.watching() as config:
            chunks = it.stream(given, config)
            next(chunks)
    copy_context().run(close, chunks)
    probe.check(sdk_span(there))


@each_stream
def test_an_exception_thrown_into_a_stream(build: Build, tracing: Tracing) -> None:
    """It comes out again; the caller's context is as before."""
    probe = Probe(tracing)
    it, given = build(probe)
    error = ValueError("mine")
    with probe.watching() as config:
        chunks = it.stream(given, config)
        next(chunks)
        with pytest.raises(ValueError, match="mine") as raised:
            chunks.throw(error)
        assert raised.value is error
        probe.in_caller()
    # Its frames hold what the stream read from, which is closed when it is freed.
    error.__traceback__ = raised = None  # type: ignore[assignment]
    del chunks
    gc.collect()
    probe.check()


@each_stream
async def test_an_exception_thrown_into_an_async_stream(build: Build, tracing: Tracing) -> None:
    """The same in async code."""
    probe = Probe(tracing)
    it, given = build(probe)
    error = ValueError("mine")
    with probe.watching() as config:
        chunks = it.astream(given, config)
        await anext(chunks)
        with pytest.raises(ValueError, match="mine") as raised:
            await chunks.athrow(error)
        assert raised.value is error
        probe.in_caller()
        error.__traceback__ = raised = None  # type: ignore[assignment]
        del chunks
        await settled()
    probe.check()


class Stuck(BaseChatModel):
    """A chat model that gives one chunk and then none, until it is cancelled."""

    hold: Any

    @property
    def _llm_type(self) -> str:
        return "stuck"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage("hi"))])

    async def _astream(self, *_: Any, **__: Any) -> AsyncIterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=AIMessageChunk(content="hi"))
        await self.hold.stay()


async def test_a_chunk_that_takes_too_long(tracing: Tracing) -> None:
    """A timeout around one chunk ends the model's span as cancelled, without an error."""
    probe = Probe(tracing)
    one, all_of_them = Hold(), Hold()
    with probe.watching() as config:
        chunks = Stuck(hold=one).astream("hi", config)
        await anext(chunks)
        await timed_out(anext(chunks), one)
        probe.in_caller()
        stream = Stuck(hold=all_of_them).astream("hi", config)
        await timed_out(aconsumed(stream, probe), all_of_them)
        probe.in_caller()
    probe.check()
    outcomes = [(span.attributes or {}).get("langchain.run.outcome") for span in tracing.spans]
    assert outcomes == ["cancelled"] * 2


def async_graph(probe: Probe) -> tuple[Any, Any]:
    """A graph of coroutines."""
    graph = chained(first=async_node(probe, "first"), second=sync_node(probe, "second"))
    return graph.compile(), EMPTY


UNCLOSED: dict[str, Build] = {**STREAMS, "graph": async_graph}


each_unclosed = pytest.mark.parametrize("build", UNCLOSED.values(), ids=UNCLOSED.keys())


@each_unclosed
def test_a_stream_that_is_open_when_the_loop_closes(
    build: Build, tracing: Tracing, caplog: pytest.LogCaptureFixture
) -> None:
    """The loop closes all generators at once: ours complain of nothing that LangChain's do not."""

    async def main(probe: Probe) -> None:
        it, given = build(probe)
        with probe.watching() as config:
            chunks = it.astream(given, config)
            await anext(chunks)
            kept.append(chunks)

    kept: list[Any] = []
    with tracing.off():
        asyncio.run(main(Probe(tracing)))
    complaints = len(caplog.records)
    asyncio.run(main(Probe(tracing)))
    assert len(caplog.records) == 2 * complaints
    assert {tracing.lives.ended.count(id_of(span)) for span in tracing.lives.started} == {1}


@each_unclosed
async def test_a_stream_that_is_garbage_in_a_cycle(
    build: Build, tracing: Tracing, caplog: pytest.LogCaptureFixture
) -> None:
    """The collector finds it and the loop closes it: once, in order, without a complaint."""

    async def dropped(probe: Probe) -> None:
        it, given = build(probe)
        with probe.watching() as config:
            cycle: list[Any] = [it.astream(given, config)]
            cycle.append(cycle)
            await anext(cycle[0])
            del cycle
            await settled()
            await settled()

    with tracing.off():
        await dropped(Probe(tracing))
    complaints = len(caplog.records)
    probe = Probe(tracing)
    await dropped(probe)
    assert len(caplog.records) == 2 * complaints
    probe.check()
