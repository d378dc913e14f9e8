"""Converts texts, refusals and what a model thought to message parts."""

from __future__ import annotations

from typing import Any, Final

from langchain_otel.content.fields import entry, is_mapping, text_of
from langchain_otel.content.limits import Limits
from langchain_otel.content.media import Part, is_data_url, url_part

Block = dict[str, Any]
Parts = list[Part]

REASONING_KEYS: Final = (
    "reasoning",
    "thinking",
    "text",
    "reasoning_content",
    "reasoningText",
    "summary",
    "content",
)
MAX_REASONING_DEPTH: Final = 4


def text_parts(text: Any, limits: Limits, kind: str = "text") -> Parts:
    """The part of a text; none for an empty one, and never one of null."""
    text = text if type(text) is str else text_of(text)
    if not text:
        return []
    if not limits.binary and is_data_url(text):
        return [url_part("document", text, None, binary=False)]
    kept = limits.text(text)
    return [] if kept is None else [{"type": kind, "content": kept}]


def refusal_parts(block: Block, limits: Limits) -> Parts:
    """The part of a refusal.

    The conventions have none: it is a text, so that every backend shows it, and says so.
    """
    return [part | {"refusal": True} for part in text_parts(block.get("refusal"), limits)]


def reasoning_parts(block: Block, limits: Limits) -> Parts:
    """The parts of what a model thought, a part each text."""
    return [
        part
        for text in _reasoning_texts(block, limits, 0)
        for part in text_parts(text, limits, "reasoning")
    ]


def _reasoning_texts(value: Any, limits: Limits, depth: int) -> list[str]:
    # A text, a list of texts or summaries, or an object inside: every provider has its own.
    text = text_of(value)
    if text is not None:
        return [text]
    if depth > MAX_REASONING_DEPTH:
        return []
    if is_mapping(value):
        value = [found for key in REASONING_KEYS if (found := entry(value, key)) is not None]
    found = limits.items(value)
    return [text for item in found for text in _reasoning_texts(item, limits, depth + 1)]
