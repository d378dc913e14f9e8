"""Knows the programs that are LangGraph graphs."""

import asyncio
import operator
from importlib.metadata import version
from typing import Annotated, Any, TypedDict

from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableLambda
from langgraph.func import entrypoint, task
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Send, StreamWriter

from modes.lcel import Bare, step
from modes.models import StreamingModel
from modes.probe import ASYNC, GRAPH, Probe, Programs

PROGRAMS = Programs(GRAPH)

# Before LangGraph 1.1 a task's result is lost to its caller in these modes.
LANGGRAPH = tuple(int(number) for number in version("langgraph").split(".")[:2])
NO_EVENTS = frozenset(("astream_events", "astream_log") if LANGGRAPH < (1, 1) else ())


class State(TypedDict):
    """A list that every node adds its name to."""

    seen: Annotated[list[str], operator.add]


def node(probe: Probe, name: str) -> Any:
    """A node with both forms."""

    def call(_: Any) -> Any:
        probe.mark(name)
        return {"seen": [name]}

    async def acall(_: Any) -> Any:
        probe.mark(name)
        await asyncio.sleep(0)
        probe.mark(name)
        return {"seen": [name]}

    return RunnableLambda(call, acall, name=name)


def sync_node(probe: Probe, name: str) -> Any:
    """A node that is a plain function."""

    def call(_: State) -> Any:
        probe.mark(name)
        return {"seen": [name]}

    return call


def async_node(probe: Probe, name: str) -> Any:
    """A node that is a coroutine function."""

    async def acall(_: State) -> Any:
        probe.mark(name)
        await asyncio.sleep(0)
        probe.mark(name)
        return {"seen": [name]}

    return acall


EMPTY: State = {"seen": []}


def chained(**nodes: Any) -> StateGraph[Any, Any, Any, Any]:
    """A graph of nodes one after the other."""
    graph = StateGraph(State)
    before = START
    for name, body in nodes.items():
        graph.add_node(name, body)
        graph.add_edge(before, name)
        before = name
    return graph


@PROGRAMS.add("first", "second")
def graph_of_functions(probe: Probe) -> tuple[Any, Any]:
    graph = chained(first=sync_node(probe, "first"), second=sync_node(probe, "second"))
    return graph.compile(), EMPTY


@PROGRAMS.add("first", "second", "third", kinds=ASYNC)
def graph_of_coroutines(probe: Probe) -> tuple[Any, Any]:
    return chained(
        first=async_node(probe, "first"),
        second=sync_node(probe, "second"),
        third=async_node(probe, "third"),
    ).compile(), EMPTY


@PROGRAMS.add("first", "route", "left")
def graph_with_a_condition(probe: Probe) -> tuple[Any, Any]:
    def route(_: State) -> str:
        probe.mark("route")
        return "left"

    graph = chained(first=sync_node(probe, "first"))
    for name in ("left", "right"):
        graph.add_node(name, sync_node(probe, name))
    graph.add_conditional_edges("first", route, ["left", "right"])
    return graph.compile(), EMPTY


@PROGRAMS.add("first", "route", "left", kinds=ASYNC)
def graph_with_an_async_condition(probe: Probe) -> tuple[Any, Any]:
    async def route(_: State) -> str:
        probe.mark("route")
        await asyncio.sleep(0)
        probe.mark("route")
        return "left"

    graph = chained(first=async_node(probe, "first"))
    for name in ("left", "right"):
        graph.add_node(name, async_node(probe, name))
    graph.add_conditional_edges("first", route, ["left", "right"])
    return graph.compile(), EMPTY


@PROGRAMS.add("left", "right", "joined")
def graph_with_parallel_nodes(probe: Probe) -> tuple[Any, Any]:
    graph = StateGraph(State)
    for name in ("left", "right"):
        graph.add_node(name, node(probe, name))
        graph.add_edge(START, name)
    graph.add_node("joined", node(probe, "joined"))
    graph.add_edge(["left", "right"], "joined")
    return graph.compile(), EMPTY


@PROGRAMS.add("plan", "fan_out", "work")
def graph_that_fans_out(probe: Probe) -> tuple[Any, Any]:
    def fan_out(_: State) -> list[Send]:
        probe.mark("fan_out")
        return [Send("work", {"seen": []}) for _ in range(3)]

    graph = chained(plan=sync_node(probe, "plan"))
    graph.add_node("work", sync_node(probe, "work"))
    graph.add_conditional_edges("plan", fan_out, ["work"])
    return graph.compile(), EMPTY


@PROGRAMS.add("inner", "outer")
def subgraph_as_node(probe: Probe) -> tuple[Any, Any]:
    inner = chained(inner=node(probe, "inner")).compile()
    return chained(nested=inner, outer=sync_node(probe, "outer")).compile(), EMPTY


@PROGRAMS.add("inner", "outer")
def subgraph_called_in_a_node(probe: Probe) -> tuple[Any, Any]:
    inner = chained(inner=node(probe, "inner")).compile(name="inner_graph")

    def call(_: Any) -> Any:
        for _ in inner.stream(EMPTY):
            probe.mark("outer")
        probe.mark("outer")
        return inner.invoke(EMPTY)

    async def acall(_: Any) -> Any:
        async for _ in inner.astream(EMPTY):
            probe.mark("outer")
        probe.mark("outer")
        return await inner.ainvoke(EMPTY)

    return chained(outer=RunnableLambda(call, acall, name="outer")).compile(), EMPTY


@PROGRAMS.add("call_model", "StreamingModel", "double")
def graph_with_a_model(probe: Probe) -> tuple[Any, Any]:
    model = StreamingModel(probe=probe)
    chain = step(probe, "double", lambda messages: messages) | model

    def call(state: MessagesState) -> Any:
        probe.mark("call_model")
        return {"messages": [chain.invoke(state["messages"])]}

    async def acall(state: MessagesState) -> Any:
        probe.mark("call_model")
        answer = await chain.ainvoke(state["messages"])
        probe.mark("call_model")
        return {"messages": [answer]}

    graph = StateGraph(MessagesState)
    graph.add_node("call_model", RunnableLambda(call, acall, name="call_model"))
    graph.add_edge(START, "call_model")
    return graph.compile(), {"messages": [HumanMessage("hi")]}


@PROGRAMS.add("StreamingModel")
def graph_whose_node_is_a_model(probe: Probe) -> tuple[Any, Any]:
    graph = StateGraph(MessagesState)
    model = StreamingModel(probe=probe)
    graph.add_node("model", (lambda state: state["messages"]) | model | dict_of_messages)
    graph.add_edge(START, "model")
    return graph.compile(), {"messages": [HumanMessage("hi")]}


def dict_of_messages(message: Any) -> Any:
    """What a message adds to the state."""
    return {"messages": [message]}


@PROGRAMS.add("bare")
def graph_whose_node_is_bare(probe: Probe) -> tuple[Any, Any]:
    return chained(bare=Bare(probe, "bare")).compile(), EMPTY


@PROGRAMS.add("breaks", raises=ValueError)
def graph_that_fails(probe: Probe) -> tuple[Any, Any]:
    def breaks(_: State) -> Any:
        probe.mark("breaks")
        raise ValueError("broken")

    return chained(breaks=breaks, never=sync_node(probe, "never")).compile(), EMPTY


@PROGRAMS.add("writes")
def graph_that_writes_to_the_stream(probe: Probe) -> tuple[Any, Any]:
    def writes(_: State, writer: StreamWriter) -> Any:
        probe.mark("writes")
        writer("said")
        probe.mark("writes")
        return {"seen": ["writes"]}

    return chained(writes=writes).compile(), EMPTY


@PROGRAMS.add("flow", "job", not_in=NO_EVENTS)
def functional(probe: Probe) -> tuple[Any, Any]:
    @task
    def job(number: int) -> int:
        probe.mark("job")
        return number

    @entrypoint()
    def flow(number: int) -> int:
        probe.mark("flow")
        futures = [job(number), job(number)]
        result = sum(future.result() for future in futures)
        probe.mark("flow")
        return result

    return flow, 1


@PROGRAMS.add("flow", "job", kinds=ASYNC, not_in=NO_EVENTS)
def functional_async(probe: Probe) -> tuple[Any, Any]:
    @task
    async def job(number: int) -> int:
        probe.mark("job")
        await asyncio.sleep(0)
        probe.mark("job")
        return number

    @entrypoint()
    async def flow(number: int) -> int:
        probe.mark("flow")
        result = sum(await asyncio.gather(job(number), job(number)))
        probe.mark("flow")
        return result

    return flow, 1
