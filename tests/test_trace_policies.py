"""A node's trace policy says what its span has, as it says what LangSmith records."""

import asyncio
import json
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, TypedDict

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langgraph.graph import START, StateGraph

from langchain_otel import semconv
from langchain_otel.runs.store import RUNS
from recording import Tracing, instrumented
from shown import executed

TracePolicy: Any = getattr(import_module("langgraph.types"), "TracePolicy", None)
needs_policy = pytest.mark.skipif(TracePolicy is None, reason="this LangGraph has no such policy")
IN, OUT = semconv.STATE_INPUT, semconv.STATE_OUTPUT


class State(TypedDict):
    value: int


class Whole(BaseCallbackHandler):
    """Another handler, which is no tracer."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def on_chain_start(self, serialized: Any, inputs: Any, **_: Any) -> None:
        self.told.append(inputs)

    def on_chain_end(self, outputs: Any, **_: Any) -> None:
        self.told.append(outputs)


def doubled(state: State) -> State:
    return {"value": state["value"] * 2}


async def adoubled(state: State) -> State:
    return doubled(state)


def graph_of(node: Any, **policy: Callable[[Any], Any]) -> Any:
    """A graph with one node, of whose payloads the policy makes what tracers get."""
    builder: Any = StateGraph(State)
    builder.add_node("node", node, trace_policy=TracePolicy(**policy))
    builder.add_edge(START, "node")
    return builder.compile(name="g")


def state_of(tracing: Tracing, name: str) -> list[Any]:
    """What went into the run and what came out of it, as its span has it."""
    attributes = tracing.span(name).attributes or {}
    return [json.loads(str(attributes[key])) for key in (IN, OUT)]


@pytest.fixture
def tracing() -> Iterator[Tracing]:
    tracing = Tracing()
    with instrumented(tracing, capture_message_content="SPAN_ONLY", capture_state=True):
        yield tracing


@needs_policy
@pytest.mark.parametrize(
    ("policy", "recorded"),
    [
        ({"process_inputs": lambda state: {"in": -state["value"]}}, [{"in": -2}, {"value": 4}]),
        ({"process_outputs": lambda state: {"out": -state["value"]}}, [{"value": 2}, {"out": -4}]),
        (dict.fromkeys(("process_inputs", "process_outputs"), lambda _: {}), [{}, {}]),
    ],
    ids=["inputs", "outputs", "both"],
)
def test_policy(tracing: Tracing, mode: str, policy: Any, recorded: list[Any]) -> None:
    """The node's span has what the policy gives; the graph and other handlers have it all."""
    other = Whole()
    executed(graph_of(doubled, **policy), {"value": 2}, mode, {"callbacks": [other]})
    assert state_of(tracing, "node") == recorded
    assert state_of(tracing, "invoke_workflow g") == [{"value": 2}, {"value": 4}]
    assert other.told == [{"value": 2}, {"value": 2}, {"value": 4}, {"value": 4}]
    assert tracing.tree() == "invoke_workflow g\n  node"


@needs_policy
def test_body(tracing: Tracing, mode: str) -> None:
    """The span of a node with a policy is current in its body."""

    def marked(state: State) -> State:
        tracing.mark()
        return state

    executed(graph_of(marked, process_inputs=lambda _: {}), {"value": 2}, mode)
    assert tracing.tree() == "invoke_workflow g\n  node\n    marker"


@needs_policy
@pytest.mark.parametrize("way", ["ainvoke", "astream"])
def test_cancelled_as_it_ends(tracing: Tracing, way: str) -> None:
    """A node's run that is cancelled while its end is reported ends, once."""
    runnable: Any = import_module("langgraph._internal._runnable")

    def ended_by_itself(value: Any) -> Any:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        return value

    untraced = (lambda value: value, ended_by_itself)
    steps = [runnable.RunnableCallable(step, trace=False) for step in untraced]
    policy = TracePolicy(process_outputs=lambda _: {"out": 1})
    sequence = runnable.RunnableSeq(*steps, name="steps", trace_policy=policy)

    async def run() -> None:
        if way == "ainvoke":
            await sequence.ainvoke({})
        else:
            _ = [chunk async for chunk in sequence.astream({})]

    async def main() -> None:
        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(run())

    asyncio.run(main())
    assert len(RUNS) == 0
    assert tracing.lives.ended == [tracing.spans[0].context.span_id]
