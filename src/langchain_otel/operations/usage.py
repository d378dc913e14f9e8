"""Converts token counts of LangChain and of providers to the conventions' usage."""

from collections.abc import Mapping
from typing import Any, Final

from langchain_otel import semconv
from langchain_otel.content.counts import count, total
from langchain_otel.content.values import Facts
from langchain_otel.operations.mapping import Table, facts_from

USAGE: Final[Table] = {
    "input_tokens": (semconv.GEN_AI_USAGE_INPUT_TOKENS, count),
    "output_tokens": (semconv.GEN_AI_USAGE_OUTPUT_TOKENS, count),
}
INPUT_DETAILS: Final[Table] = {
    "cache_read": (semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, count),
    "cache_creation": (semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, count),
    "text": (semconv.GEN_AI_USAGE_TEXT_INPUT_TOKENS, count),
    "image": (semconv.GEN_AI_USAGE_IMAGE_INPUT_TOKENS, count),
    "audio": (semconv.GEN_AI_USAGE_AUDIO_INPUT_TOKENS, count),
}
OUTPUT_DETAILS: Final[Table] = {
    "reasoning": (semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, count),
    "text": (semconv.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS, count),
    "image": (semconv.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS, count),
    "audio": (semconv.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS, count),
}
# Anthropic's cache writes by lifetime: langchain-anthropic gives either these or the sum.
EPHEMERAL_WRITES: Final = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
# What LangChain adds to the usage of an answer that came from its own cache.
CACHED_COST: Final = "total_cost"
PRICES: Final = (int, float)
LEGACY_USAGE: Final[Table] = {
    "prompt_tokens": (semconv.GEN_AI_USAGE_INPUT_TOKENS, count),
    "completion_tokens": (semconv.GEN_AI_USAGE_OUTPUT_TOKENS, count),
}
"""`llm_output["token_usage"]` of completion models and of older provider packages."""


def usage_of(usage: Any) -> Facts:
    """The facts of a message's `usage_metadata`. Zero is a count, None is none.

    An answer from LangChain's own cache is marked, and counts nothing.
    """
    if not isinstance(usage, Mapping):
        return {}
    cost = usage.get(CACHED_COST)
    if type(cost) in PRICES and cost == 0:
        return {semconv.CACHE_HIT: True}
    facts = facts_from(usage, USAGE)
    details = usage.get("input_token_details")
    if details and isinstance(details, Mapping):
        facts.update(facts_from(details, INPUT_DETAILS))
        facts.update(_ephemeral_writes(details))
    details = usage.get("output_token_details")
    if details and isinstance(details, Mapping):
        facts.update(facts_from(details, OUTPUT_DETAILS))
    return facts


def _ephemeral_writes(details: Mapping[str, Any]) -> Facts:
    if count(details.get("cache_creation")):
        return {}
    writes = [count(details.get(key)) for key in EPHEMERAL_WRITES]
    known = [write for write in writes if write is not None]
    return {semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: total(known)} if known else {}


def legacy_usage_of(llm_output: Any) -> Facts:
    """The facts of a result's `llm_output`, for models whose messages carry no usage."""
    usage = llm_output.get("token_usage") if isinstance(llm_output, Mapping) else None
    return facts_from(usage, LEGACY_USAGE) if isinstance(usage, Mapping) else {}
