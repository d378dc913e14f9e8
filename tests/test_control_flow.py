"""How LangGraph's ways to steer show: each as itself, none as a failure, none with the state."""

import operator
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from langgraph import errors, runtime
from langgraph.graph import END, START, StateGraph
from langgraph.managed import RemainingSteps
from langgraph.types import Command, Send
from typing_extensions import TypedDict

from langchain_otel import semconv
from recording import Tracing
from shown import everything, executed, shown

pytestmark = pytest.mark.usefixtures("wrapped_once")

SECRET = "the secret state"
GIVEN: Any = {"seen": [SECRET]}


class State(TypedDict):
    seen: Annotated[list[str], operator.add]


class Counting(State):
    remaining_steps: RemainingSteps


@pytest.fixture
def private(tracing: Tracing) -> Iterator[Tracing]:
    """Tracing without content; afterwards nothing of the state has left the process."""
    yield tracing
    assert tracing.spans
    assert SECRET not in everything(tracing)


def passes(state: State) -> Any:
    return {"seen": [SECRET]}


def graph_of(schema: type = State, **nodes: Any) -> StateGraph[Any, Any, Any, Any]:
    """A graph that begins with the first node; the rest is for the test to join."""
    graph: StateGraph[Any, Any, Any, Any] = StateGraph(schema)
    for name, body in nodes.items():
        graph.add_node(name, body)
    graph.add_edge(START, next(iter(nodes)))
    return graph


def test_goto(private: Tracing, mode: str) -> None:
    """`Command(goto=...)`: the node that it names comes next, and nothing is an outcome."""

    def chooses(_: State) -> Command[Any]:
        return Command(goto="right", update={"seen": [SECRET]})

    graph = graph_of(chooses=chooses, left=passes, right=passes)
    executed(graph.compile(name="g"), GIVEN, mode)
    assert shown(private) == "invoke_workflow g\n  chooses\n  right\n"


def test_hand_off_to_the_parent(private: Tracing, mode: str) -> None:
    """`Command(graph=PARENT)`: handed off are the runs that it leaves, and no other."""

    def leaves(_: State) -> Command[Any]:
        return Command(goto="after", graph=Command.PARENT, update={"seen": [SECRET]})

    inner = graph_of(first=passes, leaves=leaves, unharmed=passes)
    inner.add_edge("first", "leaves")
    inner.add_edge("first", "unharmed")
    outer = graph_of(inner=inner.compile(name="inner"), after=passes)
    executed(outer.compile(name="outer"), GIVEN, mode)
    assert shown(private) == (
        "invoke_workflow outer\n"
        "  inner handed_off\n"
        "    invoke_workflow inner handed_off\n"
        "      first\n"
        "      leaves handed_off\n"
        "      unharmed\n"
        "  after\n"
    )
    assert not private.logs


def test_hand_off_over_two_graphs(private: Tracing, mode: str) -> None:
    """A hand-off ends where the command is taken: the graph that goes on is not handed off."""

    def leaves(_: State) -> Command[Any]:
        return Command(goto="after", graph=Command.PARENT, update={"seen": [SECRET]})

    innermost = graph_of(leaves=leaves)
    middle = graph_of(nested=innermost.compile(name="innermost"), after=passes)
    outer = graph_of(middle=middle.compile(name="middle"))
    executed(outer.compile(name="outer"), GIVEN, mode)
    assert shown(private) == (
        "invoke_workflow outer\n"
        "  middle\n"
        "    invoke_workflow middle\n"
        "      nested handed_off\n"
        "        invoke_workflow innermost handed_off\n"
        "          leaves handed_off\n"
        "      after\n"
    )


def test_fan_out_and_deferred_node(private: Tracing, mode: str) -> None:
    """`Send`: a span for each packet; a deferred node waits for all of them, and runs once."""
    graph = graph_of(plan=passes, work=passes, longer=passes, last=passes)
    graph.add_node("joined", passes, defer=True)
    packets = [Send("work", GIVEN), Send("work", GIVEN), Send("longer", GIVEN)]
    graph.add_conditional_edges("plan", lambda _: packets, ["work", "longer"])
    graph.add_edge("longer", "last")
    graph.add_edge("work", "joined")
    graph.add_edge("last", "joined")
    executed(graph.compile(name="g"), GIVEN, mode)
    names = [line.strip() for line in shown(private).splitlines()]
    assert [name for name in names if name not in {"RunnableCallable", "chain"}] == [
        "invoke_workflow g",
        "plan",
        "longer",
        "work",
        "work",
        "last",
        "joined",
    ]


def test_conditional_edge(private: Tracing, mode: str) -> None:
    """What decides on the way is a step of the node that it leaves."""

    def route(_: State) -> str:
        return "right"

    graph = graph_of(decides=passes, left=passes, right=passes)
    graph.add_conditional_edges("decides", route, ["left", "right"])
    executed(graph.compile(name="g"), GIVEN, mode)
    assert shown(private) == "invoke_workflow g\n  decides\n    route\n  right\n"


def test_recursion_limit(private: Tracing, mode: str) -> None:
    """A graph that is out of steps has failed, its nodes have not, and it says of how many."""
    graph = graph_of(circle=passes)
    graph.add_edge("circle", "circle")
    with pytest.raises(errors.GraphRecursionError):
        executed(graph.compile(name="g"), GIVEN, mode, {"recursion_limit": 2})
    assert shown(private) == (
        "invoke_workflow g ERROR(langgraph.errors.GraphRecursionError)\n  circle\n  circle\n"
    )
    span = private.span("invoke_workflow g")
    assert (span.attributes or {})[semconv.LANGGRAPH_RECURSION_LIMIT] == 2


def test_recursion_limit_of_a_graph_in_a_graph(private: Tracing, mode: str) -> None:
    """The limit stands on the graph that met it, and only there."""
    inner = graph_of(circle=passes)
    inner.add_edge("circle", "circle")
    outer = graph_of(nested=inner.compile(name="inner"))
    with pytest.raises(errors.GraphRecursionError):
        executed(outer.compile(name="outer"), GIVEN, mode, {"recursion_limit": 1})
    limits = {
        span.name: (span.attributes or {}).get(semconv.LANGGRAPH_RECURSION_LIMIT)
        for span in private.spans
        if span.name.startswith("invoke_workflow")
    }
    assert limits == {"invoke_workflow inner": 1, "invoke_workflow outer": None}


def test_managed_value(private: Tracing, mode: str) -> None:
    """A node that looks at the remaining steps and ends the graph in time is no failure."""

    def circle(state: Counting) -> Any:
        goes_on = state["remaining_steps"] > 1
        return Command(goto="circle" if goes_on else END, update={"seen": [SECRET]})

    graph = graph_of(Counting, circle=circle)
    executed(graph.compile(name="g"), GIVEN, mode, {"recursion_limit": 4})
    assert shown(private) == "invoke_workflow g\n" + "  circle\n" * 3
    assert not private.logs


@pytest.mark.skipif(not hasattr(runtime, "RunControl"), reason="this LangGraph cannot be drained")
def test_drained_graph(private: Tracing, mode: str) -> None:
    """A graph that is asked to stop is drained, from the inside out; the node before is done."""
    control = runtime.RunControl()

    def asks(_: State) -> Any:
        control.request_drain(SECRET)
        return {"seen": [SECRET]}

    inner = graph_of(asks=asks, never=passes)
    inner.add_edge("asks", "never")
    outer = graph_of(nested=inner.compile(name="inner"), never=passes)
    outer.add_edge("nested", "never")
    with pytest.raises(errors.GraphDrained):
        executed(outer.compile(name="outer"), GIVEN, mode, control=control)
    assert shown(private) == (
        "invoke_workflow outer drained\n"
        "  nested drained\n"
        "    invoke_workflow inner drained\n"
        "      asks\n"
    )
    assert not private.logs
