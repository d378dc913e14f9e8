"""Writes and reads span contexts as the text that the W3C calls `traceparent`."""

from __future__ import annotations

from typing import Final

from opentelemetry.context import Context
from opentelemetry.trace import SpanContext, format_span_id, format_trace_id, get_current_span

_HEADER: Final = "traceparent"


def traceparent(span_context: SpanContext) -> str:
    """The text of a span context: version, trace, span and flags in hexadecimal digits."""
    trace_id = format_trace_id(span_context.trace_id)
    span_id = format_span_id(span_context.span_id)
    return f"00-{trace_id}-{span_id}-{span_context.trace_flags:02x}"


def span_context_in(text: str) -> SpanContext | None:
    """The span context that a text names; None where it is no valid `traceparent`."""
    # Few programs read what others have written.
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    read = TraceContextTextMapPropagator().extract({_HEADER: text}, Context())
    found = get_current_span(read).get_span_context()
    return found if found.is_valid else None
