"""What a graph's checkpointer does to a database is seen under the graph's span."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from opentelemetry.sdk.trace import ReadableSpan

from modes.graphs import EMPTY, async_node, chained, sync_node
from modes.probe import Probe, parent_id, scope_of
from recording import Tracing, id_of

THREAD: Any = {"thread_id": "1"}
SQLITE = "opentelemetry.instrumentation.sqlite3"


@pytest.fixture
def database(tracing: Tracing) -> Iterator[None]:
    """SQLite instrumented with the test's provider."""
    instrumentor = pytest.importorskip(SQLITE).SQLite3Instrumentor()
    instrumentor.instrument(tracer_provider=tracing.tracer_provider)
    yield
    instrumentor.uninstrument()


def statements(tracing: Tracing) -> list[ReadableSpan]:
    return [span for span in tracing.spans if scope_of(span) == SQLITE]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("mode", ["invoke", "stream"])
def test_checkpoints_are_under_the_graph(mode: str, tmp_path: Path, tracing: Tracing) -> None:
    """Reads and writes, on the caller's thread and on others, hang under the graph's own span."""
    probe = Probe(tracing)
    graph = chained(first=sync_node(probe, "first"), second=sync_node(probe, "second"))
    with SqliteSaver.from_conn_string(str(tmp_path / "db")) as saver:
        saver.setup()
        before = len(statements(tracing))
        compiled: Any = graph.compile(saver)
        with probe.watching() as config:
            if mode == "invoke":
                compiled.invoke(EMPTY, {**config, "configurable": THREAD})
            else:
                for _ in compiled.stream(EMPTY, {**config, "configurable": THREAD}):
                    probe.in_caller()
        probe.check()
    workflow = id_of(tracing.span("invoke_workflow"))
    made = statements(tracing)[before:]
    assert len(made) > 4
    assert {parent_id(span) for span in made} == {workflow}


@pytest.mark.usefixtures("database")
async def test_async_checkpoints_do_not_disturb_the_tree(tmp_path: Path, tracing: Tracing) -> None:
    """The driver works in a thread of its own without the context: its spans are no children."""
    probe = Probe(tracing)
    graph = chained(first=async_node(probe, "first"), second=async_node(probe, "second"))
    async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "db")) as saver:
        compiled: Any = graph.compile(saver)
        with probe.watching() as config:
            await compiled.ainvoke(EMPTY, {**config, "configurable": THREAD})
        probe.check()
    assert statements(tracing)
    assert {parent_id(span) for span in statements(tracing)} == {None}


@pytest.mark.usefixtures("database")
def test_a_query_in_a_node_is_under_the_node(tmp_path: Path, tracing: Tracing) -> None:
    """The application's own query hangs under the node that makes it."""

    def query(_: Any) -> Any:
        with closing(sqlite3.connect(tmp_path / "db")) as connection:
            connection.cursor().execute("SELECT 1")
        return EMPTY

    chained(query=query).compile().invoke(EMPTY)
    node = id_of(tracing.span("query"))
    assert {parent_id(span) for span in statements(tracing)} == {node}
