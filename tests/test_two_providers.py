"""A handler with providers of its own beside the instrumentor: both see all of every run."""

import asyncio
from typing import Any

import pytest
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph

from langchain_otel import OpenTelemetryCallbackHandler, semconv
from models import A_MOMENT, Model, Retriever
from recording import Tracing


@tool
async def slow_tool(text: str) -> str:
    """Take too long."""
    await asyncio.Event().wait()
    return text


@pytest.fixture
def other() -> Tracing:
    return Tracing()


@pytest.fixture
def config(other: Tracing) -> Any:
    return {"callbacks": [OpenTelemetryCallbackHandler(tracer_provider=other.tracer_provider)]}


SLOW = {"model": Model(delay=60), "retriever": Retriever(delay=60), "tool": slow_tool}


@pytest.mark.parametrize("kind", SLOW)
async def test_cancelled_run(kind: str, tracing: Tracing, other: Tracing, config: Any) -> None:
    """A cancellation, which LangChain reports to nobody, ends the run for both."""
    runnable: Any = SLOW[kind]
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(runnable.ainvoke("hello", config), A_MOMENT)
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
