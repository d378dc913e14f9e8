"""Chooses the dialect: in whose names spans state the facts, by the word of the option."""

from __future__ import annotations

from typing import Final

from langchain_otel.dialects import genai
from langchain_otel.dialects.dialect import Dialect

# The words of the option.
GEN_AI: Final = "gen_ai"
OPENINFERENCE: Final = "openinference"


def dialect_of(word: str, *, structured: bool) -> Dialect:
    """The dialect of the option's word; the conventions' messages are structured or JSON."""
    if word == GEN_AI:
        return genai.STRUCTURED if structured else genai.JSON
    from langchain_otel.dialects import phoenix

    if word == OPENINFERENCE:
        return phoenix.ALONE
    return phoenix.BOTH_STRUCTURED if structured else phoenix.BOTH
