"""Observes where a graph's loop resumes from a checkpoint, and where it pauses.

LangGraph has callbacks for both (`langgraph.callbacks`), since 1.1 and only for handlers of a class
of its own; the loop does the same in every version. A run that resumes is a trace of its own, with
a link to the span that paused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from time import time
from typing import Any, Final
from uuid import uuid4

from langchain_otel import health, semconv
from langchain_otel.recording.span_events import INTERRUPT, Pause
from langchain_otel.runs.outcome import INTERRUPTED, outcome_of
from langchain_otel.runs.run import Run
from langchain_otel.runs.store import RUNS
from langchain_otel.runs.tool_call_links import requests_in, take_over
from langchain_otel.sources.checkpoints import KEY, Origin, origin_of, written

CONFIGURABLE: Final = "configurable"
RESUMING: Final = "__pregel_resuming"
"""LangGraph's own key, which marks for the graphs inside that the run resumes."""


def follows_resume(original: Callable[..., Any]) -> Callable[..., Any]:
    """`PregelLoop._first`, which takes the input and decides whether the run goes on."""

    @wraps(original)
    def first(self: Any, *args: Any, **kwargs: Any) -> Any:
        loaded = _checkpoint_id(self)
        result = original(self, *args, **kwargs)
        try:
            if loaded and not self.is_nested and self.config[CONFIGURABLE].get(RESUMING):
                _resumed(self, origin_of(loaded))
        except Exception as error:
            health.failed("resume", error)
        return result

    return first


def follows_pause(original: Callable[..., Any]) -> Callable[..., Any]:
    """`PregelLoop._suppress_interrupt`, the way out of the loop with or without an exception."""

    @wraps(original)
    def suppress_interrupt(
        self: Any, exc_type: Any, exc_value: BaseException | None, *args: Any, **kwargs: Any
    ) -> Any:
        result = original(self, exc_type, exc_value, *args, **kwargs)
        try:
            if not self.is_nested:
                _left(self, exc_value)
        except Exception as error:
            health.failed("pause", error)
        return result

    return suppress_interrupt


def _checkpoint_id(loop: Any) -> str | None:
    """The checkpoint that a loop has loaded, before its input makes another one."""
    try:
        found: str = loop.checkpoint["id"]
    except Exception as error:
        health.failed("resume", error)
        return None
    return found


def _runs(loop: Any) -> Iterator[Run]:
    head = None if loop.manager is None else RUNS.head(loop.manager.run_id)
    return iter(()) if head is None else head.recordings()


def _resumed(loop: Any, origin: Origin | None) -> None:
    for run in _runs(loop):
        if origin is not None and run.has_span:
            run.span.add_link(origin.span_context, {semconv.LINK_TYPE: semconv.RESUMES})
            take_over(run, origin.requests)
            if origin.paused_at is not None:
                run.set_fact(semconv.LANGGRAPH_INTERRUPT_WAIT, max(0.0, time() - origin.paused_at))


def _left(loop: Any, error: BaseException | None) -> None:
    is_pause = error is not None and outcome_of(error) == INTERRUPTED
    for run in _runs(loop):
        if loop.checkpointer is not None:
            run.set_fact(semconv.LANGGRAPH_CHECKPOINT_ID, loop.checkpoint["id"])
        if is_pause:
            run.set_fact(semconv.RUN_OUTCOME, INTERRUPTED)
            run.recorder.event(run, INTERRUPT, _pause(loop, error))
    if is_pause:
        _store_pause(loop)


def _pause(loop: Any, error: BaseException | None) -> Pause:
    interrupts = error.args[0] if error is not None and error.args else ()
    # A task and the entrypoint that called it raise the same one.
    different = {interrupt.id: interrupt for interrupt in interrupts}
    return Pause(loop.checkpoint["id"], tuple(different.values()))


def _store_pause(loop: Any) -> None:
    """Store with the checkpoint which span paused, and when: the checkpoint may be an older one."""
    run = next(_runs(loop), None)
    if run is None or not run.has_span or loop.checkpointer_put_writes is None:
        return
    span_context = run.span.get_span_context()
    stored = written(Origin(span_context, time(), requests_in(span_context.trace_id)))
    if stored is None:
        return
    config = {
        **loop.checkpoint_config,
        CONFIGURABLE: {
            **loop.checkpoint_config[CONFIGURABLE],
            "checkpoint_id": loop.checkpoint["id"],
        },
    }
    # Writes are what a task did: these are of a task that is none of the graph's.
    loop.submit(
        loop.checkpointer_put_writes,
        config,
        [(KEY, stored)],
        str(uuid4()),
        __reraise_on_exit__=False,
    )
