"""The objects of the application pass through us: the same errors, inputs, settings, graphs."""

import asyncio
import copy
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableLambda
from langgraph.errors import GraphRecursionError
from langgraph.graph import StateGraph

from langchain_otel import OpenTelemetryCallbackHandler
from modes import graphs, lcel, loops
from modes.completions import StreamingCompletion
from modes.graphs import EMPTY, State, chained
from modes.models import AsyncModel, StreamingModel
from modes.probe import Probe
from modes.test_ends import programs
from observation import HANDLERS, observed
from recording import Tracing


@pytest.mark.parametrize("mode", ["invoke", "stream", "ainvoke", "astream"])
@pytest.mark.parametrize(
    "kind", ["lambda", "sequence", "model", "completion", "tool", "retriever", "graph"]
)
async def test_the_error_that_comes_out_is_the_one_that_was_raised(
    kind: str, mode: str, tracing: Tracing
) -> None:
    """The very object, with its cause and its notes, and no frame of ours hides the first one."""
    error = ValueError("mine")
    error.add_note("a note")
    error.__cause__ = cause = KeyError("why")
    it, given = programs(Probe(tracing), error)[kind]
    with pytest.raises(ValueError, match="mine") as raised:
        await called(it, given, mode)
    assert raised.value is error
    assert error.__cause__ is cause
    assert error.__notes__[0] == "a note"


async def called(it: Any, given: Any, mode: str) -> Any:
    if mode == "invoke":
        return it.invoke(given)
    if mode == "stream":
        return list(it.stream(given))
    if mode == "ainvoke":
        return await it.ainvoke(given)
    return [chunk async for chunk in it.astream(given)]


class Silent(BaseCallbackHandler):
    """A handler that hears nothing."""


@pytest.mark.parametrize("build", [lcel.sequence, graphs.graph_with_a_model, loops.tool_node])
async def test_the_callers_configuration_is_not_changed(
    build: Callable[[Probe], Any], tracing: Tracing
) -> None:
    """Neither the dict nor what is in it: callbacks, tags, metadata and headers."""
    it, given = build(Probe(tracing))
    handlers = [Silent()]
    config: Any = {
        "callbacks": handlers,
        "tags": ["mine"],
        "metadata": {"by": "me", "headers": {"x": "y"}},
        "configurable": {"headers": {"x": "y"}},
    }
    before = {key: copy.copy(value) for key, value in config.items()}
    it.invoke(copy.deepcopy(given), config)
    await it.ainvoke(copy.deepcopy(given), config)
    list(it.stream(copy.deepcopy(given), config))
    it.batch([copy.deepcopy(given)] * 2, config)
    assert config == before
    assert config["callbacks"] is handlers
    assert config["metadata"]["headers"] == {"x": "y"}


async def test_a_models_own_settings_are_not_changed(tracing: Tracing) -> None:
    """The callbacks, tags and metadata of its constructor."""
    handlers: list[BaseCallbackHandler] = [Silent()]
    model = StreamingModel(
        probe=Probe(tracing), callbacks=handlers, tags=["mine"], metadata={"by": "me"}
    )
    before = copy.deepcopy(model.metadata)
    model.invoke("hi")
    await model.ainvoke("hi")
    list(model.stream("hi"))
    assert model.callbacks == handlers
    assert (len(handlers), model.tags, model.metadata) == (1, ["mine"], before)


def test_a_list_with_our_handler_is_not_changed(tracing: Tracing) -> None:
    """The list of callbacks stays the caller's, though our handler is in it."""
    with tracing.off():
        handlers = [OpenTelemetryCallbackHandler(tracer_provider=tracing.tracer_provider)]
        chain, given = lcel.sequence(Probe(tracing))
        chain.invoke(given, {"callbacks": handlers})
        assert len(handlers) == 1
        copied = copy.deepcopy({"callbacks": handlers})
        assert copied["callbacks"][0] is handlers[0]


SHAPES = (
    lcel.parallel,
    graphs.graph_with_a_condition,
    graphs.graph_that_fans_out,
    graphs.subgraph_as_node,
    loops.tool_node,
    loops.react_agent,
)


@pytest.mark.parametrize("build", SHAPES, ids=lambda build: build.__name__)
def test_a_graph_has_the_same_shape(build: Callable[[Probe], Any], tracing: Tracing) -> None:
    """Its nodes and edges, drawn as JSON."""

    def shape() -> str:
        graph = build(Probe(tracing))[0].get_graph()
        return json.dumps(graph.to_json(), default=str)

    with tracing.off():
        expected = shape()
    instrumented = shape()
    assert without_ids(instrumented) == without_ids(expected)


def without_ids(text: str) -> Any:
    graph = json.loads(text)
    names = {node["id"]: number for number, node in enumerate(graph["nodes"])}
    for edge in graph["edges"]:
        edge["source"], edge["target"] = names[edge["source"]], names[edge["target"]]
    return [{**node, "id": names[node["id"]]} for node in graph["nodes"]], graph["edges"]


def test_an_agent_takes_as_many_steps_with_several_middlewares(tracing: Tracing) -> None:
    """No hook becomes more hooks because we are there."""
    agents = pytest.importorskip("modes.agents", exc_type=ImportError)

    class Second(agents.Hooks):  # type: ignore[misc,name-defined]
        """One more of the same."""

    def steps() -> list[str]:
        probe = Probe(tracing)
        agent = agents.create_agent(
            StreamingModel(probe=probe, answers=agents.two_rounds("add")),
            [agents.add_tool(probe)],
            middleware=[agents.Hooks(probe), agents.Around(probe), Second(probe)],
        )
        updates = agent.stream(loops.question())
        return [*agent.get_graph().nodes, *(name for update in updates for name in update)]

    with tracing.off():
        expected = steps()
    assert steps() == expected


def test_the_recursion_limit_is_met_at_the_same_step(tracing: Tracing) -> None:
    """A loop without an end runs as often with us as without."""
    runs: list[int] = []

    def again(_: State) -> Any:
        runs.append(1)
        return {"seen": ["again"]}

    graph: Any = StateGraph(State)
    graph.add_node("again", again)
    graph.set_entry_point("again")
    graph.add_edge("again", "again")
    compiled = graph.compile()

    def count() -> int:
        runs.clear()
        with pytest.raises(GraphRecursionError):
            compiled.invoke(EMPTY, {"recursion_limit": 7})
        return len(runs)

    with tracing.off():
        expected = count()
    assert count() == expected


@pytest.mark.parametrize("kind", HANDLERS)
@pytest.mark.parametrize("prompts", [1, 3])
def test_a_completion_models_start_is_told_to_the_others_as_without_us(
    kind: str, prompts: int, tracing: Tracing
) -> None:
    """Our inline handler does not hide the start from handlers that are not inline."""

    def run(config: Any) -> Any:
        model = StreamingCompletion(probe=Probe(tracing))
        return asyncio.run(model.agenerate(["hi"] * prompts, callbacks=config["callbacks"]))

    with tracing.off():
        expected = observed(run, kind)
    actual = observed(run, kind)
    assert actual.unordered() == expected.unordered()
    if kind in {"not_inline", "async"}:
        assert sum(event.startswith("on_llm_start") for event in actual.events[0]) == prompts


class Ids(BaseCallbackHandler):
    """The ids of the runs that a handler hears of."""

    def __init__(self) -> None:
        self.ids: list[UUID] = []

    def on_llm_start(self, *_: Any, run_id: UUID, **__: Any) -> None:
        self.ids.append(run_id)

    def on_chat_model_start(self, *_: Any, run_id: UUID, **__: Any) -> None:
        self.ids.append(run_id)


@pytest.mark.parametrize("owner", [AsyncModel, StreamingCompletion])
async def test_a_run_id_that_is_given_is_the_runs(owner: Any, tracing: Tracing) -> None:
    """Other handlers and our span know the run by the id that the caller chose."""
    ids, given = Ids(), uuid4()
    probe = Probe(tracing)
    with probe.watching() as config:
        callbacks = [*config["callbacks"], ids]
        await owner(probe=probe).ainvoke("hi", {"callbacks": callbacks, "run_id": given})
    assert ids.ids == [given]
    assert list(probe.pairs.spans) == [given]
    probe.check()


def test_a_result_is_passed_on_as_the_object_that_it_is(tracing: Tracing) -> None:
    """No copy and no wrapper around what a body gives."""
    message = AIMessage("hi")
    gives: Runnable[Any, Any] = RunnableLambda(lambda _: message)
    assert gives.invoke(1) is message
    assert next(iter(gives.stream(1))) is message
    state = {"seen": [message]}
    seen: list[Any] = []
    graph = chained(first=lambda _: state, second=lambda state: seen.extend(state["seen"]))
    graph.compile().invoke(EMPTY)
    assert seen[0] is message
