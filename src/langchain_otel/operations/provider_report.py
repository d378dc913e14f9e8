"""Takes over what a provider's own instrumentation reports of a call that we record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from langchain_otel import semconv
from langchain_otel.content.counts import count
from langchain_otel.content.values import Facts, integer, number, text, texts
from langchain_otel.operations.mapping import Table, facts_from
from langchain_otel.operations.provider import UNKNOWN_PROVIDER

if TYPE_CHECKING:
    from langchain_otel.runs.run import Run

CALL: Final[Table] = {
    "server_address": (semconv.SERVER_ADDRESS, text),
    "server_port": (semconv.SERVER_PORT, integer),
    "provider_name": (semconv.GEN_AI_PROVIDER_NAME, text),
    "output_type": (semconv.GEN_AI_OUTPUT_TYPE, text),
    "request_model": (semconv.GEN_AI_REQUEST_MODEL, text),
    "request_temperature": (semconv.GEN_AI_REQUEST_TEMPERATURE, number),
    "request_top_p": (semconv.GEN_AI_REQUEST_TOP_P, number),
    "request_top_k": (semconv.GEN_AI_REQUEST_TOP_K, integer),
    "request_max_tokens": (semconv.GEN_AI_REQUEST_MAX_TOKENS, integer),
    "request_frequency_penalty": (semconv.GEN_AI_REQUEST_FREQUENCY_PENALTY, number),
    "request_presence_penalty": (semconv.GEN_AI_REQUEST_PRESENCE_PENALTY, number),
    "request_seed": (semconv.GEN_AI_REQUEST_SEED, integer),
    "request_stop_sequences": (semconv.GEN_AI_REQUEST_STOP_SEQUENCES, texts),
    "request_reasoning_level": (semconv.GEN_AI_REQUEST_REASONING_LEVEL, text),
    "request_encoding_formats": (semconv.GEN_AI_REQUEST_ENCODING_FORMATS, texts),
    "response_id": (semconv.GEN_AI_RESPONSE_ID, text),
    "response_model": (semconv.GEN_AI_RESPONSE_MODEL, text),
    "response_finish_reasons": (semconv.GEN_AI_RESPONSE_FINISH_REASONS, texts),
}
"""Fields of opentelemetry-util-genai's `InferenceData` and `EmbeddingData`."""

USAGE: Final[Table] = {
    "usage_input_tokens": (semconv.GEN_AI_USAGE_INPUT_TOKENS, count),
    "usage_output_tokens": (semconv.GEN_AI_USAGE_OUTPUT_TOKENS, count),
    "usage_cache_read_input_tokens": (semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, count),
    "usage_cache_write_input_tokens": (semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, count),
    "usage_reasoning_output_tokens": (semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, count),
}
USAGE_NAMES: Final = frozenset(name for name, _ in USAGE.values())

OPENAI: Final[Table] = {
    name: (name, text)
    for name in (
        semconv.OPENAI_REQUEST_SERVICE_TIER,
        semconv.OPENAI_RESPONSE_SERVICE_TIER,
        semconv.OPENAI_RESPONSE_SYSTEM_FINGERPRINT,
        semconv.OPENAI_API_TYPE,
    )
}
"""What they report by the attribute's own name."""


def with_provider_report(facts: Facts, run: Run) -> Facts:
    """The facts of the answer, and what answer and request lack but an instrumentation reported.

    Numbers of tokens are taken from one source or the other: they do not count alike.
    """
    fields = getattr(run.provider_report, "__dict__", None)
    if not fields:
        return facts
    reported = facts_from(fields, CALL) | facts_from(fields.get("attributes") or {}, OPENAI)
    if USAGE_NAMES.isdisjoint(facts):
        reported.update(facts_from(fields, USAGE))
    known = run.facts.keys() | facts.keys()
    if run.facts.get(semconv.GEN_AI_PROVIDER_NAME) == UNKNOWN_PROVIDER:
        known.discard(semconv.GEN_AI_PROVIDER_NAME)
    return facts | {name: value for name, value in reported.items() if name not in known}
