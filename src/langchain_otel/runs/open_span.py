"""Gives the span of an open run to a callback handler of the user's own."""

from __future__ import annotations

from uuid import UUID

from opentelemetry.trace import INVALID_SPAN, Span

from langchain_otel.runs.store import RUNS


def current_span_of(run_id: UUID) -> Span:
    """The span of an open run, for a user's own callback handler to add to.

    Gives OpenTelemetry's invalid span, on which every call does nothing, where there is no such
    run, or no longer.
    """
    run = RUNS.head(run_id)
    return INVALID_SPAN if run is None or run.is_silent else run.span
