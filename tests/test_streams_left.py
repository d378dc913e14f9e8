"""The stream of a graph with subgraphs that is left half-read: every run ends, and none is red."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import aclosing, closing, suppress
from typing import Any

import pytest

from langchain_otel import semconv
from langchain_otel.runs.outcome import CANCELLED, CLOSED
from modes.drive import settled
from modes.loops import question
from modes.probe import Probe
from modes.streaming import graph, on_a_thread
from recording import Tracing
from waiting import until

pytestmark = pytest.mark.usefixtures("wrapped_once")

MODES = ("messages", ["values", "updates", "messages", "custom", "debug"])
READ = (1, 4, 7)
"""In the first node, in the subgraph that is a node, and behind it."""


class LeftError(Exception):
    """The consumer fails."""


def read(chunks: Any, count: int, probe: Probe) -> None:
    for _ in range(count):
        next(chunks)
        probe.in_caller()


async def aread(chunks: Any, count: int, probe: Probe) -> None:
    for _ in range(count):
        await anext(chunks)
        probe.in_caller()


def closes(chunks: Any, count: int, probe: Probe) -> None:
    read(chunks, count, probe)
    chunks.close()


def fails(chunks: Any, count: int, probe: Probe) -> None:
    with suppress(LeftError), closing(chunks):
        read(chunks, count, probe)
        raise LeftError


def drops(chunks: Any, count: int, probe: Probe) -> None:
    read(chunks, count, probe)
    cycle = [chunks]
    cycle.append(cycle)
    del chunks, cycle


async def acloses(chunks: Any, count: int, probe: Probe) -> None:
    await aread(chunks, count, probe)
    await chunks.aclose()


async def afails(chunks: Any, count: int, probe: Probe) -> None:
    with suppress(LeftError):
        async with aclosing(chunks):
            await aread(chunks, count, probe)
            raise LeftError


async def adrops(chunks: Any, count: int, probe: Probe) -> None:
    await aread(chunks, count, probe)


async def times_out(chunks: Any, count: int, probe: Probe) -> None:
    """The time is up while the consumer does something else."""
    with suppress(TimeoutError):
        async with asyncio.timeout(None) as limit, aclosing(chunks):
            await aread(chunks, count, probe)
            limit.reschedule(asyncio.get_running_loop().time())
            await asyncio.Event().wait()
    assert limit.expired()


async def is_cancelled(chunks: Any, count: int, probe: Probe) -> None:
    """The cancellation meets the consumer while it waits for a chunk, in the body of a node."""

    async def consume() -> None:
        await aread(chunks, count, probe)
        reading.set()
        async for _ in chunks:
            probe.in_caller()

    reading = asyncio.Event()
    consumer = asyncio.create_task(consume())
    await reading.wait()
    marks = len(probe.marks)
    await until(lambda: len(probe.marks) > marks or consumer.done())
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer


def outcome_of_root(tracing: Tracing) -> Any:
    (root,) = [span for span in tracing.spans if span.name.startswith("invoke_workflow")][-1:]
    return (root.attributes or {}).get(semconv.RUN_OUTCOME)


@pytest.mark.parametrize("count", READ)
@pytest.mark.parametrize("mode", MODES, ids=["messages", "many"])
@pytest.mark.parametrize("leave", [closes, fails, drops], ids=lambda leave: leave.__name__)
def test_a_stream_that_is_left(
    leave: Callable[..., None], mode: Any, count: int, tracing: Tracing
) -> None:
    """Closed, with an exception of the consumer, or dropped: the graph was closed."""
    probe = Probe(tracing)
    with probe.watching() as config:
        it = graph(probe)
        options = {"stream_mode": mode, "subgraphs": True}
        leave(it.stream(question(), on_a_thread(config), **options), count, probe)
        gc.collect()
    probe.check()
    assert outcome_of_root(tracing) == CLOSED


@pytest.mark.parametrize("count", READ)
@pytest.mark.parametrize("mode", MODES, ids=["messages", "many"])
@pytest.mark.parametrize(
    ("leave", "outcome"),
    [
        (acloses, CLOSED),
        (afails, CLOSED),
        (adrops, CLOSED),
        (times_out, CLOSED),
        (is_cancelled, CANCELLED),
    ],
    ids=lambda leave: getattr(leave, "__name__", ""),
)
async def test_an_async_stream_that_is_left(
    leave: Callable[..., Any], outcome: str, mode: Any, count: int, tracing: Tracing
) -> None:
    """The same in asynchronous code; where the wait for a chunk is cancelled the graph is too."""
    probe = Probe(tracing)
    with probe.watching() as config:
        it = graph(probe)
        options = {"stream_mode": mode, "subgraphs": True}
        await leave(it.astream(question(), on_a_thread(config), **options), count, probe)
        await settled()
        await settled()
    probe.check()
    assert outcome_of_root(tracing) == outcome
