"""Gives the span context of a run, also after its end: to be sent along, or kept with an answer."""

from __future__ import annotations

from uuid import UUID

from opentelemetry.trace import SpanContext

from langchain_otel.runs.run_id import as_uuid
from langchain_otel.runs.store import RUNS
from langchain_otel.runs.traceparent import traceparent


def span_context_of(run_id: UUID | str | None) -> SpanContext | None:
    """The span context of a run that is open or among the last that ended.

    Its `trace_id` and `span_id` name the run in every backend; of a run that is not sampled, too.
    None where there is no such run, or no trace of it.
    """
    found = _found(run_id)
    if found is None and isinstance(run_id, str):
        found = _found(as_uuid(run_id))
    return found


def traceparent_of(run_id: UUID | str | None) -> str | None:
    """The same as a W3C `traceparent` text, which goes into a header, a message or a database."""
    span_context = span_context_of(run_id)
    return None if span_context is None else traceparent(span_context)


def _found(run_id: UUID | str | None) -> SpanContext | None:
    run = RUNS.head(run_id)  # type: ignore[arg-type]  # LangChain takes anything for a run id
    if run is not None:
        span_context = run.span.get_span_context()
        return span_context if span_context.is_valid and not run.is_silent else None
    ended = RUNS.ended(run_id)  # type: ignore[arg-type]
    return None if ended is None else ended.span_context
