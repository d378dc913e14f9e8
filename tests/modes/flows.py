"""Knows the programs in which LangGraph steers: retries, hand-offs, interrupts, updates."""

from typing import Any
from uuid import uuid4

from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, RetryPolicy, interrupt

from modes.graphs import EMPTY, State, chained, node
from modes.lcel import failing
from modes.probe import GRAPH, Probe, Programs

PROGRAMS = Programs(GRAPH)


@PROGRAMS.add("flaky", "after")
def graph_whose_node_is_tried_again(probe: Probe) -> tuple[Any, Any]:
    work = failing(1, lambda _: {"seen": ["flaky"]})

    def flaky(state: State) -> Any:
        probe.mark("flaky")
        return work(state)

    policy = RetryPolicy(initial_interval=0, jitter=False, retry_on=ValueError)
    graph = StateGraph(State)
    graph.add_node("flaky", flaky, retry_policy=policy)
    graph.add_node("after", node(probe, "after"))
    graph.add_edge(START, "flaky")
    graph.add_edge("flaky", "after")
    return graph.compile(), EMPTY


@PROGRAMS.add("person", "first", "route", "left", traits=frozenset())
def graph_whose_state_is_updated(probe: Probe) -> tuple[Any, Any]:
    def route(_: State) -> str:
        probe.mark("route")
        return "left"

    graph = chained(first=node(probe, "first"))
    graph.add_node("left", node(probe, "left"))
    graph.add_conditional_edges("first", route, ["left"])
    compiled = graph.compile(InMemorySaver())

    def call(_: Any) -> Any:
        thread: Any = {"configurable": {"thread_id": str(uuid4())}}
        compiled.invoke(EMPTY, thread)
        probe.mark("person")
        compiled.update_state(thread, EMPTY, as_node="first")
        probe.mark("person")
        return compiled.invoke(None, thread)

    async def acall(_: Any) -> Any:
        thread: Any = {"configurable": {"thread_id": str(uuid4())}}
        await compiled.ainvoke(EMPTY, thread)
        probe.mark("person")
        await compiled.aupdate_state(thread, EMPTY, as_node="first")
        probe.mark("person")
        return await compiled.ainvoke(None, thread)

    return RunnableLambda(call, acall, name="person"), 1


@PROGRAMS.add("inner", "outer")
def graph_that_hands_off_to_its_parent(probe: Probe) -> tuple[Any, Any]:
    def inner(_: State) -> Command[Any]:
        probe.mark("inner")
        return Command(goto="outer", update={"seen": ["inner"]}, graph=Command.PARENT)

    graph = StateGraph(State)
    graph.add_node("nested", chained(inner=inner).compile())
    graph.add_node("outer", node(probe, "outer"))
    graph.add_edge(START, "nested")
    return graph.compile(), EMPTY


@PROGRAMS.add("person", "asks", "after", traits=frozenset())
def graph_that_is_interrupted_and_resumed(probe: Probe) -> tuple[Any, Any]:
    def asks(_: State) -> Any:
        probe.mark("asks")
        return {"seen": [interrupt("may I?")]}

    graph = chained(asks=asks, after=node(probe, "after")).compile(InMemorySaver())

    def call(_: Any) -> Any:
        thread: Any = {"configurable": {"thread_id": str(uuid4())}}
        graph.invoke(EMPTY, thread)
        probe.mark("person")
        return graph.invoke(Command(resume="yes"), thread)

    async def acall(_: Any) -> Any:
        thread: Any = {"configurable": {"thread_id": str(uuid4())}}
        async for _ in graph.astream(EMPTY, thread):
            probe.mark("person")
        return await graph.ainvoke(Command(resume="yes"), thread)

    return RunnableLambda(call, acall, name="person"), 1
