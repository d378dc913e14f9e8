"""A graph that is streamed, in all of LangGraph's modes: the same chunks, and the whole trace."""

import asyncio
import gc
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing, suppress
from typing import Any, get_args

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.config import get_stream_writer
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.pregel import Pregel
from langgraph.types import StreamMode

from langchain_otel import semconv
from langchain_otel.outcome import CANCELLED, CLOSED
from modes.drive import settled
from modes.loops import calls, question, tool_loop
from modes.probe import Probe
from modes.tools import add_tool
from observation import plain
from recording import Tracing

HAS_TOOLS_MODE = "StreamToolCallHandler" in vars(inspect.getmodule(Pregel))  # type: ignore[arg-type]
EACH = [*get_args(StreamMode), *(["tools"] if HAS_TOOLS_MODE else [])]
MODES = [*EACH, EACH]
VERSIONS = ("v1", "v2") if "version" in inspect.signature(Pregel.stream).parameters else ("v1",)
CELLS = [
    pytest.param(
        {
            "stream_mode": mode,
            "subgraphs": subgraphs,
            **({} if version == "v1" else {"version": version}),
        },
        id=f"{mode if isinstance(mode, str) else 'all'}-{'subgraphs' if subgraphs else 'flat'}-{version}",
    )
    for mode in MODES
    for subgraphs in (False, True)
    for version in VERSIONS
]

BODIES = {"first", "call_model", "StreamingModel", "add", "hand_on", "inner"}


def graph(probe: Probe) -> Any:
    """A graph with a subgraph as a node and one that a node calls, a model, a tool, a writer."""

    def say(name: str) -> Any:
        async def acall(_: MessagesState) -> Any:
            return call(_)

        def call(_: MessagesState) -> Any:
            probe.mark(name)
            get_stream_writer()({"said by": name})
            probe.mark(name)
            return {"messages": [HumanMessage(name, id=name)]}

        return RunnableLambda(call, acall, name=name)

    within = StateGraph(MessagesState)
    within.add_node("inner", say("inner"))
    within.add_edge(START, "inner")
    called = within.compile(name="called")

    def hand_on(state: MessagesState) -> Any:
        probe.mark("hand_on")
        result = called.invoke(state)
        probe.mark("hand_on")
        return result

    async def ahand_on(state: MessagesState) -> Any:
        probe.mark("hand_on")
        result = await called.ainvoke(state)
        probe.mark("hand_on")
        return result

    loop, _ = tool_loop(probe, [calls("add"), AIMessage("done")], [add_tool(probe)])
    outer = StateGraph(MessagesState)
    outer.add_node("first", say("first"))
    outer.add_node("loop", loop)
    outer.add_node("hand_on", RunnableLambda(hand_on, ahand_on, name="hand_on"))
    outer.add_edge(START, "first")
    outer.add_edge("first", "loop")
    outer.add_edge("loop", "hand_on")
    return outer.compile(InMemorySaver())


def on_a_thread(config: Any) -> Any:
    return {**config, "configurable": {"thread_id": "1"}}


def streamed(probe: Probe, options: dict[str, Any]) -> list[str]:
    """The chunks of the graph, without what differs from run to run."""
    chunks = []
    with probe.watching() as config:
        for chunk in graph(probe).stream(question(), on_a_thread(config), **options):
            probe.in_caller()
            chunks.append(chunk)
    # LangGraph still gives ids to messages after it has handed them out.
    return [plain(chunk) for chunk in chunks]


async def astreamed(probe: Probe, options: dict[str, Any]) -> list[str]:
    """The same in asynchronous code."""
    chunks = []
    with probe.watching() as config:
        async for chunk in graph(probe).astream(question(), on_a_thread(config), **options):
            probe.in_caller()
            chunks.append(chunk)
    return [plain(chunk) for chunk in chunks]


def check(probe: Probe) -> None:
    probe.check()
    assert {mark.name for mark in probe.marks} == BODIES


@pytest.mark.parametrize("options", CELLS)
def test_a_stream_mode(options: dict[str, Any], tracing: Tracing) -> None:
    """Each chunk is what it is without us, and every body has its own span around it."""
    with tracing.off():
        expected = streamed(Probe(tracing), options)
    probe = Probe(tracing)
    assert streamed(probe, options) == expected
    assert expected or not options["subgraphs"]
    check(probe)


@pytest.mark.parametrize("options", CELLS)
async def test_an_async_stream_mode(options: dict[str, Any], tracing: Tracing) -> None:
    """The same in asynchronous code."""
    with tracing.off():
        expected = await astreamed(Probe(tracing), options)
    probe = Probe(tracing)
    assert await astreamed(probe, options) == expected
    assert expected or not options["subgraphs"]
    check(probe)
