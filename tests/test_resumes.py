"""What goes on from a stored checkpoint links to the span that it continues, wherever that was."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import time
from typing import Any

import pytest
from langgraph.types import Command
from opentelemetry.sdk.trace import ReadableSpan

from approvals import config_of
from langchain_otel import semconv
from programs.conversation import conversation_graph
from recording import Tracing
from savers import DURABLE, Storage
from unneeded import ALONE

PROGRAM = Path(__file__).parent / "programs" / "conversation.py"
BIN = Path(sys.executable).parent
ROOT = "invoke_workflow conversation"


def identity(span: ReadableSpan) -> tuple[str, str]:
    context = span.get_span_context()
    assert context is not None
    return f"0x{context.trace_id:032x}", f"0x{context.span_id:016x}"


def roots(tracing: Tracing) -> list[ReadableSpan]:
    return [span for span in tracing.spans if span.name == ROOT]


def linked(span: ReadableSpan) -> list[tuple[str, str]]:
    return [
        (f"0x{link.context.trace_id:032x}", f"0x{link.context.span_id:016x}") for link in span.links
    ]


def test_with_every_checkpointer(storage: Storage, tracing: Tracing) -> None:
    """Nothing is to be done for it, whatever stores the checkpoints."""
    with storage.open() as saver:
        conversation_graph(saver).invoke({"seen": ["hello"]}, config_of("1"))
    with storage.open() as saver:
        graph = conversation_graph(saver)
        graph.invoke(Command(resume="yes"), config_of("1"))
        assert "langchain_otel" not in graph.get_state(config_of("1")).metadata
    first, second = roots(tracing)
    assert linked(second) == [identity(first)]
    assert semconv.LANGGRAPH_INTERRUPT_WAIT in (second.attributes or {})


async def test_with_every_async_checkpointer(storage: Storage, tracing: Tracing) -> None:
    """The same for those of async code."""
    async with storage.open_async() as saver:
        await conversation_graph(saver).ainvoke({"seen": ["hello"]}, config_of("1"))
    async with storage.open_async() as saver:
        graph = conversation_graph(saver)
        await graph.ainvoke(Command(resume="yes"), config_of("1"))
        history = [state.metadata async for state in graph.aget_state_history(config_of("1"))]
        assert not any("langchain_otel" in (metadata or {}) for metadata in history)
    first, second = roots(tracing)
    assert linked(second) == [identity(first)]
    assert semconv.LANGGRAPH_INTERRUPT_WAIT in (second.attributes or {})


@pytest.mark.rows(3)
@pytest.mark.parametrize("storage", DURABLE, indirect=True)
def test_in_another_process(storage: Storage, tracing: Tracing) -> None:
    """The trace context travels with the checkpoint: neither program has a word about tracing."""
    begin = time()
    with storage.open() as saver:
        conversation_graph(saver).invoke({"seen": ["hello"]}, config_of("1"))
    command = [str(BIN / "opentelemetry-instrument"), sys.executable, str(PROGRAM)]
    done = subprocess.run(
        [*command, storage.name, storage.place, "1", "yes"],
        capture_output=True,
        text=True,
        check=False,
        env={
            **ALONE,
            "PATH": os.environ["PATH"],
            "OTEL_TRACES_EXPORTER": "console",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
        },
    )
    assert done.returncode == 0, done.stderr
    (root,) = [span for span in printed(done.stdout) if span["name"] == ROOT]
    (first,) = roots(tracing)
    (link,) = root["links"]
    assert (link["context"]["trace_id"], link["context"]["span_id"]) == identity(first)
    assert link["attributes"] == {semconv.LINK_TYPE: semconv.RESUMES}
    assert root["context"]["trace_id"] != link["context"]["trace_id"]
    assert 0 < root["attributes"][semconv.LANGGRAPH_INTERRUPT_WAIT] < time() - begin


def printed(text: str) -> Iterator[dict[str, Any]]:
    """The spans among what a process printed: JSON documents over many lines."""
    decoder = json.JSONDecoder()
    position = text.find("{")
    while position >= 0:
        document, end = decoder.raw_decode(text, position)
        yield document
        position = text.find("{", end)
