"""Closes a run: its span ends, and it lets go of the runs around it."""

from __future__ import annotations

from time import perf_counter, time_ns
from typing import Final

from langchain_otel import health, semconv
from langchain_otel.content.values import EMPTY
from langchain_otel.runs.context import RUN_KEY, run_of, without_ended_runs
from langchain_otel.runs.identity import identity_block
from langchain_otel.runs.run import Run
from langchain_otel.runs.store import RUNS

NANOSECONDS: Final = 1_000_000_000


def close(run: Run) -> None:
    """End the span of a run that was removed from the open ones; it keeps what outlives it.

    The run lives on in the contexts of what was started in its body, and so on.
    """
    run.ended = True
    if semconv.GEN_AI_RESPONSE_ID in run.facts:
        # Only the end of the run says it.
        RUNS.remember(run)
    run.chunks = run.provider_report = run.inner_results = run.seen = run.reported = None
    run.request_content = run.content = EMPTY
    run.parent = run.enclosing = run.agent = run.model = run.prompt = None
    try:
        if run.has_span:
            now = time_ns()
            if now < run.began:
                # Somebody has set the clock back: what has passed since is known all the same.
                now = run.began + int((perf_counter() - run.started_at) * NANOSECONDS)
            run.span.end(now)
    except Exception as error:
        health.failed("span.end", error)
    around: Run | None = run.ambient.get(RUN_KEY)  # type: ignore[assignment]
    if around is None or around.ended:
        _let_go(run)


def close_again(run: Run) -> None:
    """Close a run where an exception from outside stopped `close`."""
    if not run.ended or run.span.is_recording():
        close(run)


def _let_go(run: Run) -> None:
    block = identity_block(run.ambient)
    run.ambient = without_ended_runs(run.ambient)
    if block is not None and run_of(run.ambient) is None:
        block.forget_outer()
