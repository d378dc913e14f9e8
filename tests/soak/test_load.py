"""A server under load, in front of a real Collector: what is sent comes, whole and unmixed.

SOAK_MINUTES says how long each way to send lasts, SOAK_RATE how many requests begin in a second.
`pytest -rP` shows the figures.
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import pytest

from backends.collectors import SINK, Collectors
from backends.conftest import binaries, made
from backends.spans import Span

__all__ = ["binaries", "made"]

PROGRAM: Final = Path(__file__).parents[1] / "programs" / "loaded.py"
MINUTES: Final = float(os.environ.get("SOAK_MINUTES", "10"))
RATE: Final = float(os.environ.get("SOAK_RATE", "167"))
# A tenth, and what an allocator keeps.
GROWTH: Final = 1.1
SLACK: Final = 20_000_000
# Of one request: two spans are the application's own.
EDGES: Final = [
    ("GET", "invoke_workflow"),
    ("invoke_workflow", "chat"),
    ("invoke_workflow", "look_up"),
    ("look_up", "chat"),
    ("look_up", "query"),
]
SPANS: Final = len(EDGES) + 1


def loaded(*arguments: str, **variables: str) -> dict[str, Any]:
    """What the program says of its work."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, str(PROGRAM), f"{60 * MINUTES}", f"{RATE}", *arguments],
        env=inherited | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


@pytest.fixture(scope="module")
def bare() -> dict[str, Any]:
    """The same work without us."""
    return loaded("bare")


@pytest.mark.timeout(60 * (3 * MINUTES + 10))
@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
@pytest.mark.parametrize("exporter", ["otlp", "otlp_fast"])
def test_load(exporter: str, protocol: str, bare: dict[str, Any], made: Collectors) -> None:
    """Every span that ended is in the Collector, in its tree, with the mark of its request."""
    sink = made.started("sink", SINK)
    port = "GRPC" if protocol == "grpc" else "HTTP"
    figures = loaded(
        OTEL_TRACES_EXPORTER=exporter,
        OTEL_METRICS_EXPORTER="none",
        OTEL_LOGS_EXPORTER="none",
        OTEL_EXPORTER_OTLP_ENDPOINT=sink.url(port),
        OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
        OTEL_BSP_MAX_QUEUE_SIZE="100000",
    )
    # What was acknowledged is written; the Collector ends when it has done so.
    sink.stop()
    spans = sink.spans()
    first, last = figures["sizes"][1], figures["sizes"][-1]
    minutes = f"{MINUTES:g} minutes"
    print(
        f"{exporter} over {protocol}, {minutes}: {figures['requests']} requests, "
        f"{figures['requests'] / MINUTES:.0f} a minute; {figures['spans']} spans sent, "
        f"{len(spans)} received; {first / 1e6:.0f} MB after a fifth, {last / 1e6:.0f} MB at the "
        f"end; p50 {1e3 * figures['p50']:.0f} ms (bare {1e3 * bare['p50']:.0f}), p99 "
        f"{1e3 * figures['p99']:.0f} ms (bare {1e3 * bare['p99']:.0f}, {bare['requests']} requests)"
    )
    assert len(spans) == figures["spans"] == SPANS * figures["requests"]
    assert (figures["open"], figures["failures"]) == (0, {})
    check_trees(spans, figures["requests"])
    assert last < first * GROWTH + SLACK


def check_trees(spans: list[Span], requests: int) -> None:
    """One tree a request, each with a mark of its own."""
    trees: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        trees[span.trace_id].append(span)
    assert len(trees) == requests
    marks = set()
    for tree in trees.values():
        by_id = {span.span_id: span for span in tree}
        edges = [
            (by_id[span.parent_span_id].name, span.name) for span in tree if span.parent_span_id
        ]
        assert sorted(edges) == EDGES
        found = {span.attributes.get("request") for span in tree}
        assert len(found) == 1, found
        marks |= found
    assert marks == {str(number) for number in range(1, requests + 1)}
