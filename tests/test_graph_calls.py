"""A graph's run is the same whether the graph is called or streamed, whoever reads the stream."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from opentelemetry.context import get_current

from langchain_otel import semconv
from recording import Tracing, id_of

STEPS = {"first": 1, "second": 2}


def graph_of(work: Any, name: str = "outer") -> Any:
    """A graph of two nodes, each of which calls `work` with the state."""
    state: Any = dict
    graph = StateGraph(state)
    for node in STEPS:
        graph.add_node(node, work)
    graph.add_edge(START, "first")
    graph.add_edge("first", "second")
    return graph.compile(name=name)


class ReadByItself(CompiledStateGraph):  # type: ignore[type-arg]
    """A graph of a user's class, which works before its stream begins and between its items."""

    tracing: Any = None

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        RunnableLambda(lambda it: it, name="before").invoke(1)
        for _ in range(2):
            for item in super().stream(*args, **kwargs):
                self.tracing.mark("between")
                yield item


def test_a_users_stream_is_not_in_the_graphs_span(tracing: Tracing) -> None:
    """Neither what it runs before, nor what it does with the items, is a part of the run."""
    it = graph_of(lambda state: state)
    it.__class__ = ReadByItself
    it.tracing = tracing
    it.invoke({"n": 1})
    roots = [span.name for span in tracing.spans if span.parent is None]
    assert [name for name in roots if name != "between"] == [
        "invoke_workflow before",
        "invoke_workflow outer",
        "invoke_workflow outer",
    ]
    assert [span.parent for span in tracing.spans if span.name == "between"] == (
        [None] * roots.count("between")
    )
    assert "between" in roots


@pytest.mark.parametrize("how", ["invoke", "stream"])
def test_a_node_that_calls_its_own_graph_has_its_run_inside(how: str, tracing: Tracing) -> None:
    """The frame of the outer call does not take the inner run."""

    def work(state: Any) -> Any:
        if state["depth"]:
            given = {"depth": state["depth"] - 1}
            it.invoke(given) if how == "invoke" else list(it.stream(given))
        tracing.mark()
        return {"depth": 0}

    it = graph_of(work)
    it.invoke({"depth": 1})
    assert tracing.tree().splitlines() == [
        "invoke_workflow outer",
        "  first",
        "    invoke_workflow outer",
        "      first",
        "        marker",
        "      second",
        "        marker",
        "    marker",
        "  second",
        "    marker",
    ]


def test_a_graph_that_is_called_in_a_stream_of_itself(tracing: Tracing) -> None:
    """Between two items of a stream the same graph may be called: that run is a root of its own."""
    it = graph_of(lambda state: state)
    before = get_current()
    for _ in it.stream({"n": 1}):
        assert get_current() is before
        it.invoke({"n": 1})
        assert get_current() is before
    roots = [span.name for span in tracing.spans if span.parent is None]
    assert roots == ["invoke_workflow outer"] * 3


def test_a_called_graph_has_the_identity_of_its_configuration(tracing: Tracing) -> None:
    """What `configurable` names holds for the graph and what is inside."""
    inner = graph_of(lambda state: state, "inner")

    def work(state: Any) -> Any:
        return inner.invoke(state)

    it = graph_of(work)
    it.invoke({"n": 1}, {"configurable": {"thread_id": "7", "user_id": "ada"}})
    graphs = [span for span in tracing.spans if span.name.startswith("invoke_workflow")]
    threads = [(span.attributes or {})[semconv.GEN_AI_CONVERSATION_ID] for span in graphs]
    assert threads == ["7"] * 3
    users = [(span.attributes or {}).get(semconv.USER_ID) for span in graphs]
    assert users == [None, None, "ada"]


def test_an_exception_from_outside_between_two_items_ends_the_run(tracing: Tracing) -> None:
    """A signal may come while LangGraph's own `invoke` has control: the run ends, once."""

    def raising(frame: Any, event: str, _: Any) -> Any:
        if event == "line" and "chunk" in frame.f_locals:
            raise KeyboardInterrupt
        return raising

    def only_in_invoke(frame: Any, event: str, argument: Any) -> Any:
        code = frame.f_code
        is_invoke = code.co_name == "invoke" and code.co_filename.endswith("pregel/main.py")
        return raising if is_invoke else None

    it, before = graph_of(lambda state: state), get_current()
    sys.settrace(only_in_invoke)
    try:
        with pytest.raises(KeyboardInterrupt):
            it.invoke({"n": 1})
    finally:
        sys.settrace(None)
    assert get_current() is before
    spans = [span for span in tracing.spans if span.name == "invoke_workflow outer"]
    assert len(spans) == 1
    assert tracing.lives.ended.count(id_of(spans[0])) == 1
