"""Converts token counts of LangChain and of providers to the conventions' usage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_otel import semconv
from langchain_otel.content.counts import count, total
from langchain_otel.content.fields import is_mapping, mapping_of
from langchain_otel.content.values import EMPTY, Facts
from langchain_otel.operations.mapping import Table, entries_in, facts_from

INPUT: Final = semconv.GEN_AI_USAGE_INPUT_TOKENS
OUTPUT: Final = semconv.GEN_AI_USAGE_OUTPUT_TOKENS
CACHE_READ: Final = semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS
CACHE_WRITE: Final = semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS
REASONING: Final = semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS

INPUT_DETAILS: Final[Table] = {
    "cache_read": (CACHE_READ, count),
    "cache_creation": (CACHE_WRITE, count),
    "text": (semconv.GEN_AI_USAGE_TEXT_INPUT_TOKENS, count),
    "image": (semconv.GEN_AI_USAGE_IMAGE_INPUT_TOKENS, count),
    "audio": (semconv.GEN_AI_USAGE_AUDIO_INPUT_TOKENS, count),
}
OUTPUT_DETAILS: Final[Table] = {
    "reasoning": (REASONING, count),
    "text": (semconv.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS, count),
    "image": (semconv.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS, count),
    "audio": (semconv.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS, count),
}
# Anthropic's cache writes by lifetime: langchain-anthropic gives either these or the sum.
EPHEMERAL_WRITES: Final = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
# What LangChain adds to the usage of an answer that came from its own cache.
CACHED_COST: Final = "total_cost"
PRICES: Final = (int, float)

PLACES: Final = (
    "usage_metadata",
    "token_usage",
    "usage",
    "token_count",
    "amazon-bedrock-invocationMetrics",
)
"""Where provider packages keep a usage, of which the first counts; else it stands there itself."""

PROVIDER_USAGE: Final[Table] = {
    **dict.fromkeys(
        (
            *("input_tokens", "inputTokens", "prompt_tokens", "promptTokens", "PromptTokens"),
            *("prompt_token_count", "promptTokenCount", "input_token_count", "inputTokenCount"),
            *("inputTextTokenCount", "prompt_eval_count"),
        ),
        (INPUT, count),
    ),
    **dict.fromkeys(
        (
            *("output_tokens", "outputTokens", "completion_tokens", "completionTokens"),
            *("CompletionTokens", "candidates_token_count", "candidatesTokenCount"),
            *("output_token_count", "outputTokenCount", "generated_token_count", "eval_count"),
            "generation_token_count",
        ),
        (OUTPUT, count),
    ),
    **dict.fromkeys(
        (
            *("cache_read_input_tokens", "cacheReadInputTokens", "cacheReadInputTokenCount"),
            *("cached_content_token_count", "cachedContentTokenCount"),
            *("prompt_cache_hit_tokens", "cached_tokens"),
        ),
        (CACHE_READ, count),
    ),
    **dict.fromkeys(
        (
            *("cache_creation_input_tokens", "cache_write_input_tokens"),
            *("cacheWriteInputTokens", "cacheWriteInputTokenCount"),
        ),
        (CACHE_WRITE, count),
    ),
    **dict.fromkeys(
        ("reasoning_tokens", "thoughts_token_count", "thoughtsTokenCount"), (REASONING, count)
    ),
}
"""The counts of a usage, in the spellings of providers."""

PROVIDER_INPUT_DETAILS: Final[Table] = {
    **INPUT_DETAILS,
    "cached_tokens": (CACHE_READ, count),
    "cache_write_tokens": (CACHE_WRITE, count),
    "cache_creation_tokens": (CACHE_WRITE, count),
    "cache_creation_input_tokens": (CACHE_WRITE, count),
    "text_tokens": (semconv.GEN_AI_USAGE_TEXT_INPUT_TOKENS, count),
    "image_tokens": (semconv.GEN_AI_USAGE_IMAGE_INPUT_TOKENS, count),
    "audio_tokens": (semconv.GEN_AI_USAGE_AUDIO_INPUT_TOKENS, count),
}
PROVIDER_OUTPUT_DETAILS: Final[Table] = {
    **OUTPUT_DETAILS,
    "reasoning_tokens": (REASONING, count),
    "text_tokens": (semconv.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS, count),
    "image_tokens": (semconv.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS, count),
    "audio_tokens": (semconv.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS, count),
}
COUNTING: Final = frozenset((*PLACES, *PROVIDER_USAGE))
"""Without any of these a report says nothing of tokens, as most do not."""
DETAILS: Final = {
    **dict.fromkeys(
        ("input_token_details", "input_tokens_details", "prompt_tokens_details"),
        PROVIDER_INPUT_DETAILS,
    ),
    **dict.fromkeys(
        ("output_token_details", "output_tokens_details", "completion_tokens_details"),
        PROVIDER_OUTPUT_DETAILS,
    ),
}
"""What the two counts are made of, as a dict inside the usage."""

ADDITIONAL: Final = {
    **dict.fromkeys(
        (
            *("cache_read_input_tokens", "cacheReadInputTokens", "cacheReadInputTokenCount"),
            *("cache_creation_input_tokens", "cache_write_input_tokens"),
            *("cacheWriteInputTokens", "cacheWriteInputTokenCount"),
            *("tool_use_prompt_token_count", "toolUsePromptTokenCount"),
        ),
        INPUT,
    ),
    **dict.fromkeys(("thoughts_token_count", "thoughtsTokenCount"), OUTPUT),
}
"""Counts that Anthropic, Bedrock and Google give beside those that include them elsewhere."""
TOTALS: Final = ("total_tokens", "totalTokens", "total_token_count", "totalTokenCount")


def usage_of(usage: Any) -> Facts:
    """The facts of a message's `usage_metadata`. Zero is a count, None is none.

    An answer from LangChain's own cache is marked, and counts nothing.
    """
    if usage is None:
        return {}
    if type(usage) is not dict:
        usage = mapping_of(usage)
    cost = usage.get(CACHED_COST)
    if type(cost) in PRICES and cost == 0:
        return {semconv.CACHE_HIT: True}
    facts = _tokens_of(usage)
    details = usage.get("input_token_details")
    if details is not None:
        details = mapping_of(details)
        facts.update(facts_from(details, INPUT_DETAILS))
        facts.update(_ephemeral_writes(details))
    details = usage.get("output_token_details")
    if details is not None:
        details = mapping_of(details)
        facts.update(facts_from(details, OUTPUT_DETAILS))
        if facts.get(REASONING):
            _include_reasoning(facts, usage)
    return facts


def _tokens_of(usage: Mapping[str, Any]) -> Facts:
    # Not by a table, which would take longer than all else that most usages need.
    facts: Facts = {}
    tokens = count(usage.get("input_tokens"))
    if tokens is not None:
        facts[INPUT] = tokens
    tokens = count(usage.get("output_tokens"))
    if tokens is not None:
        facts[OUTPUT] = tokens
    return facts


def _include_reasoning(facts: Facts, usage: Mapping[str, Any]) -> None:
    """Make the output include the reasoning, where the total shows that it stands beside it.

    So it is with langchain-google-vertexai, and was with older releases of langchain-xai.
    """
    parts = (facts.get(INPUT, 0), facts.get(OUTPUT, 0), facts[REASONING])
    if count(usage.get("total_tokens")) == total(parts):
        facts[OUTPUT] = total(parts[1:])


def _ephemeral_writes(details: Mapping[str, Any]) -> Facts:
    if details.keys().isdisjoint(EPHEMERAL_WRITES):
        return {}
    writes = [count(details.get(key)) for key in EPHEMERAL_WRITES]
    known = [write for write in writes if write is not None]
    if not known:
        return {}
    facts: Facts = {} if count(details.get("cache_creation")) else {CACHE_WRITE: total(known)}
    if writes[-1] is not None and any(known):
        facts[semconv.USAGE_CACHE_WRITE_1H] = writes[-1]
    return facts


def reported_usage(source: Any) -> Facts:
    """The facts of the usage in a dict in which a provider package reports of an answer.

    It is the `llm_output` of a result, the `generation_info` or `response_metadata` of a choice.
    """
    source = mapping_of(source)
    if source.keys().isdisjoint(COUNTING):
        return {}
    for place in PLACES:
        usage = source.get(place)
        # LangChain empties `token_usage` for all but one of the prompts of a batch.
        if is_mapping(usage) and (mapping_of(usage) or place == "token_usage"):
            return provider_usage(mapping_of(usage))
    return provider_usage(source)


def provider_usage(usage: Mapping[str, Any]) -> Facts:
    """The facts of a usage as a provider counts; of two spellings of one count the larger."""
    facts = _largest(usage, PROVIDER_USAGE)
    if not facts:
        return facts
    _add_additional(usage, facts)
    for key, table in DETAILS.items():
        details = mapping_of(usage.get(key)) if key in usage else EMPTY
        if details:
            facts.update(_largest(details, table))
            if table is PROVIDER_INPUT_DETAILS:
                facts.update(_ephemeral_writes(details))
    return facts


def _largest(source: Mapping[str, Any], table: Table) -> Facts:
    facts: Facts = {}
    for key, value in entries_in(source, table):
        name, convert = table[key]
        found = convert(value)
        if found is not None:
            facts[name] = max(found, facts.get(name, 0))
    return facts


def _add_additional(usage: Mapping[str, Any], facts: Facts) -> None:
    """Make the two counts include what the usage gives beside them."""
    beside: Facts = {}
    for key, name in ADDITIONAL.items():
        tokens = count(usage.get(key))
        if tokens and name in facts:
            beside[name] = total((beside.get(name, 0), tokens))
    if beside and not _includes(usage, facts, beside):
        facts.update({name: total((facts[name], tokens)) for name, tokens in beside.items()})


def _includes(usage: Mapping[str, Any], facts: Facts, beside: Facts) -> bool:
    """Whether the counts include the others already, as their total shows."""
    counted = total((facts.get(INPUT, 0), facts.get(OUTPUT, 0)))
    return any(count(usage.get(key)) == counted for key in TOTALS) and all(
        tokens <= facts[name] for name, tokens in beside.items()
    )
