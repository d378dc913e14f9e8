"""A tree has one order: that of the program where there is one, else one that never changes."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import BaseTool, tool
from langgraph.graph import START, MessagesState, StateGraph

from captured import QUESTION, agent, both
from langchain_otel.testing import Trace, captured_trace
from langchain_otel.testing.strands import Strands
from models import Model, ScriptedModel, StreamingModel, calls, says
from versions import create_agent


def step(name: str, body: Callable[[Any], Any] = str) -> Any:
    return RunnableLambda(body).with_config(run_name=name)


def names(trace: Trace) -> list[str]:
    return [view.name.removeprefix("invoke_workflow ") for view in trace.spans()]


def test_one_after_the_other(langchain_trace: Trace) -> None:
    """What one program calls stays in its order."""
    for name in "cab":
        step(name).invoke(1)
    assert names(langchain_trace) == ["c", "a", "b"]


async def test_one_after_the_other_in_a_task(langchain_trace: Trace) -> None:
    """The same where it awaits them."""
    for name in "cab":
        await step(name).ainvoke(1)
    assert names(langchain_trace) == ["c", "a", "b"]


def test_loops_one_after_the_other(langchain_trace: Trace) -> None:
    """Two loops of one thread do not run at the same time."""
    for name in "cab":
        asyncio.run(step(name).ainvoke(1))
    assert names(langchain_trace) == ["c", "a", "b"]


async def test_body_in_a_pool(langchain_trace: Trace) -> None:
    """A plain function of an async graph runs in a pool, and its calls one after the other."""

    def body(_: Any) -> str:
        return "".join(step(name).invoke("x") for name in "cab")

    await RunnableLambda(body).ainvoke("x")
    assert names(langchain_trace) == ["body", "c", "a", "b"]


Meet = Callable[[str], None]


def each_order(first: str) -> Meet:
    """Let one of two, `a` and `b`, end before the other goes on."""
    ended = threading.Event()

    def meet(name: str) -> None:
        if name == first:
            ended.set()
        else:
            assert ended.wait(60)

    return meet


def waiting(meet: Meet, name: str) -> Callable[[Any], None]:
    return lambda _: meet(name)


@pytest.mark.parametrize("first", ["a", "b"])
def test_side_by_side_in_threads(first: str, langchain_trace: Trace) -> None:
    """Branches are in one order, whichever ends first."""
    meet = each_order(first)
    branches = {name: step(name, waiting(meet, name)) for name in "ba"}
    RunnableParallel(branches).with_config(run_name="both").invoke(1)
    assert names(langchain_trace) == ["both", "a", "b"]


@pytest.mark.parametrize("order", ["ab", "ba"])
async def test_side_by_side_in_tasks(order: str, langchain_trace: Trace) -> None:
    """Tasks likewise, also where the first has ended before the second begins."""

    async def both(_: Any) -> None:
        for name in order:
            await asyncio.create_task(step(name).ainvoke(1))

    await RunnableLambda(both).with_config(run_name="both").ainvoke(1)
    assert names(langchain_trace) == ["both", "a", "b"]


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_jobs_of_a_pool(order: str, langchain_trace: Trace) -> None:
    """Jobs of one thread may have run in any order, though it did one after the other."""
    with ThreadPoolExecutor(1) as pool:
        for name in order:
            pool.submit(step(name).invoke, 1).result()
    assert names(langchain_trace) == ["a", "b"]


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_threads(order: str, langchain_trace: Trace) -> None:
    """Threads likewise: the trace has the runs of every thread of the test."""
    threads = [threading.Thread(target=step(name).invoke, args=(1,)) for name in order]
    for thread in threads:
        thread.start()
        thread.join()
    assert names(langchain_trace) == ["a", "b"]


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_sorted_by_content(order: str, langchain_trace: Trace) -> None:
    """What has one name is sorted by what it did, or by what is below it."""
    with ThreadPoolExecutor(1) as pool:
        for name in order:
            pool.submit(step("same", lambda word: step(word).invoke(1)).invoke, name).result()
    assert names(langchain_trace) == ["same", "a", "same", "b"]
    for view in langchain_trace.spans("same"):
        assert view.name == "invoke_workflow same"


AGENT = """\
invoke_agent travel-agent
  model
    chat scripted
  tools
    execute_tool find_hotels(city='Porto')
  tools
    execute_tool get_weather(city='Porto')
  model
    chat scripted"""
SEMANTIC = """\
invoke_agent travel-agent
  chat scripted
  execute_tool find_hotels(city='Porto')
  execute_tool get_weather(city='Porto')
  chat scripted"""


@pytest.mark.parametrize(("detail", "tree"), [("all", AGENT), ("semantic", SEMANTIC)])
async def test_steps_of_a_graph(detail: Any, tree: str) -> None:
    """Steps are in order, also where each is a task; the tools of one step are side by side."""
    with captured_trace(detail=detail) as trace:
        await agent(both(), says("Done.")).ainvoke(QUESTION)
    assert trace.tree() == tree
    with captured_trace(detail=detail) as trace:
        agent(both(), says("Done.")).invoke(QUESTION)
    assert trace.tree() == tree


@pytest.mark.parametrize("first", ["a", "b"])
def test_tools_that_end_in_any_order(first: str) -> None:
    """Two tools of one answer, the one of which waits for the other."""
    meet = each_order(first)

    def made(name: str) -> BaseTool:
        @tool(name)
        def wait(text: str) -> str:
            """Wait."""
            meet(name)
            return text

        return wait

    asked = calls("b", text="x")
    asked.tool_calls += calls("a", text="x").tool_calls
    model = ScriptedModel(answers=[asked, says("Done.")])
    with captured_trace(detail="semantic") as trace:
        create_agent(model, [made("a"), made("b")]).invoke(QUESTION)
    assert [view.tool for view in trace.tools()] == ["a", "b"]
    other = "b" if first == "a" else "a"
    assert not trace.first(other).before(first)


async def test_nodes_of_plain_functions() -> None:
    """Nodes in a row, each run in a thread of a pool, in the order of the graph."""
    graph = StateGraph(MessagesState)
    for name in "cab":
        graph.add_node(name, lambda _: {"messages": []})
    for start, end in ((START, "c"), ("c", "a"), ("a", "b")):
        graph.add_edge(start, end)
    with captured_trace() as trace:
        await graph.compile(name="graph").ainvoke({"messages": []})
    assert names(trace) == ["graph", "c", "a", "b"]


async def test_streams(langchain_trace: Trace) -> None:
    """Streams that are read in turns began one after the other."""
    streams: list[Any] = [StreamingModel().astream("hi") for _ in range(2)]
    async for _ in streams[0]:
        await anext(streams[1], None)
    for stream in streams:
        await stream.aclose()
    assert langchain_trace.tree() == "chat\nchat  closed"
    first, second = langchain_trace.models()
    assert not first.before(second)


async def test_abatch(langchain_trace: Trace) -> None:
    """A batch is in the order of what is in it."""
    await Model().abatch(["b", "a", "c"])
    assert [view.question for view in langchain_trace.models()] == ["a", "b", "c"]


def test_loops_of_other_libraries() -> None:
    """What cannot be referred to weakly, as loops of extensions, has a number all the same."""
    strands, one, other = Strands(), object(), object()
    assert strands._number(one) == strands._number(one) != strands._number(other)
