"""Makes the parts that are graphs: nodes, subgraphs, hand-offs, interrupts and resumes, tasks."""

import operator
from typing import Annotated, Any, Final, TypedDict
from uuid import uuid4

from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import START, StateGraph
from langgraph.types import Command, Send, interrupt

from random_trees.builder import Anything, Builder, Maker, adapter, result, text
from random_trees.plan import Part


class State(TypedDict):
    """A list that every node adds its name to."""

    seen: Annotated[list[str], operator.add]


def with_state(name: str, graph: Anything) -> Anything:
    """A graph that takes anything."""
    return adapter(f"in-{name}", lambda _: {"seen": []}) | graph


def node(builder: Builder, it: Anything, name: str, gives: Any) -> Anything:
    """A node whose body runs a part, before it gives what it gives."""
    mark = builder.probe.mark

    def call(state: Any) -> Any:
        mark(name)
        it.invoke(text(state))
        mark(name)
        return gives(state)

    async def acall(state: Any) -> Any:
        mark(name)
        await it.ainvoke(text(state))
        mark(name)
        return gives(state)

    return RunnableLambda(call, acall, name=name)


def graph(builder: Builder, part: Part, name: str) -> Anything:
    made = StateGraph(State)
    names = []
    for number, it in enumerate(builder.inner(part)):
        own = f"node-{number}-{name}"
        if number == 1 and not _has_graph(part.parts[number]):
            # The part itself is the node: a runnable, a model.
            body: Anything = it | adapter(f"out-{own}", lambda _: {"seen": ["one"]})
        else:
            body = node(builder, it, own, lambda _: {"seen": [result(part, "one")]})
        made.add_node(own, body)
        names.append(own)
    _connected(builder, made, names, part.variant)
    return with_state(name, made.compile(name=name))


def _has_graph(part: Part) -> bool:
    """Whether a graph is a step of the sequence that a part is.

    LangGraph makes the steps of such a node its own, and names the graph's root the parent of
    a graph among them, not the node.
    """
    return part.kind in MAKERS.keys() | {"agent"} or (
        part.kind == "sequence" and any(map(_has_graph, part.parts))
    )


def _connected(builder: Builder, made: Any, names: list[str], variant: int) -> None:
    """Edges: one after the other, side by side, by a condition, or each one twice."""
    first, *others = names
    if variant == 1:
        for name in names:
            made.add_edge(START, name)
        return
    made.add_edge(START, first)

    def route(_: Any) -> Any:
        builder.probe.mark("route")
        return others[0] if variant == 2 else [Send(name, {"seen": []}) for name in others * 2]

    if variant and others:
        made.add_conditional_edges(first, route, others)
        return
    for before, name in zip(names, others, strict=False):
        made.add_edge(before, name)


def hands_off(builder: Builder, part: Part, name: str) -> Anything:
    first, last, *_ = builder.inner(part)
    there = f"there-{name}"

    def leave(_: Any) -> Any:
        return Command(goto=there, update={"seen": [result(part, "left")]}, graph=Command.PARENT)

    inside = StateGraph(State)
    inside.add_node("leaves", node(builder, first, f"leaves-{name}", leave))
    inside.add_edge(START, "leaves")
    outside = StateGraph(State)
    outside.add_node("inside", inside.compile())
    outside.add_node(there, node(builder, last, there, lambda _: {"seen": ["there"]}))
    outside.add_edge(START, "inside")
    return with_state(name, outside.compile(name=name))


def asks(builder: Builder, part: Part, name: str) -> Anything:
    """A function that runs a graph until it asks, and again with the answer."""
    inner = builder.inner(part)
    mark = builder.probe.mark

    def ask(_: Any) -> Any:
        return {"seen": [result(part, interrupt("may I?"))]}

    asking = StateGraph(State)
    asking.add_node("asks", node(builder, inner[0], f"asks-{name}", ask))
    asking.add_edge(START, "asks")
    made = StateGraph(State)
    made.add_node("first", asking.compile() if part.variant == 1 else asking.nodes["asks"].runnable)
    made.add_node("second", node(builder, inner[-1], f"second-{name}", lambda _: {"seen": ["2"]}))
    made.add_edge(START, "first")
    made.add_edge("first", "second")
    compiled: Any = made.compile(InMemorySaver(), name=name)

    def call(_: Any) -> Any:
        thread: Any = {"configurable": {"thread_id": str(uuid4())}}
        mark(name)
        compiled.invoke({"seen": []}, thread)
        mark(name)
        if part.variant == 2:
            return "not now"
        for _ in compiled.stream(Command(resume="yes"), thread):
            mark(name)
        return "yes"

    async def acall(_: Any) -> Any:
        thread: Any = {"configurable": {"thread_id": str(uuid4())}}
        mark(name)
        async for _ in compiled.astream({"seen": []}, thread):
            mark(name)
        if part.variant == 2:
            return "not now"
        await compiled.ainvoke(Command(resume="yes"), thread)
        mark(name)
        return "yes"

    return RunnableLambda(call, acall, name=name)


def flow(builder: Builder, part: Part, name: str) -> Anything:
    """An entrypoint whose tasks run the parts at once."""
    inner = builder.inner(part)
    mark = builder.probe.mark

    named: Any = task(name=f"job-{name}")

    @named  # type: ignore[untyped-decorator]
    def job(number: int) -> str:
        mark(f"job-{name}")
        inner[number].invoke("job")
        mark(f"job-{name}")
        return result(part, "done")

    @named  # type: ignore[untyped-decorator]
    async def ajob(number: int) -> str:
        mark(f"job-{name}")
        await inner[number].ainvoke("job")
        mark(f"job-{name}")
        return result(part, "done")

    @entrypoint()
    def run(_: Any) -> str:
        futures = [job(number) for number in range(len(inner))]
        return str([future.result() for future in futures])

    @entrypoint()
    async def arun(_: Any) -> str:
        futures = [ajob(number) for number in range(len(inner))]
        return str([await future for future in futures])

    def call(given: Any) -> Any:
        mark(name)
        run.invoke(text(given))
        mark(name)
        return text(given)

    async def acall(given: Any) -> Any:
        mark(name)
        await arun.ainvoke(text(given))
        mark(name)
        return text(given)

    return RunnableLambda(call, acall, name=name)


MAKERS: Final[dict[str, Maker]] = {
    "graph": graph,
    "hands_off": hands_off,
    "asks": asks,
    "flow": flow,
}
