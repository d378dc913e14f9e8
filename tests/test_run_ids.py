"""LangChain takes anything for a run id, and so do spans, parents, events and evaluations."""

import asyncio
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, TypedDict
from uuid import UUID, uuid4

import pytest
from langchain_core.callbacks import dispatch_custom_event
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, StateGraph

from langchain_otel import (
    OpenTelemetryCallbackHandler,
    current_span_of,
    record_evaluation,
    semconv,
    span_context_of,
)
from models import Model, Retriever, StreamingModel
from recording import Tracing

pytestmark = pytest.mark.usefixtures("wrapped_once")


class State(TypedDict):
    x: Any


class Ids(Enum):
    FIRST = "first"


class OwnUUID(UUID):
    """A UUID of an application's own class."""


KNOWN = UUID("0190a1b2-0000-7000-8000-000000000001")
IDS = [
    "abc",
    "",
    str(KNOWN),
    7,
    0,
    -1,
    2**200,
    1.5,
    Decimal("1.50"),
    date(2026, 11, 26),
    Ids.FIRST,
    ("tenant", 7),
    ["a", "list"],
    OwnUUID(str(KNOWN)),
    KNOWN,
    "half \ud83d",
]
ids = pytest.mark.parametrize("run_id", IDS, ids=ascii)


def chain() -> Any:
    inner: Any = RunnableLambda(lambda it: Model().invoke(str(it)), name="inner")
    return (RunnableLambda(lambda it: it, name="first") | inner).with_config(run_name="outer")


TREE = "outer\n  first\n  inner\n    chat"


@ids
def test_chain(run_id: Any, tracing: Tracing) -> None:
    """The run has its span, and all that is inside hangs under it."""
    chain().invoke("x", {"run_id": run_id})
    assert tracing.tree().replace("invoke_workflow ", "") == TREE


@ids
async def test_async_chain(run_id: Any, tracing: Tracing) -> None:
    """So it is with asyncio, in streams too."""
    await chain().ainvoke("x", {"run_id": run_id})
    assert [chunk async for chunk in chain().astream("x", {"run_id": run_id})]
    assert tracing.tree().replace("invoke_workflow ", "") == f"{TREE}\n{TREE}"


@ids
@pytest.mark.parametrize(
    "run",
    [
        lambda config: list(StreamingModel().stream("x", config)),
        lambda config: Retriever().invoke("x", config),
        lambda config: Model(fails=ValueError("x")).with_fallbacks([Model()]).invoke("x", config),
    ],
    ids=["stream", "retriever", "failure"],
)
def test_runs_of_every_kind(run: Callable[[Any], Any], run_id: Any, tracing: Tracing) -> None:
    """Streams, retrievers and what fails have their span, once.

    A model that is not streamed takes nothing but a UUID: LangChain fails when it has answered.
    """
    run({"run_id": run_id})
    assert len(tracing.spans) == len(tracing.lives.started) >= 1
    assert len({span.context.trace_id for span in tracing.spans if span.context}) == 1


@ids
def test_graph(run_id: Any, tracing: Tracing) -> None:
    """A graph's span is around those of its nodes, and current in them."""

    def node(state: Any) -> Any:
        tracing.mark()
        return {"x": 2}

    builder: Any = StateGraph(State)
    graph = builder.add_node("node", node).add_edge(START, "node").compile(name="graph")
    graph.invoke({"x": 1}, {"run_id": run_id})
    assert tracing.tree() == "invoke_workflow graph\n  node\n    marker"


@ids
def test_lookups(run_id: Any, tracing: Tracing) -> None:
    """Events, the current span and the span context of an id lead to the run's span."""
    seen = []

    def body(_: Any) -> None:
        span = current_span_of(run_id)
        assert span is not None
        seen.extend([span.get_span_context(), span_context_of(run_id)])
        dispatch_custom_event("named", {})

    RunnableLambda(body, name="body").invoke(0, {"run_id": run_id})
    span = tracing.span("invoke_workflow body")
    assert seen == [span.get_span_context()] * 2
    assert span_context_of(run_id) == span.get_span_context()
    assert [event.name for event in span.events] == [semconv.EVENT_CUSTOM]
    assert (span.attributes or {})[semconv.RUN_ID]


@pytest.mark.parametrize("run_id", ["abc", 7, ("tenant", 7), KNOWN], ids=ascii)
def test_evaluation_after_the_end(run_id: Any, tracing: Tracing) -> None:
    """A run that has ended is found by the id that it was given."""
    RunnableLambda(lambda it: it, name="judged").invoke(0, {"run_id": run_id})
    assert record_evaluation(run_id, "relevance", score=1.0)
    (record,) = tracing.logs
    context = tracing.span("invoke_workflow judged").get_span_context()
    assert context is not None
    assert record.log_record.span_id == context.span_id


def test_ids_that_look_alike_are_different_runs(tracing: Tracing) -> None:
    """A number is not the UUID of that number, nor the text of it."""
    step: Any = RunnableLambda(lambda it: it, name="inner")
    outer: Any = {"run_id": 7}

    def body(_: Any) -> None:
        step.invoke(0, {"run_id": UUID(int=7)})
        step.invoke(0, {"run_id": "7"})

    RunnableLambda(body, name="outer").invoke(0, outer)
    assert tracing.tree().replace("invoke_workflow ", "") == "outer\n  inner\n  inner"


async def test_cancelled_run(tracing: Tracing) -> None:
    """A cancelled task ends the run that a text names."""
    has_begun = asyncio.Event()

    class Waiting(Model):
        async def _agenerate(self, *_: Any, **__: Any) -> Any:
            has_begun.set()
            await asyncio.Event().wait()

    config: Any = {"run_id": "abc"}
    task = asyncio.create_task(Waiting().ainvoke("x", config))
    await has_begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (tracing.span("chat").attributes or {})[semconv.RUN_OUTCOME] == "cancelled"


def test_handler_passed_by_hand() -> None:
    """A handler of the request's own records such runs as well, beside none of ours."""
    tracing = Tracing()
    handler = OpenTelemetryCallbackHandler(tracer_provider=tracing.tracer_provider)
    chain().invoke("x", {"run_id": "abc", "callbacks": [handler]})
    assert tracing.tree().replace("invoke_workflow ", "") == TREE


def test_parent_that_has_ended(tracing: Tracing) -> None:
    """A run whose parent is over stays in its trace, by the parent's id."""
    handler = OpenTelemetryCallbackHandler()
    handler.on_chain_start({}, {}, run_id="abc", name="parent")  # type: ignore[arg-type]
    handler.on_chain_end({}, run_id="abc")  # type: ignore[arg-type]
    child = uuid4()
    handler.on_chain_start({}, {}, run_id=child, parent_run_id="abc", name="child")  # type: ignore[arg-type]
    handler.on_chain_end({}, run_id=child)
    contexts = [span.get_span_context() for span in tracing.spans]
    assert len({context.trace_id for context in contexts if context}) == 1
