"""Splits what a model call used into kinds that may have prices of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_otel import semconv

INPUT: Final = "input"
CACHE_READ: Final = "cache_read"
CACHE_WRITE: Final = "cache_write"
CACHE_WRITE_1H: Final = "cache_write_1h"
INPUT_AUDIO: Final = "input_audio"
INPUT_IMAGE: Final = "input_image"
OUTPUT: Final = "output"
REASONING: Final = "reasoning"
OUTPUT_AUDIO: Final = "output_audio"
OUTPUT_IMAGE: Final = "output_image"
REQUEST: Final = "request"

Usage = dict[str, int]
"""Numbers of tokens by kind, as providers count: input and output include the other kinds."""

COUNTS: Final = {
    semconv.GEN_AI_USAGE_INPUT_TOKENS: INPUT,
    semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: CACHE_READ,
    semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: CACHE_WRITE,
    semconv.USAGE_CACHE_WRITE_1H: CACHE_WRITE_1H,
    semconv.GEN_AI_USAGE_AUDIO_INPUT_TOKENS: INPUT_AUDIO,
    semconv.GEN_AI_USAGE_IMAGE_INPUT_TOKENS: INPUT_IMAGE,
    semconv.GEN_AI_USAGE_OUTPUT_TOKENS: OUTPUT,
    semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: REASONING,
    semconv.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS: OUTPUT_AUDIO,
    semconv.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS: OUTPUT_IMAGE,
}
"""The facts that count tokens, by the kind that each counts."""

COSTS: Final = {
    INPUT: semconv.COST_INPUT,
    CACHE_READ: semconv.COST_CACHE_READ,
    CACHE_WRITE: semconv.COST_CACHE_WRITE,
    CACHE_WRITE_1H: semconv.COST_CACHE_WRITE_1H,
    INPUT_AUDIO: semconv.COST_INPUT_AUDIO,
    INPUT_IMAGE: semconv.COST_INPUT_IMAGE,
    OUTPUT: semconv.COST_OUTPUT,
    REASONING: semconv.COST_REASONING,
    OUTPUT_AUDIO: semconv.COST_OUTPUT_AUDIO,
    OUTPUT_IMAGE: semconv.COST_OUTPUT_IMAGE,
    REQUEST: semconv.COST_REQUEST,
}
"""Every kind, with the attribute that says what it cost. What two kinds cost never overlaps."""


def usage_by_kind(facts: Mapping[str, Any]) -> Usage:
    """What the facts of a call count, by kind."""
    return {kind: facts[name] for name, kind in COUNTS.items() if name in facts}
