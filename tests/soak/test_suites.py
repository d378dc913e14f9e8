"""What `suites.py` finds in a suite: tests that end otherwise, and what is left after them."""

import sys
from pathlib import Path

import pytest

from soak import suites

SUITE = """
import asyncio

from langchain_core.callbacks import CallbackManager
from langchain_core.runnables import RunnableLambda
from opentelemetry import context, trace

from langchain_otel import health


def test_whole():
    assert RunnableLambda(len).invoke("abc") == 3


async def test_async():
    assert await RunnableLambda(len).ainvoke("abc") == 3


def test_handlers():
    assert CallbackManager.configure().handlers == []


def test_open():
    CallbackManager.configure().on_chain_start({}, {})


def test_current():
    context.attach(trace.set_span_in_context(trace.NonRecordingSpan(trace.INVALID_SPAN_CONTEXT)))


def test_counted():
    health.failed("somewhere", ValueError())
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with tests, and a place of its own for what is written down."""
    monkeypatch.setattr(suites, "CACHE", tmp_path / "cache")
    (tmp_path / "suite" / "tests").mkdir(parents=True)
    (tmp_path / "suite" / "tests" / "test_it.py").write_text(SUITE)
    return tmp_path / "suite"


@pytest.mark.parametrize("workers", [0, 1])
def test_what_is_found(folder: Path, workers: int) -> None:
    """Each of these tests shows one thing, and those that are sound show none."""
    options = ["--override-ini=asyncio_mode=auto", f"--numprocesses={workers}", "-p", "no:randomly"]
    bare, traced = (
        suites.run(Path(sys.executable), folder, options, traced=way) for way in (False, True)
    )
    found = [line.removeprefix("tests/test_it.py::") for line in suites.differences(bare, traced)]
    assert bare.counted() == "6 passed"
    assert traced.totals["spans"] == 2
    assert found[0] == "test_handlers: passed bare, failed traced"
    assert {line.partition(":")[0] for line in found[1:]} == {
        "test_open",
        "test_current",
        "test_counted",
    }
    assert "test_open: run open: invoke_workflow" in found
    assert "test_counted: failure counted: somewhere:ValueError, 1 times" in found
