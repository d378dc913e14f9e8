"""Knows the programs that are loops of a model and its tools, built of LangGraph's parts."""

import warnings
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, create_react_agent, tools_condition

from modes.graphs import dict_of_messages
from modes.models import StreamingModel
from modes.probe import ASYNC, GRAPH, Probe, Programs
from modes.tools import Lookup, add_tool, wait_tool

PROGRAMS = Programs(GRAPH)


def question() -> dict[str, Any]:
    """A new input: LangGraph gives an id to the messages of the old one."""
    return {"messages": [HumanMessage("hi")]}


def calls(*names: str) -> AIMessage:
    """A model's wish to call tools."""
    given = {"add": {"a": 1, "b": 2}, "wait": {"a": 1}, "lookup": {"word": "hi"}}
    return AIMessage(
        "let me see",
        tool_calls=[
            {"name": name, "args": given[name], "id": str(number)}
            for number, name in enumerate(names)
        ],
    )


def tool_loop(probe: Probe, answers: list[AIMessage], tools: list[Any]) -> tuple[Any, Any]:
    """The classical loop of a model and its tools."""
    model = StreamingModel(probe=probe, answers=answers)

    def call(state: MessagesState) -> Any:
        probe.mark("call_model")
        return dict_of_messages(model.invoke(state["messages"]))

    async def acall(state: MessagesState) -> Any:
        probe.mark("call_model")
        return dict_of_messages(await model.ainvoke(state["messages"]))

    graph = StateGraph(MessagesState)
    graph.add_node("call_model", RunnableLambda(call, acall, name="call_model"))
    graph.add_node("tools", ToolNode(tools))
    graph.add_edge(START, "call_model")
    graph.add_conditional_edges("call_model", tools_condition, ["tools", END])
    graph.add_edge("tools", "call_model")
    return graph.compile(), question()


@PROGRAMS.add("call_model", "StreamingModel", "add", "lookup")
def tool_node(probe: Probe) -> tuple[Any, Any]:
    answers = [calls("add", "lookup", "add"), AIMessage("done")]
    return tool_loop(probe, answers, [add_tool(probe), Lookup(probe=probe)])


@PROGRAMS.add("call_model", "StreamingModel", "add", "wait", kinds=ASYNC)
def tool_node_with_async_tools(probe: Probe) -> tuple[Any, Any]:
    answers = [calls("wait", "add", "wait"), AIMessage("done")]
    return tool_loop(probe, answers, [add_tool(probe), wait_tool(probe)])


@PROGRAMS.add("StreamingModel", "add", "lookup")
def react_agent(probe: Probe) -> tuple[Any, Any]:
    model = StreamingModel(probe=probe, answers=[calls("add", "lookup"), AIMessage("done")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It is deprecated, and much used.
        return create_react_agent(model, [add_tool(probe), Lookup(probe=probe)]), question()
