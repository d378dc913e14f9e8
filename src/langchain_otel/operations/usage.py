"""Knows token arithmetic: from what LangChain counts to the conventions' usage."""

from collections.abc import Mapping
from typing import Any, Final

from langchain_otel import semconv
from langchain_otel.mapping import Table, facts_from, integer
from langchain_otel.operations import Facts

USAGE: Final[Table] = {
    "input_tokens": (semconv.GEN_AI_USAGE_INPUT_TOKENS, integer),
    "output_tokens": (semconv.GEN_AI_USAGE_OUTPUT_TOKENS, integer),
}
INPUT_DETAILS: Final[Table] = {
    "cache_read": (semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, integer),
    "cache_creation": (semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, integer),
}
OUTPUT_DETAILS: Final[Table] = {
    "reasoning": (semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, integer),
}
LEGACY_USAGE: Final[Table] = {
    "prompt_tokens": (semconv.GEN_AI_USAGE_INPUT_TOKENS, integer),
    "completion_tokens": (semconv.GEN_AI_USAGE_OUTPUT_TOKENS, integer),
}
"""`llm_output["token_usage"]` of completion models and of older provider packages."""


def usage_of(usage: Any) -> Facts:
    """The facts of a message's `usage_metadata`. Zero is a count, None is none."""
    if not isinstance(usage, Mapping):
        return {}
    return (
        facts_from(usage, USAGE)
        | _details(usage.get("input_token_details"), INPUT_DETAILS)
        | _details(usage.get("output_token_details"), OUTPUT_DETAILS)
    )


def legacy_usage_of(llm_output: Any) -> Facts:
    """The facts of a result's `llm_output`, for models whose messages carry no usage."""
    usage = llm_output.get("token_usage") if isinstance(llm_output, Mapping) else None
    return facts_from(usage, LEGACY_USAGE) if isinstance(usage, Mapping) else {}


def _details(details: Any, table: Table) -> Facts:
    return facts_from(details, table) if isinstance(details, Mapping) else {}
