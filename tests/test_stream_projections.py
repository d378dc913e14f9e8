"""Version 3 of the events, by its projections: of graphs, their subgraphs and real agents."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_openai import ChatOpenAI

from langchain_otel import semconv
from langchain_otel.outcome import CANCELLED, CLOSED
from modes.drive import VERSION_3, experimental, settled
from modes.loops import question
from modes.probe import GRAPH, Probe
from modes.streaming import BODIES, graph, on_a_thread
from modes.tools import add_tool
from observation import plain
from openai_server import ModelServer, start_server
from recording import Tracing

pytestmark = pytest.mark.skipif(not VERSION_3 & GRAPH, reason="LangGraph has no version 3 of events")


def transformers() -> list[Any]:
    """What makes the projections that a stream has only where it is asked for them."""
    from langgraph.stream import transformers as known

    names = ("Updates", "Custom", "Checkpoints", "Debug", "Tasks")
    return [getattr(known, f"{name}Transformer") for name in names]


def messages(run: Any, probe: Probe) -> Iterator[Any]:
    for message in run.messages:
        for text in message.text:
            probe.in_caller()
            yield text
        yield message.output


def subgraphs(run: Any, probe: Probe) -> Iterator[Any]:
    for subgraph in run.subgraphs:
        probe.in_caller()
        yield subgraph.path
        for message in subgraph.messages:
            probe.in_caller()
            yield "".join(message.text)
        yield subgraph.output


def each(name: str) -> Callable[[Any, Probe], Iterator[Any]]:
    def items(run: Any, probe: Probe) -> Iterator[Any]:
        for item in getattr(run, name):
            probe.in_caller()
            yield item

    return items


def interleaved(run: Any, probe: Probe) -> Iterator[Any]:
    for name, item in run.interleave("values", "updates", "custom"):
        probe.in_caller()
        yield name, item


PROJECTIONS: dict[str, Callable[[Any, Probe], Iterator[Any]]] = {
    "messages": messages,
    "subgraphs": subgraphs,
    "interleaved": interleaved,
    **{
        name: each(name)
        for name in ("values", "lifecycle", "updates", "custom", "checkpoints", "debug", "tasks")
    },
}


def projected(name: str, probe: Probe) -> list[str]:
    with probe.watching() as config, experimental():
        run = graph(probe).stream_events(
            question(), on_a_thread(config), version="v3", transformers=transformers()
        )
        items = list(PROJECTIONS[name](run, probe))
        items.append(run.output)
    return [plain(item) for item in items]


@pytest.mark.parametrize("name", PROJECTIONS)
def test_a_projection(name: str, tracing: Tracing) -> None:
    """It has the items that it has without us; the trace is whole."""
    with tracing.off():
        expected = projected(name, Probe(tracing))
    probe = Probe(tracing)
    assert projected(name, probe) == expected
    assert len(expected) > 1
    probe.check()
    assert {mark.name for mark in probe.marks} == BODIES


async def aprojected(names: tuple[str, ...], probe: Probe) -> list[list[str]]:
    """Several projections, each read by a task of its own."""

    async def read(run: Any, name: str) -> list[Any]:
        items = []
        async for item in getattr(run, name):
            items.append(await item if name == "messages" else item)
        return items

    with probe.watching() as config, experimental():
        run = await graph(probe).astream_events(
            question(), on_a_thread(config), version="v3", transformers=transformers()
        )
        read_items = await asyncio.gather(*(read(run, name) for name in names))
        await run.output()
    return [[plain(item) for item in items] for items in read_items]


@pytest.mark.parametrize(
    "names", [("messages",), ("values", "messages", "custom"), ("updates", "tasks", "debug")]
)
async def test_async_projections_side_by_side(names: tuple[str, ...], tracing: Tracing) -> None:
    """The same in asynchronous code, where any of the readers may move the graph on."""
    with tracing.off():
        expected = await aprojected(names, Probe(tracing))
    probe = Probe(tracing)
    assert await aprojected(names, probe) == expected
    assert all(expected)
    probe.check()
    assert {mark.name for mark in probe.marks} == BODIES
