"""Observes what a graph's loop does without callbacks: cached nodes, limits, timeouts.

A node whose result is in the cache does not run. A graph that is out of steps does not report its
limit. A node that ran out of time is only cancelled.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any, Final
from uuid import UUID

from langchain_otel import health, semconv
from langchain_otel.recording.span_events import NODE_CACHED
from langchain_otel.runs.attempts import NAMESPACE, latest_attempt
from langchain_otel.runs.run import Run
from langchain_otel.runs.store import RUNS

OUT_OF_STEPS: Final = "out_of_steps"


def reports_limit(original: Callable[..., Any]) -> Callable[..., Any]:
    """The call prepares the next step of a loop, unless there is none to come."""

    @wraps(original)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        # Written out, because to pass on what is not there takes as long as the rest.
        goes_on = original(self, *args, **kwargs) if args or kwargs else original(self)
        if not goes_on:
            _guarded(_limit, self)
        return goes_on

    return call


def reports_cached(original: Callable[..., Any]) -> Callable[..., Any]:
    """The call gives the tasks of a loop for which the cache had a result."""
    if inspect.iscoroutinefunction(original):

        @wraps(original)
        async def acall(self: Any, *args: Any, **kwargs: Any) -> Any:
            tasks = await original(self, *args, **kwargs)
            if tasks:
                _guarded(_cached, self, tasks)
            return tasks

        return acall

    @wraps(original)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        tasks = original(self, *args, **kwargs) if args or kwargs else original(self)
        if tasks:
            _guarded(_cached, self, tasks)
        return tasks

    return call


def reports_timeout(original: Callable[..., Any]) -> Callable[..., Any]:
    """The call runs a task, its first argument, and raises if that takes too long."""

    @wraps(original)
    async def call(task: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await original(task, *args, **kwargs)
        except Exception as error:
            _guarded(_timed_out, task, error)
            raise

    return call


def _guarded(observe: Callable[..., None], *args: Any) -> None:
    try:
        observe(*args)
    except Exception as error:
        health.failed("steps", error)


def _graphs(run_id: UUID | None) -> Iterator[Run]:
    head = None if run_id is None else RUNS.head(run_id)
    return iter(()) if head is None else head.recordings()


def _limit(loop: Any) -> None:
    if loop.status != OUT_OF_STEPS:
        return
    for run in _graphs(getattr(loop.manager, "run_id", None)):
        if run.has_span:
            limit = int(loop.config["recursion_limit"])
            run.set_fact(semconv.LANGGRAPH_RECURSION_LIMIT, limit)


def _cached(loop: Any, tasks: Iterable[Any]) -> None:
    for run in _graphs(getattr(loop.manager, "run_id", None)):
        for task in tasks:
            run.recorder.event(run, NODE_CACHED, (task.name, loop.step))


def _timed_out(task: Any, error: Exception) -> None:
    # A task that somebody runs without a graph has neither.
    graph_id = getattr(task.config.get("callbacks"), "parent_run_id", None)
    namespace = (task.config.get("metadata") or {}).get(NAMESPACE)
    if namespace is None:
        return
    for graph in _graphs(graph_id):
        node = latest_attempt(graph, namespace)
        if node is not None:
            node.recorder.abandon(node, error)
