"""Redacts and cuts the content of one attribute, within the budget of its span."""

from collections.abc import Callable, Iterator
from copy import copy
from types import NoneType
from typing import Any, Final

import orjson

from langchain_otel import health
from langchain_otel.content.encoded_bytes import KEYS, may_hold_bytes, without_bytes
from langchain_otel.content.json_data import MAX_ITEMS, MAX_NODES, Value, plain, sound
from langchain_otel.content.policy import Budget, Policy, Redact

# The options that are limits, by which meeting them is counted.
TEXT_LIMIT: Final = "max_content_length"
SPAN_LIMIT: Final = "max_span_content_bytes"
SHRINK: Final = 8
SMALLEST: Final = 100
SMALL: Final = 16
# A character is 6 bytes of JSON at most.
BYTES_PER_CHARACTER: Final = 6
BYTES_PER_UTF8: Final = 4
# How long the words are that say how much is missing.
MARKER: Final = 40


class Limits:
    """What may be recorded of one attribute, and how much: the policy where content is met."""

    __slots__ = (
        "attribute",
        "binary",
        "budget",
        "limit",
        "max_items",
        "max_length",
        "max_nodes",
        "redact",
        "tools",
    )

    def __init__(self, policy: Policy, attribute: str, budget: Budget | None = None) -> None:
        self.attribute = attribute
        self.redact: Redact | None = policy.redact
        self.max_length = policy.max_length
        self.limit = TEXT_LIMIT
        self.binary = policy.binary
        self.tools = policy.tools
        self.budget = Budget(policy) if budget is None else budget
        self.max_items = MAX_ITEMS
        self.max_nodes = MAX_NODES

    def text(self, text: str) -> str | None:
        """A text as it may be recorded; None where redaction leaves it out."""
        if not self.binary:
            # Redaction may shorten what stands before them: it is given none at all.
            limit = self.max_length if self.redact is None else len(text)
            if may_hold_bytes(text, limit):
                text = without_bytes(text, limit)
        if self.redact is not None:
            redacted = _redacted(self.redact, text, self.attribute)
            if redacted is None:
                return None
            text = redacted
        if len(text) > self.max_length:
            health.limited(self.limit, "longer texts are cut")
            text = cut(text, self.max_length)
        return text if text.isascii() and type(text) is str else sound(text)

    def whole(self, text: str) -> str | None:
        """A text that is of no use when cut: an address, bytes in base64."""
        if not self.max_length:
            return None
        if self.redact is None:
            return sound(text)
        redacted = _redacted(self.redact, text, self.attribute)
        return None if redacted is None else sound(redacted)

    def value(self, value: Any) -> Any:
        """Any value as plain data, every text of it as it may be recorded."""
        if self.redact is None and type(value) is dict and _is_plain(value, self.max_length):
            return value
        return plain(
            value,
            self.text,
            binary=self.binary,
            max_items=self.max_items,
            max_nodes=self.max_nodes,
        )

    def fitted(self, value: Any) -> Value | None:
        """The same, as much of it as there is room for; None where there is none."""
        if self.budget.left < SMALLEST:
            self.note_limit()
            return None
        for limits in self.shrinking():
            found = limits.value(value)
            if found is None:
                return None
            encoded = orjson.dumps(found)
            if len(encoded) <= self.budget.left:
                self.budget.take(len(encoded))
                return Value(found, encoded)
        return None

    def fitted_text(self, text: str) -> str | None:
        """A text, as much of it as there is room for."""
        if not self.budget.left:
            self.note_limit()
            return None
        kept = self.text(text)
        if kept is None:
            return None
        if len(kept) * BYTES_PER_CHARACTER > self.budget.left:
            size = len(kept.encode())
            if size > self.budget.left:
                self.note_limit()
                if self.budget.left < SMALLEST:
                    return None
                kept = cut(kept, (self.budget.left - MARKER) // BYTES_PER_UTF8)
        self.budget.take(len(kept.encode()))
        return kept

    def shrinking(self) -> Iterator["Limits"]:
        """These limits, then ever smaller ones, for what has no room."""
        yield self
        self.note_limit()
        length, items, nodes = self.max_length, self.max_items, self.max_nodes
        while nodes > 1:
            length = max(length // SHRINK, min(length, SMALLEST))
            items, nodes = max(items // SHRINK, 1), nodes // SHRINK
            yield self.smaller(length, items, nodes)

    def smaller(self, max_length: int, max_items: int, max_nodes: int) -> "Limits":
        """The same limits with other bounds."""
        other = copy(self)
        other.limit = SPAN_LIMIT
        other.max_length, other.max_items, other.max_nodes = max_length, max_items, max_nodes
        return other

    def note_limit(self) -> None:
        """Count that a span's content met its limit."""
        health.limited(SPAN_LIMIT, "what is beyond is left out")


def _is_short(text: str, max_length: int) -> bool:
    return len(text) <= max_length and text.isascii() and not may_hold_bytes(text, max_length)


PLAIN: Final[dict[type, Callable[[Any, int], bool]]] = {
    str: _is_short,
    int: lambda number, _: -(2**53) < number < 2**53,
    bool: lambda *_: True,
    NoneType: lambda *_: True,
}


def _is_plain(value: dict[Any, Any], max_length: int) -> bool:
    """Whether a dict is what most arguments of tools are: some short texts and numbers."""
    if len(value) > SMALL or "type" in value or not KEYS.isdisjoint(value):
        return False
    for key, item in value.items():
        check = PLAIN.get(type(item))
        if check is None or not check(item, max_length):
            return False
        if type(key) is not str or not _is_short(key, max_length):
            return False
    return True


def cut(text: str, max_length: int) -> str:
    """A text within the limit; a longer one says how much is missing."""
    if len(text) <= max_length:
        return text
    return f"{text[:max_length]}…[{len(text) - max_length} characters cut]"


def redacted(facts: dict[str, Any], policy: Policy) -> dict[str, Any]:
    """Facts that are no content, and that a user has written: every text as redaction leaves it."""
    if policy.redact is None:
        return facts
    found = {name: _redacted_fact(policy.redact, name, value) for name, value in facts.items()}
    return {name: value for name, value in found.items() if value is not None}


def _redacted_fact(redact: Redact, name: str, value: Any) -> Any:
    if isinstance(value, str):
        return _redacted(redact, value, name)
    if not isinstance(value, (list, tuple)):
        return value
    kept = [_redacted_fact(redact, name, item) for item in value]
    return [item for item in kept if item is not None] or None


def _redacted(redact: Redact, text: str, attribute: str) -> str | None:
    try:
        redacted = redact(text, attribute)
    except Exception as error:
        health.limited(
            "a failure of the option redact", f"{type(error).__name__}: the text is left out"
        )
        return None
    return redacted if isinstance(redacted, str) else None
