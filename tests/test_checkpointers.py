"""Real checkpointers: runs, turns, interrupts, histories and edited states, traced and not."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langgraph.types import Command
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from langchain_otel import semconv
from modes.probe import parent_id, scope_of
from programs.conversation import conversation_graph, told
from recording import Tracing, id_of
from savers import DURABLE, Storage

PROGRAM = Path(__file__).parent / "programs" / "conversation.py"
DRIVERS = {
    "sqlite": ("opentelemetry.instrumentation.sqlite3", "SQLite3Instrumentor"),
    "postgres": ("opentelemetry.instrumentation.psycopg", "PsycopgInstrumentor"),
}
# One thread's life: the graph's method and its arguments, without the config.
STEPS: list[tuple[str, Any]] = [
    ("invoke", {"seen": ["hello"]}),
    ("get_state", ()),
    ("invoke", Command(resume="yes")),
    ("get_state_history", ()),
    ("update_state", {"seen": ["edited"]}),
    ("invoke", {"seen": ["again"]}),
    ("stream", Command(resume="no")),
    ("get_state", ()),
    ("get_state_history", ()),
]
RUNS = """\
invoke_workflow conversation
  first
  ask
invoke_workflow conversation
  ask
  last
invoke_workflow conversation
  first
  ask
invoke_workflow conversation
  ask
  last"""


def config(thread: str) -> Any:
    return {"configurable": {"thread_id": thread}}


def lived(saver: Any, thread: str) -> list[Any]:
    """What an application sees of a thread's life."""
    graph = conversation_graph(saver)
    seen = []
    for method, argument in STEPS:
        seen.append(told(_called(graph, method, argument, thread)))
    return seen


def _called(graph: Any, method: str, argument: Any, thread: str) -> Any:
    if method == "update_state":
        return graph.update_state(config(thread), argument)
    if method.startswith("get_state"):
        got = getattr(graph, method)(config(thread))
        return list(got) if method == "get_state_history" else got
    got = getattr(graph, method)(argument, config(thread))
    return list(got) if method == "stream" else got


async def lived_async(saver: Any, thread: str) -> list[Any]:
    """The same in async code."""
    graph = conversation_graph(saver)
    seen = []
    for method, argument in STEPS:
        seen.append(told(await _acalled(graph, f"a{method}", argument, thread)))
    return seen


async def _acalled(graph: Any, method: str, argument: Any, thread: str) -> Any:
    if method == "aupdate_state":
        return await graph.aupdate_state(config(thread), argument)
    arguments = () if method.startswith("aget_state") else (argument,)
    got = getattr(graph, method)(*arguments, config(thread))
    if isinstance(got, AsyncIterator):
        return [part async for part in got]
    return await got


def check(tracing: Tracing) -> None:
    """Every run a span that ended once; an interrupt is an outcome, and nothing has failed."""
    assert tracing.tree() == RUNS
    assert sorted(tracing.lives.ended) == sorted(map(id_of, tracing.lives.started))
    assert {span.status.status_code for span in tracing.spans} == {StatusCode.UNSET}
    asked = [span.attributes or {} for span in tracing.spans if span.name == "ask"]
    outcomes = [attributes.get(semconv.RUN_OUTCOME) for attributes in asked]
    assert outcomes == ["interrupted", None, "interrupted", None]


def test_a_thread_lives_as_without_us(storage: Storage, tracing: Tracing) -> None:
    """Results, states, histories and metadata are the same, and each run has its span."""
    with storage.open() as saver:
        with tracing.off():
            expected = lived(saver, "untraced")
        assert lived(saver, "traced") == expected
    check(tracing)


async def test_an_async_thread_lives_as_without_us(storage: Storage, tracing: Tracing) -> None:
    """The same for the checkpointers of async code."""
    async with storage.open_async() as saver:
        with tracing.off():
            expected = await lived_async(saver, "untraced")
        assert await lived_async(saver, "traced") == expected
    check(tracing)


@pytest.fixture
def scope(request: pytest.FixtureRequest, tracing: Tracing) -> Iterator[str]:
    """The storage's driver instrumented with the test's provider, by the name of its scope."""
    storage: Storage = request.getfixturevalue("storage")
    module, name = DRIVERS[storage.name.partition(" ")[0]]
    pytest.importorskip(module)
    instrumentor = getattr(import_module(module), name)()
    instrumentor.instrument(tracer_provider=tracing.tracer_provider)
    yield module
    instrumentor.uninstrument()


def statements(tracing: Tracing, scope: str) -> list[ReadableSpan]:
    return [span for span in tracing.spans if scope_of(span) == scope]


def graphs(tracing: Tracing) -> set[int | None]:
    return {id_of(span) for span in tracing.spans if span.name == "invoke_workflow conversation"}


@pytest.mark.parametrize("storage", DURABLE, indirect=True)
def test_statements_are_in_the_trace(storage: Storage, tracing: Tracing, scope: str) -> None:
    """What a run reads and writes is under the graph's span, what the user asks under his own."""
    with storage.open() as saver:
        before = len(statements(tracing, scope))
        graph = conversation_graph(saver)
        graph.invoke({"seen": ["hello"]}, config("1"))
        graph.invoke(Command(resume="yes"), config("1"))
        made = statements(tracing, scope)[before:]
        assert len(made) > 8
        assert {parent_id(span) for span in made} == graphs(tracing)
        with tracing.user_span("question") as question:
            graph.get_state(config("1"))
        asked = statements(tracing, scope)[before + len(made) :]
        assert asked
        assert {parent_id(span) for span in asked} == {id_of(question)}


@pytest.mark.parametrize("storage", DURABLE, indirect=True)
async def test_async_statements_are_in_the_trace(
    storage: Storage, tracing: Tracing, scope: str
) -> None:
    """The same, where the driver works in the task that asks: the one of SQLite does not."""
    async with storage.open_async() as saver:
        before = len(statements(tracing, scope))
        graph = conversation_graph(saver)
        await graph.ainvoke({"seen": ["hello"]}, config("1"))
        await graph.ainvoke(Command(resume="yes"), config("1"))
        made = statements(tracing, scope)[before:]
        assert len(made) > 8
        expected = {None} if storage.name == "sqlite" else graphs(tracing)
        assert {parent_id(span) for span in made} == expected


@pytest.mark.rows(2)
@pytest.mark.parametrize("storage", ["sqlite", "postgres"], indirect=True)
@pytest.mark.parametrize("traced", [False, True])
def test_another_process_resumes(storage: Storage, tracing: Tracing, traced: bool) -> None:
    """A thread that was interrupted here goes on there, and its end is seen here."""
    with storage.open() as saver:
        graph = conversation_graph(saver)
        with nullcontext() if traced else tracing.off():
            graph.invoke({"seen": ["hello"]}, config("1"))
        command = [sys.executable, str(PROGRAM), storage.name, storage.place, "1", "yes"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        state = graph.get_state(config("1"))
    assert json.loads(done.stdout) == state.values["seen"] == ["hello", "first", "yes", "last"]
    assert state.next == ()


def test_the_source_of_a_checkpoint_may_be_anything(tracing: Tracing) -> None:
    """What somebody stores by hand is no failure of ours."""
    from langgraph.checkpoint.base import empty_checkpoint
    from langgraph.checkpoint.memory import InMemorySaver

    saver = InMemorySaver()
    metadata: Any = {"source": np.array(["by", "hand"]), "step": 1}
    place: Any = {"configurable": {"thread_id": "1", "checkpoint_ns": ""}}
    stored = saver.get_tuple(saver.put(place, empty_checkpoint(), metadata, {}))
    assert stored is not None
    assert list(stored.metadata["source"]) == ["by", "hand"]
