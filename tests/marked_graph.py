"""Makes a graph whose node marks its place, and asks a model inside of a user's span."""

from typing import Any

from langgraph.graph import START, MessagesState, StateGraph

from models import Model
from recording import Tracing


def marked_graph(tracing: Tracing) -> Any:
    """The graph `steps`, of one node."""

    def node(state: MessagesState) -> Any:
        tracing.mark("in node")
        with tracing.user_span("mine"):
            return {"messages": [Model().invoke(state["messages"])]}

    builder = StateGraph(MessagesState)
    builder.add_node("node", node)
    builder.add_edge(START, "node")
    return builder.compile(name="steps")
