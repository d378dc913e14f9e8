"""Knows a graph whose streams have everything: subgraphs, a model, a tool, words of its own."""

from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.config import get_stream_writer
from langgraph.graph import START, MessagesState, StateGraph

from modes.loops import calls, tool_loop
from modes.probe import Probe
from modes.tools import add_tool

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
