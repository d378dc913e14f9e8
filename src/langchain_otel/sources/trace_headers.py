"""Writes the trace context and the baggage as headers, by the application's own propagator."""

from __future__ import annotations

from opentelemetry.context import Context

from langchain_otel.content.values import sound


def trace_headers(context: Context) -> dict[str, str]:
    """The headers that carry a context on."""
    from opentelemetry.propagate import inject

    headers: dict[str, str] = {}
    try:
        inject(headers, context)
    except UnicodeError:
        # Half a character in the baggage costs neither the rest of it nor the trace.
        inject(headers, _with_sound_baggage(context))
    return headers


def _with_sound_baggage(context: Context) -> Context:
    from opentelemetry import baggage

    found = baggage.clear(context)
    for name, value in baggage.get_all(context).items():
        kept = sound(value) if isinstance(value, str) else value
        found = baggage.set_baggage(sound(name), kept, found)
    return found
