"""Counts retries of a graph node; LangGraph does not report the attempt number.

All tries of a task have its checkpoint namespace, and the graph's run as their parent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from langchain_otel import semconv
from langchain_otel.content.values import EMPTY, Facts
from langchain_otel.runs.run import Run
from langchain_otel.runs.store import RUNS

MAX_TASKS: Final = 1_024
NAMESPACE: Final = "langgraph_checkpoint_ns"


def number_attempt(run: Run, parent: Run, metadata: Mapping[str, Any]) -> None:
    """Number a chain's run that starts, if it is a node's, as the latest one of its task."""
    namespace = metadata.get(NAMESPACE)
    around = (parent.metadata or EMPTY).get(NAMESPACE)
    # What runs inside a node has its namespace too.
    if type(namespace) is not str or (type(around) is str and around == namespace):
        return
    attempts = parent.attempts
    if attempts is None:
        attempts = parent.attempts = {}
    latest = attempts.pop(namespace, None)
    run.attempt = 1 if latest is None else 1 + latest[0]
    attempts[namespace] = (run.attempt, run.id)
    if len(attempts) > MAX_TASKS:
        attempts.pop(next(iter(attempts)))


def latest_attempt(graph: Run, namespace: str) -> Run | None:
    """The open run of a task's latest attempt."""
    _, run_id = (graph.attempts or {}).get(namespace, (0, UUID(int=0)))
    return RUNS.of_recorder(run_id, graph.recorder)


def failed_attempt(run: Run) -> Facts:
    """What the span of a node says that failed: which attempt it was."""
    return {semconv.RETRY_ATTEMPT: run.attempt} if run.attempt else {}
