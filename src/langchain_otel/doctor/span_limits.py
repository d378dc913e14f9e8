"""Checks the limits that cut what is recorded: the SDK's, and those of OTLP over gRPC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from langchain_otel.doctor.finding import MEND, NOTE, Finding
from langchain_otel.doctor.scene import Scene

TOPIC: Final = "limits"
# As many attributes as a span of an agent's model call has, with all that a provider tells.
ATTRIBUTES: Final = 48
# A message that is cut is no JSON any more.
LENGTH: Final = 8_192


def limits(_: Scene) -> Iterator[Finding]:
    """The SDK's limits of spans, then the size of a request over gRPC."""
    from opentelemetry import trace

    from langchain_otel.doctor.options import options_in_force

    policy = options_in_force().policy
    found = getattr(trace.get_tracer_provider(), "_span_limits", None)
    if found is not None:
        yield from _count(found)
    if policy.on_spans or policy.on_events:
        yield from _length(found)
        yield from _requests()


def _count(found: Any) -> Iterator[Finding]:
    count = found.max_span_attributes
    if count is not None and count < ATTRIBUTES:
        yield Finding(
            TOPIC,
            MEND,
            f"A span takes {count} attributes: what comes first is lost.",
            "Unset OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT and OTEL_ATTRIBUTE_COUNT_LIMIT.",
        )


def _length(found: Any) -> Iterator[Finding]:
    length = getattr(found, "max_span_attribute_length", None)
    if length is not None and length < LENGTH:
        yield Finding(
            TOPIC,
            MEND,
            f"The SDK cuts attributes at {length} characters: a cut message cannot be read.",
            "Unset OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT and OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT; "
            "OTEL_INSTRUMENTATION_LANGCHAIN_MAX_CONTENT_LENGTH cuts each text instead.",
        )


def _requests() -> Iterator[Finding]:
    from langchain_otel.inspection.providers import GRPC, global_providers

    traces = global_providers()[0]
    if any(destination.protocol == GRPC for destination in traces.destinations):
        yield Finding(
            TOPIC,
            NOTE,
            "Content is recorded and sent over gRPC: a receiver refuses requests beyond 4 MiB.",
            "Raise the receiver's limit, or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf.",
        )
