"""Knows graphs that ask a person something, each in another way, and how they are driven."""

import asyncio
from collections.abc import Callable
from typing import Any, TypedDict

from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.errors import NodeInterrupt
from langgraph.func import entrypoint, task
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, Send, interrupt

NAME = "approval"
QUESTION = "may-I-question"

Saver = BaseCheckpointSaver[Any]


class State(TypedDict, total=False):
    """What is asked for, and what a person said."""

    text: str


def prepare(_: Any) -> Any:
    return {"text": "prepared"}


def ask(_: Any) -> Any:
    return {"text": interrupt(QUESTION)}


def graph_of(*nodes: Any) -> Any:
    """A graph of named functions, one after the other."""
    graph: Any = StateGraph(State)
    before = START
    for node in nodes:
        graph.add_node(node.__name__, node)
        graph.add_edge(before, node.__name__)
        before = node.__name__
    return graph


def in_node(saver: Saver) -> Any:
    return graph_of(prepare, ask).compile(saver, name=NAME)


def in_subgraph(saver: Saver) -> Any:
    graph: Any = StateGraph(State)
    graph.add_node("inner", graph_of(ask).compile(name="inner_graph"))
    graph.add_edge(START, "inner")
    return graph.compile(saver, name=NAME)


def in_called_subgraph(saver: Saver) -> Any:
    inner = graph_of(ask).compile(name="inner_graph")

    def outer(state: Any) -> Any:
        return inner.invoke(state)

    return graph_of(outer).compile(saver, name=NAME)


@tool
def order(dish: str) -> str:
    """Order a dish."""
    return f"{dish}: {interrupt(QUESTION)}"


def in_tool(saver: Saver) -> Any:
    call = {"name": "order", "args": {"dish": "soup"}, "id": "call_1", "type": "tool_call"}

    def model(_: Any) -> Any:
        return {"messages": [AIMessage("", tool_calls=[call])]}

    graph: Any = StateGraph(MessagesState)
    graph.add_node("model", model)
    graph.add_node("tools", ToolNode([order]))
    graph.add_edge(START, "model")
    graph.add_edge("model", "tools")
    return graph.compile(saver, name=NAME)


def before_a_node(saver: Saver) -> Any:
    return graph_of(prepare, act).compile(saver, name=NAME, interrupt_before=["act"])


def after_a_node(saver: Saver) -> Any:
    return graph_of(prepare, act).compile(saver, name=NAME, interrupt_after=["prepare"])


def act(_: Any) -> Any:
    return {"text": "done"}


def by_exception(saver: Saver) -> Any:
    def raises(state: Any) -> Any:
        if state.get("text") == "prepared":
            raise NodeInterrupt(QUESTION)
        return {}

    return graph_of(prepare, raises).compile(saver, name=NAME)


def several_at_once(saver: Saver) -> Any:
    def fan_out(_: Any) -> Any:
        return [Send("ask", {"text": str(number)}) for number in range(3)]

    def ask_each(_: Any) -> Any:
        interrupt(QUESTION)
        return {}

    graph: Any = StateGraph(State)
    graph.add_node("prepare", prepare)
    graph.add_node("ask", ask_each)
    graph.add_edge(START, "prepare")
    graph.add_conditional_edges("prepare", fan_out, ["ask"])
    return graph.compile(saver, name=NAME)


def in_a_task(saver: Saver) -> Any:
    @task
    def asks() -> Any:
        return interrupt(QUESTION)

    @entrypoint(checkpointer=saver)
    def approval(_: Any) -> Any:
        return asks().result()

    return approval


def twice(saver: Saver) -> Any:
    def ask_twice(_: Any) -> Any:
        return {"text": interrupt(QUESTION) + interrupt(QUESTION)}

    return graph_of(prepare, ask_twice).compile(saver, name=NAME)


WAYS: dict[str, tuple[Callable[[Saver], Any], int]] = {
    "node": (in_node, 1),
    "subgraph": (in_subgraph, 1),
    "called_subgraph": (in_called_subgraph, 1),
    "tool": (in_tool, 1),
    "before": (before_a_node, 0),
    "after": (after_a_node, 0),
    "exception": (by_exception, 1),
    "several": (several_at_once, 3),
    "task": (in_a_task, 1),
}
"""By name: what makes the graph, and how many interrupts there are at once."""

START_INPUT: dict[str, Any] = {"text": "start", "messages": []}


def config_of(thread: str) -> Any:
    """The configuration of a conversation."""
    return {"configurable": {"thread_id": thread}}


def invoke(graph: Any, given: Any, thread: str, **options: Any) -> Any:
    return graph.invoke(given, config_of(thread), **options)


def stream(graph: Any, given: Any, thread: str, **options: Any) -> Any:
    return list(graph.stream(given, config_of(thread), **options))


def ainvoke(graph: Any, given: Any, thread: str, **options: Any) -> Any:
    return asyncio.run(graph.ainvoke(given, config_of(thread), **options))


def astream(graph: Any, given: Any, thread: str, **options: Any) -> Any:
    async def read() -> Any:
        return [chunk async for chunk in graph.astream(given, config_of(thread), **options)]

    return asyncio.run(read())


DRIVES = {"invoke": invoke, "stream": stream, "ainvoke": ainvoke, "astream": astream}


def answer(graph: Any, thread: str) -> Command[Any]:
    """What a person says to all that was asked."""
    state = graph.get_state(config_of(thread))
    pending = [asked for task in state.tasks for asked in task.interrupts]
    if len(pending) > 1:
        return Command(resume={asked.id: "yes" for asked in pending})
    return Command(resume="yes")
