"""Nodes that are tried again, run out of time, are handled when they fail, or need not run."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph import errors
from langgraph.cache.memory import InMemoryCache
from langgraph.graph import START, StateGraph
from langgraph.types import CachePolicy, Command, RetryPolicy

from langchain_otel import OpenTelemetryCallbackHandler, semconv
from langchain_otel.runs import attempts
from langchain_otel.runs.store import RUNS
from recording import Tracing
from shown import everything, executed, shown
from test_control_flow import GIVEN, SECRET, State, graph_of, passes
from waiting import PATIENCE

pytestmark = pytest.mark.usefixtures("wrapped_once")

AT_ONCE = RetryPolicy(initial_interval=0, jitter=False, retry_on=lambda _: True)
HAS_TIMEOUTS = hasattr(errors, "NodeTimeoutError")


@pytest.fixture
def private(tracing: Tracing) -> Iterator[Tracing]:
    """Tracing without content; afterwards nothing of the state has left the process."""
    yield tracing
    assert tracing.spans
    assert SECRET not in everything(tracing)


def failing(times: int) -> Callable[[Any], Any]:
    """A body that fails some times before it works."""
    left = [times]

    def flaky(_: Any) -> Any:
        left[0] -= 1
        if left[0] >= 0:
            raise ValueError(SECRET)
        return {"seen": [SECRET]}

    return flaky


def graph_with(body: Any, **options: Any) -> Any:
    graph = StateGraph(State)
    graph.add_node("node", body, **options)
    graph.add_edge(START, "node")
    return graph


def test_each_attempt_is_a_span(private: Tracing, mode: str) -> None:
    """A node that is tried again: each try by its number, the failed ones red, the graph not."""
    executed(graph_with(failing(2), retry_policy=AT_ONCE).compile(name="g"), GIVEN, mode)
    assert shown(private) == (
        "invoke_workflow g\n  node ERROR(ValueError) 1\n  node ERROR(ValueError) 2\n  node 3\n"
    )
    assert len(private.logs) == 2


def test_last_attempt_fails(private: Tracing, mode: str) -> None:
    """When the last try fails too the graph has failed."""
    graph = graph_with(failing(9), retry_policy=AT_ONCE._replace(max_attempts=2))
    with pytest.raises(ValueError, match=SECRET):
        executed(graph.compile(name="g"), GIVEN, mode)
    assert shown(private) == (
        "invoke_workflow g ERROR(ValueError)\n"
        "  node ERROR(ValueError) 1\n"
        "  node ERROR(ValueError) 2\n"
    )


def test_attempts_of_a_node_that_runs_often(private: Tracing, mode: str) -> None:
    """Tries are counted for each time that a node is due, and inside a graph for each try of it."""

    def step(state: State) -> Any:
        return Command(goto="node" if len(state["seen"]) < 3 else "nested", update=passes(state))

    inner = graph_with(failing(1), retry_policy=AT_ONCE).compile(name="inner")
    graph = graph_with(step)
    graph.add_node("nested", inner)
    executed(graph.compile(name="g"), GIVEN, mode)
    assert shown(private) == (
        "invoke_workflow g\n"
        "  node\n"
        "  node\n"
        "  node\n"
        "  nested\n"
        "    invoke_workflow inner\n"
        "      node ERROR(ValueError) 1\n"
        "      node 2\n"
    )


def test_graph_that_is_tried_again(private: Tracing, mode: str) -> None:
    """A graph in a node that is tried again starts anew: its own nodes are at their first try."""
    inner = graph_with(failing(1)).compile(name="inner")
    executed(graph_with(inner, retry_policy=AT_ONCE).compile(name="g"), GIVEN, mode)
    assert shown(private) == (
        "invoke_workflow g\n"
        "  node ERROR(ValueError) 1\n"
        "    invoke_workflow inner ERROR(ValueError)\n"
        "      node ERROR(ValueError) 1\n"
        "  node 2\n"
        "    invoke_workflow inner\n"
        "      node\n"
    )


def test_steps_in_a_node_are_no_attempts(private: Tracing, mode: str) -> None:
    """What a node calls more than once is not tried again, whatever its name."""
    step = RunnableLambda(passes, name="node")
    executed(graph_with(step | passes | step).compile(name="g"), GIVEN, mode)
    assert semconv.RETRY_ATTEMPT not in everything(private)


def test_attempts_for_each_recorder(tracing: Tracing, mode: str) -> None:
    """Two tracer providers count for themselves."""
    other = Tracing()
    handler = OpenTelemetryCallbackHandler(tracer_provider=other.tracer_provider)
    graph = graph_with(failing(1), retry_policy=AT_ONCE).compile(name="g")
    executed(graph, GIVEN, mode, {"callbacks": [handler]})
    assert shown(tracing) == "invoke_workflow g\n  node ERROR(ValueError) 1\n  node 2\n"
    assert shown(other) == shown(tracing)


def test_attempts_are_bounded(private: Tracing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph remembers only its latest tasks; the one that is under way is among them."""
    monkeypatch.setattr(attempts, "MAX_TASKS", 2)
    kept: list[int] = []

    def looks(state: State) -> Any:
        kept.extend(len(run.attempts or ()) for run in RUNS._open.values() if run.parent is None)
        return passes(state)

    graph = graph_of(first=passes, second=passes, third=looks)
    graph.add_edge("first", "second")
    graph.add_edge("second", "third")
    flaky: Any = failing(1)
    graph.add_node("flaky", flaky, retry_policy=AT_ONCE)
    graph.add_edge("third", "flaky")
    graph.compile(name="g").invoke(GIVEN)
    assert kept == [2]
    assert shown(private).endswith("  flaky ERROR(ValueError) 1\n  flaky 2\n")


@pytest.mark.skipif(not HAS_TIMEOUTS, reason="nodes of this LangGraph have no time limit")
@pytest.mark.parametrize("mode", ["ainvoke", "astream"])
def test_node_that_runs_out_of_time(private: Tracing, mode: str) -> None:
    """A node whose time is over has failed by that, though all it hears is a cancellation."""
    ended = []

    async def slow(_: State) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    with pytest.raises(errors.NodeTimeoutError):
        executed(graph_with(slow, timeout=1).compile(name="g"), GIVEN, mode)
    failure = "ERROR(langgraph.errors.NodeTimeoutError)"
    assert shown(private) == f"invoke_workflow g {failure}\n  node {failure} 1\n"
    assert ended


@pytest.mark.skipif(not HAS_TIMEOUTS, reason="nodes of this LangGraph have no time limit")
@pytest.mark.parametrize("mode", ["ainvoke", "astream"])
def test_node_that_is_in_time_at_the_second_attempt(private: Tracing, mode: str) -> None:
    """The first try ran out of time, the second did not; the graph has not failed."""
    tries = []

    async def slow(state: State) -> Any:
        tries.append(True)
        if len(tries) == 1:
            await asyncio.Event().wait()
        return passes(state)

    graph = graph_with(slow, timeout=2, retry_policy=AT_ONCE)
    executed(graph.compile(name="g"), GIVEN, mode)
    failure = "ERROR(langgraph.errors.NodeTimeoutError)"
    assert shown(private) == f"invoke_workflow g\n  node {failure} 1\n  node 2\n"


@pytest.mark.skipif(not HAS_TIMEOUTS, reason="nodes of this LangGraph have no time limit")
@pytest.mark.parametrize("mode", ["ainvoke", "astream"])
def test_node_with_a_time_limit_that_fails_by_itself(private: Tracing, mode: str) -> None:
    """A limit that is not met says nothing."""

    async def fails(_: State) -> Any:
        raise ValueError(SECRET)

    with pytest.raises(ValueError, match=SECRET):
        executed(graph_with(fails, timeout=PATIENCE).compile(name="g"), GIVEN, mode)
    assert shown(private) == "invoke_workflow g ERROR(ValueError)\n  node ERROR(ValueError) 1\n"


@pytest.mark.skipif(not HAS_TIMEOUTS, reason="nodes of this LangGraph have no time limit")
def test_task_out_of_time_without_a_graph(tracing: Tracing) -> None:
    """Who runs a task by hand gives it no callbacks: there is no span, and no failure of ours."""
    types: Any = import_module("langgraph.types")
    runtime: Any = import_module("langgraph.runtime").DEFAULT_RUNTIME
    retry: Any = import_module("langgraph.pregel._retry")

    async def slow(_: Any) -> None:
        await asyncio.Event().wait()

    configurable = {
        "__pregel_runtime": runtime.override(execution_info=None),
        "__pregel_task_id": "task",
        "__pregel_send": list,
        "checkpoint_id": "checkpoint",
        "checkpoint_ns": "node:task",
    }
    task = types.PregelExecutableTask(
        name="node",
        input=None,
        proc=RunnableLambda(slow),
        writes=deque(),
        config={"configurable": configurable},
        triggers=["node"],
        retry_policy=(),
        cache_key=None,
        id="task",
        path=(),
        timeout=types.TimeoutPolicy(run_timeout=0.05),
    )
    with pytest.raises(errors.NodeTimeoutError):
        asyncio.run(retry.arun_with_retry(task, retry_policy=None))
    assert tracing.names() == ["invoke_workflow slow"]


@pytest.mark.skipif(not hasattr(errors, "NodeError"), reason="nodes have no error handlers here")
def test_error_that_a_handler_takes(private: Tracing, mode: str) -> None:
    """The node has failed, its handler is a node too, the graph goes on."""
    seen = []

    def handles(state: State, error: errors.NodeError) -> Command[Any]:
        seen.append(error.node)
        return Command(goto="after", update=passes(state))

    graph = graph_with(failing(9), error_handler=handles)
    graph.add_node("after", passes)
    executed(graph.compile(name="g"), GIVEN, mode)
    assert seen == ["node"]
    assert shown(private) == (
        "invoke_workflow g\n  __error_handler__node\n  node ERROR(ValueError) 1\n  after\n"
    )


def test_cached_node(private: Tracing, mode: str) -> None:
    """A node whose result is in the cache makes no span: an event of the graph's says so."""
    graph = graph_with(passes, cache_policy=CachePolicy())
    graph.add_node("after", passes)
    graph.add_edge("node", "after")
    compiled = graph.compile(name="g", cache=InMemoryCache())
    executed(compiled, GIVEN, mode)
    executed(compiled, GIVEN, mode)
    assert shown(private) == (
        "invoke_workflow g\n  node\n  after\n"
        "invoke_workflow g\n  * langgraph.node.cached node\n  after\n"
    )
    (event,) = [event for span in private.spans for event in span.events]
    assert dict(event.attributes or {}) == {
        semconv.LANGGRAPH_NODE: "node",
        semconv.LANGGRAPH_STEP: 1,
    }


def test_cached_node_of_a_graph_in_a_graph(private: Tracing, mode: str) -> None:
    """The event is on the graph that the node belongs to."""
    inner = graph_with(passes, cache_policy=CachePolicy())
    compiled = inner.compile(name="inner", cache=InMemoryCache())
    outer = graph_with(compiled).compile(name="outer")
    executed(outer, GIVEN, mode)
    private.exporter.clear()
    executed(outer, GIVEN, mode)
    assert shown(private) == (
        "invoke_workflow outer\n"
        "  node\n"
        "    invoke_workflow inner\n"
        "      * langgraph.node.cached node\n"
    )
