"""A handler with providers of its own beside the instrumentor: both see all of every run."""

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.tools import BaseTool, tool
from langgraph.graph import START, MessagesState, StateGraph

from langchain_otel import OpenTelemetryCallbackHandler, semconv
from models import Model, Retriever
from recording import Tracing
from waiting import Hold, timed_out


def slow_tool(hold: Hold) -> BaseTool:
    @tool
    async def slow(text: str) -> str:
        """Take too long."""
        await hold.stay()
        return text

    return slow


@pytest.fixture
def other() -> Tracing:
    return Tracing()


@pytest.fixture
def config(other: Tracing) -> Any:
    return {"callbacks": [OpenTelemetryCallbackHandler(tracer_provider=other.tracer_provider)]}


SLOW: dict[str, Callable[[Hold], Any]] = {
    "model": lambda hold: Model(hold=hold),
    "retriever": lambda hold: Retriever(hold=hold),
    "tool": slow_tool,
}


@pytest.mark.parametrize("kind", SLOW)
async def test_cancelled_run(kind: str, tracing: Tracing, other: Tracing, config: Any) -> None:
    """A cancellation, which LangChain reports to nobody, ends the run for both."""
    hold = Hold()
    await timed_out(SLOW[kind](hold).ainvoke("hello", config), hold)
    for one in (tracing, other):
        (span,) = one.spans
        assert (span.attributes or {})[semconv.RUN_OUTCOME] == "cancelled"


def test_graph(tracing: Tracing, other: Tracing, config: Any) -> None:
    """A graph is a workflow to both."""
    graph = StateGraph(MessagesState)
    graph.add_node("node", lambda _: {"messages": []})
    graph.add_edge(START, "node")
    graph.compile(name="g").invoke({"messages": []}, config)
    assert tracing.tree() == other.tree() == "invoke_workflow g\n  node"
