"""The benchmarks measure what they say: a worker's counts of runs and spans."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from versions import newest_agent

ROOT: Final = Path(__file__).parent.parent

# A chain has itself and three steps, an agent itself, a node and a call for each model and tool,
# a graph itself and its nodes.
RUNS: Final = {
    "LCEL chain": 4,
    "tool agent, 5 rounds": 1 + 2 * 6 + 2 * 5,
    "tool agent, 5 rounds, async": 1 + 2 * 6 + 2 * 5,
    "agent, 50 turns": 50 * 3,
    "one model call, history of 1,000": 1,
    "streaming 500 tokens": 1,
    "streaming 500 tokens, async": 1,
    "RunnableParallel of 20": 1 + 20,
    "batch of 50": 50 * 4,
    "200 concurrent ainvoke": 200 * 4,
    "graph of 200 steps": 1 + 200,
}


def answers(*requests: dict[str, Any]) -> list[dict[str, Any]]:
    """What a worker of this environment answers."""
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "worker.py"],
        input="".join(f"{json.dumps(request)}\n" for request in requests),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@newest_agent
@pytest.mark.slow
def test_worker_counts_runs_and_spans() -> None:
    """Every run is counted, has one span of ours and one by hand, and none without tracing."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.common")
    asked = [
        {"do": action, "work": name, "variant": variant, "content": True, "count": 1}
        for name in RUNS
        for action, variant in (
            ("count", "bare"),
            ("measure", "bare"),
            ("measure", "by hand"),
            ("measure", "langchain-otel"),
        )
    ]
    found = iter(answers(*asked))
    for name, runs in RUNS.items():
        counted, bare, by_hand, ours = (next(found) for _ in range(4))
        assert counted["runs"] == runs, name
        assert (bare["spans"], by_hand["spans"], ours["spans"]) == (0, 1, 1), name


COUNTED: Final = """
import json, sys
sys.path.insert(0, sys.argv[1])
import count
found = {"bare, content off": 10.0}
found |= {"langchain-otel, content off": 25.0, "langchain-otel, content on": 31.4}
(added,) = count.added({"x": found}).values()
figures = {"machine": count.machine(), "works": {"x": added}}
table = count.as_markdown(figures, ["langchain-otel", "Traceloop"])
print(json.dumps([{row.work: row.runs for row in count.ROWS}, table.splitlines()[-1]]))
"""


def test_counts_are_of_one_run() -> None:
    """What is added to bare LangChain is divided by the runs that the programs make."""
    command = [sys.executable, "-c", COUNTED, str(ROOT / "benchmarks")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    runs, row = json.loads(done.stdout)
    assert row == "| x | 10 | 15 / 21 |  |"
    by_run = [name for name in runs if name in RUNS]
    assert len(by_run) >= 7
    assert [runs[name] for name in by_run] == [RUNS[name] for name in by_run]
