"""A span has one budget of content: attributes, events and the text of its status share it."""

from contextlib import suppress
from typing import Any

import pytest
from langchain_core.callbacks import (
    CallbackManagerForChainRun,
    CallbackManagerForRetrieverRun,
    dispatch_custom_event,
)
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan
from typing_extensions import TypedDict

from langchain_otel import health
from models import Model
from recording import Tracing, instrumented
from versions import classic

LIMIT = 20_000
# What is no content: names, ids, times, the attributes that say what a run is.
BESIDE = 25_000
BIG = "content " * 20_000


class State(TypedDict):
    text: str


class Finding(BaseRetriever):
    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        for _ in range(100):
            run_manager.on_text(BIG)
        return [Document(BIG)] * 50


@tool
def fail(text: str, run_manager: Any = None) -> str:
    """Fail with all that there is."""
    for _ in range(100):
        dispatch_custom_event("progress", {"data": BIG})
    raise ValueError(BIG)


def custom_events() -> None:
    def body(text: str) -> str:
        for number in range(100):
            dispatch_custom_event("progress", {"number": number, "data": [BIG] * 8})
        return BIG

    RunnableLambda(body).invoke(BIG)


def texts() -> None:
    def body(text: str, run_manager: CallbackManagerForChainRun) -> str:
        for _ in range(100):
            run_manager.on_text(BIG)
        return BIG

    RunnableLambda(body).invoke("hi")


def errors() -> None:
    with suppress(ValueError):
        fail.invoke({"text": BIG})


def agent_actions() -> None:
    agents = classic("agents")
    from langchain_core.agents import AgentAction, AgentFinish

    def plan(_: Any) -> Any:
        counted = plan.__dict__
        counted["times"] = counted.get("times", 0) + 1
        return (
            AgentFinish({"output": BIG}, "")
            if counted["times"] > 10
            else AgentAction("look", BIG, "")
        )

    @tool
    def look(text: str) -> str:
        """Look."""
        return "seen"

    planner = agents.agent.RunnableAgent(runnable=RunnableLambda(plan))
    agents.AgentExecutor(agent=planner, tools=[look]).invoke({"input": BIG})


def interrupts() -> None:
    builder = StateGraph(State)
    for number in range(10):
        builder.add_node(f"ask {number}", lambda _: {"text": interrupt(BIG)})
        builder.add_edge(START, f"ask {number}")
    graph: Any = builder.compile(checkpointer=InMemorySaver(), name="graph")
    graph.invoke({"text": BIG}, {"configurable": {"thread_id": "1"}})


def retrievers() -> None:
    Finding().invoke(BIG)


def models() -> None:
    Model(words=[BIG], fails=None).invoke([HumanMessage(BIG)] * 50)
    with suppress(ValueError):
        Model(fails=ValueError(BIG)).invoke([HumanMessage(BIG)] * 50)


PROGRAMS = {
    each.__name__: each
    for each in (custom_events, texts, errors, agent_actions, interrupts, retrievers, models)
}


def size_of(span: ReadableSpan) -> int:
    return len(encode_spans([span]).SerializeToString())


@pytest.mark.parametrize("dialect", ["gen_ai", "openinference", "both"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_everything_shares_the_budget(program: str, dialect: str) -> None:
    """However much is reported, and wherever it stands, a span has no more than its limit."""
    tracing = Tracing()
    options: dict[str, Any] = {
        "capture_message_content": "SPAN_AND_EVENT",
        "capture_state": True,
        "max_span_content_bytes": LIMIT,
        "dialect": dialect,
    }
    with instrumented(tracing, **options):
        PROGRAMS[program]()
    assert tracing.spans
    assert max(map(size_of, tracing.spans)) < LIMIT + BESIDE
    assert any(BIG[:100] in str(span.to_json()) for span in tracing.spans)
    assert health.failures.pop("max_span_content_bytes")
    for limit in ("max_content_length", "events of a run"):
        health.failures.pop(limit, None)


def test_small_events_are_whole() -> None:
    """Where there is room, every event has its content, and its order."""
    tracing = Tracing()

    def body(text: str) -> str:
        for number in range(100):
            dispatch_custom_event("progress", {"number": number})
        return text

    with instrumented(tracing, capture_message_content="true"):
        RunnableLambda(body).invoke("hi")
    (span,) = tracing.spans
    data = [str((event.attributes or {})["langchain.event.data"]) for event in span.events]
    assert data == [f'{{"number":{number}}}' for number in range(100)]
