"""Gives pytest the fixture `langchain_trace`, its marker, and the trace of a test that failed.

Pytest loads it for every project that has the package: what captures is imported by the fixture.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from langchain_otel.testing.trace import Trace

MARKER = "langchain_otel"
FIXTURE = "langchain_trace"
SECTION = "LangChain trace"
NOTHING = "(no run was recorded)"


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(**options): what {FIXTURE} records; the options of instrument(), such as "
        'capture_message_content=False, detail="semantic" or cost=True.',
    )


@pytest.fixture
def langchain_otel_options() -> dict[str, Any]:
    """The options of all captured tests: a conftest.py defines it anew. Markers win over it."""
    return {}


@pytest.fixture
def langchain_trace(
    request: pytest.FixtureRequest, langchain_otel_options: dict[str, Any]
) -> Iterator[Trace]:
    """Every LangChain and LangGraph run of this test; the application's exporters get none."""
    from langchain_otel.testing.capturing import captured_trace
    from langchain_otel.testing.options import merged

    marks = [(mark.args, mark.kwargs) for mark in request.node.iter_markers(MARKER)]
    with captured_trace(**merged(langchain_otel_options, marks)) as trace:
        yield trace


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the trace below a failure."""
    report = yield
    trace = getattr(item, "funcargs", {}).get(FIXTURE)
    if trace is not None and report.failed and report.when == "call":
        report.sections.append((SECTION, trace.tree(tokens=True) or NOTHING))
    return report
