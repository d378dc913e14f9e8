"""Reads what a span says, whichever dialect it says it in."""

from __future__ import annotations

from typing import Final

from opentelemetry.sdk.trace import ReadableSpan

from langchain_otel import semconv
from langchain_otel.dialects import openinference_names as names

Spans = list[ReadableSpan]

MODELS: Final = (semconv.CHAT, semconv.TEXT_COMPLETION)
IN_OPENINFERENCE: Final = {
    semconv.GEN_AI_REQUEST_MODEL: names.LLM_MODEL_NAME,
    semconv.GEN_AI_TOOL_NAME: names.TOOL_NAME,
    semconv.GEN_AI_TOOL_CALL_ID: names.TOOL_ID,
    semconv.GEN_AI_USAGE_INPUT_TOKENS: names.LLM_TOKEN_COUNT_PROMPT,
    semconv.GEN_AI_USAGE_OUTPUT_TOKENS: names.LLM_TOKEN_COUNT_COMPLETION,
    semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: names.LLM_TOKEN_COUNT_CACHE_READ,
    semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: names.LLM_TOKEN_COUNT_REASONING,
}
"""What OpenInference calls the facts that a label has."""


def value_of(span: ReadableSpan, name: str) -> object:
    """The value of an attribute, or of the one that OpenInference has in its place."""
    attributes = span.attributes or {}
    found = attributes.get(name)
    return attributes.get(IN_OPENINFERENCE.get(name, "")) if found is None else found


def is_model(span: ReadableSpan) -> bool:
    """Whether the span is a call of a model, whose tokens count."""
    attributes = span.attributes or {}
    operation = attributes.get(semconv.GEN_AI_OPERATION_NAME)
    return operation in MODELS or (
        operation is None and attributes.get(names.SPAN_KIND) == names.LLM
    )


def nanoseconds_of(*spans: ReadableSpan, now: int | None = None) -> int:
    """How long spans take together; those that are open, until now."""
    first = min(span.start_time or 0 for span in spans)
    return max(span.end_time or now or first for span in spans) - first
