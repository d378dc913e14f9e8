"""Looks up how a run is recorded already: by whom, and with which span once it has ended."""

from __future__ import annotations

from uuid import UUID

from opentelemetry.trace import SpanContext, TracerProvider

from langchain_otel.runs.run import Run, RunRecorder, share_tree
from langchain_otel.runs.store import RUNS


def is_recorded(other: Run, recorder: RunRecorder, provider: TracerProvider) -> bool:
    """Whether a recording is the recorder's own or of its origin, or goes to the provider."""
    return any(
        run.recorder.origin is recorder.origin or run.recorder.tracer_provider is provider
        for run in other.recordings()
    )


def is_measured(other: Run, series: object) -> bool:
    """Whether a recording of the run adds to the same metrics."""
    return any(run.recorder.metric_series == series for run in other.recordings())


def span_context_of(run_id: UUID, recorder: RunRecorder) -> SpanContext | None:
    """The span context of a run that ended lately, in the tree of a recorder."""
    ended = RUNS.ended(run_id)
    if ended is None:
        return None
    recorded = [each for each in ended.recordings() if not each.is_silent]
    own = [each for each in recorded if each.recorder.origin is recorder.origin]
    shared = [each for each in recorded if share_tree(each.recorder, recorder)]
    return next((each.span_context for each in (*own, *shared)), None)
