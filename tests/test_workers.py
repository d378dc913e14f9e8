"""Work that an application hands to other threads and loops: whose trace it is in, and what stays.

A context that is copied takes the request's span along; one that is not begins a trace of its own.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest
from opentelemetry.context import get_current

from modes.graphs import EMPTY, chained, node
from modes.probe import Probe, trace_of
from recording import Tracing, id_of

WAYS = 2
"""The graph is run, and streamed."""


@pytest.fixture
def graph(tracing: Tracing) -> Any:
    return chained(first=node(Probe(tracing), "first")).compile()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """One thread, which does all work one after the other."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def read(graph: Any) -> None:
    """Run it and stream it, and have the thread's context as it was."""
    before = get_current()
    graph.invoke(EMPTY)
    for _ in graph.stream(EMPTY):
        assert get_current() is before
    assert get_current() is before


async def aread(graph: Any) -> None:
    """The same in asynchronous code."""
    before = get_current()
    await graph.ainvoke(EMPTY)
    async for _ in graph.astream(EMPTY):
        assert get_current() is before
    assert get_current() is before


def in_a_loop_of_its_own(graph: Any) -> None:
    asyncio.run(aread(graph))


def parents(tracing: Tracing) -> list[str | None]:
    """The names of the spans that the graphs hang under."""
    names = {id_of(span): span.name for span in tracing.spans}
    graphs = [span for span in tracing.spans if span.name.startswith("invoke_workflow")]
    return [names[span.parent.span_id] if span.parent else None for span in graphs]


each_work = pytest.mark.parametrize("work", [read, in_a_loop_of_its_own])


@each_work
async def test_work_with_a_copied_context_is_in_the_trace_of_the_request(
    work: Callable[[Any], None], graph: Any, pool: ThreadPoolExecutor, tracing: Tracing
) -> None:
    """Each request's work hangs under it, though all share a thread; the thread keeps nothing."""
    loop = asyncio.get_running_loop()
    for request in ("first request", "second request"):
        with tracing.user_span(request):
            await loop.run_in_executor(pool, copy_context().run, work, graph)
    assert parents(tracing) == ["first request"] * WAYS + ["second request"] * WAYS
    assert await loop.run_in_executor(pool, get_current) == {}


@each_work
async def test_work_without_the_context_is_a_trace_of_its_own(
    work: Callable[[Any], None], graph: Any, pool: ThreadPoolExecutor, tracing: Tracing
) -> None:
    """A bare executor takes no context along: every run is a root, none is under another one."""
    loop = asyncio.get_running_loop()
    with tracing.user_span("request"):
        await loop.run_in_executor(pool, work, graph)
        await loop.run_in_executor(pool, work, graph)
    assert parents(tracing) == [None] * 2 * WAYS
    assert await loop.run_in_executor(pool, get_current) == {}
    graphs = [span for span in tracing.spans if span.name.startswith("invoke_workflow")]
    assert len({trace_of(span) for span in graphs}) == 2 * WAYS


@each_work
async def test_work_by_to_thread_is_in_the_trace_of_the_request(
    work: Callable[[Any], None], graph: Any, tracing: Tracing
) -> None:
    """Many requests at once, each in a thread: none gets another one's work."""

    async def request(number: int) -> None:
        with tracing.user_span(f"request {number}"):
            await asyncio.to_thread(work, graph)

    await asyncio.gather(*(request(number) for number in range(8)))
    assert Counter(parents(tracing)) == {f"request {number}": WAYS for number in range(8)}


def test_a_loop_for_every_request(graph: Any, tracing: Tracing) -> None:
    """Requests that run a loop of their own each, one after the other, are a trace each."""
    for request in ("first request", "second request"):
        with tracing.user_span(request):
            in_a_loop_of_its_own(graph)
    assert parents(tracing) == ["first request"] * WAYS + ["second request"] * WAYS
