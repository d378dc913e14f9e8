"""Redacts and cuts the content of one attribute, within the budget of its span."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from types import NoneType
from typing import Any, Final

import orjson

from langchain_otel import health
from langchain_otel.content.allowance import MAX_NODES, UNBOUNDED, Allowance, SpentError
from langchain_otel.content.encoded_bytes import KEYS, may_hold_bytes, without_bytes
from langchain_otel.content.fields import MAX_ITEMS, first_items
from langchain_otel.content.json_data import LeavesOut, Value, plain
from langchain_otel.content.policy import Budget, Policy, Redact
from langchain_otel.content.redaction import redacted_text
from langchain_otel.content.values import sound

# The options that are limits, by which meeting them is counted.
TEXT_LIMIT: Final = "max_content_length"
SPAN_LIMIT: Final = "max_span_content_bytes"
SHRINK: Final = 8
SMALLEST: Final = 100
SMALL: Final = 16
SMALL_KINDS: Final = frozenset((int, bool, NoneType))
# Those that a double holds exactly.
EXACT_INTEGERS: Final = range(1 - 2**53, 2**53)
TEXTS_ONLY: Final = frozenset((str,))
# A character is 6 bytes of JSON at most.
BYTES_PER_CHARACTER: Final = 6
BYTES_PER_UTF8: Final = 4
# How long the words are that say how much is missing.
MARKER: Final = 40


class Limits:
    """What may be recorded of one attribute, and how much: the policy where content is met."""

    __slots__ = (
        "allowance",
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
        self.allowance = Allowance(MAX_NODES, self.budget.left)

    def allow(self, size: int) -> None:
        """Begin to walk through a value, which may take so many bytes."""
        allowance = self.allowance
        allowance.nodes = allowance.in_all = self.max_nodes
        allowance.bytes = size

    def text(self, text: str) -> str | None:
        """A text as it may be recorded; None where redaction leaves it out.

        Raises:
            SpentError: The walk that it is found on has no room for it.
        """
        allowance = self.allowance
        size = min(len(text), self.max_length)
        allowance.bytes -= size
        if allowance.bytes < 0:
            raise SpentError
        if self.redact is None and _is_short(text, self.max_length):
            return text
        if not self.binary:
            # Redaction may shorten what stands before them: it is given none at all.
            limit = self.max_length if self.redact is None else len(text)
            if (":" in text or ";" in text) and may_hold_bytes(text, limit):
                text = without_bytes(text, limit)
        kept = text if self.redact is None else redacted_text(self.redact, text, self.attribute)
        if kept is None:
            allowance.bytes += size
            return None
        if len(kept) > self.max_length:
            health.limited(self.limit, "longer texts are cut")
            return sound(cut(kept, self.max_length))
        allowance.bytes += size - len(kept)
        return kept if kept.isascii() and type(kept) is str else sound(kept)

    def whole(self, text: str) -> str | None:
        """A text that is of no use when cut: an address, bytes in base64."""
        if not self.max_length:
            return None
        self.allowance.charge(len(text))
        if self.redact is None:
            return sound(text)
        redacted = redacted_text(self.redact, text, self.attribute)
        return None if redacted is None else sound(redacted)

    def items(self, value: Any) -> list[Any]:
        """The first items of a list or a tuple, as many as may be looked at."""
        found = first_items(value, self.max_items)
        return found[: self.allowance.grant(len(found))]

    def value(self, value: Any, leaves_out: LeavesOut | None = None) -> Any:
        """Any value as plain data, every text of it as it may be recorded."""
        if self.redact is None and type(value) is dict and leaves_out is None:
            small = _small_copy(value, self.max_length, self.allowance)
            if small is not None:
                return small
        return plain(
            value,
            self.text,
            binary=self.binary,
            max_items=self.max_items,
            allowance=self.allowance,
            leaves_out=leaves_out,
        )

    def fitted(self, value: Any) -> Value | None:
        """The same, as much of it as there is room for; None where there is none."""
        if self.budget.left < SMALLEST:
            self.note_limit()
            return None
        try:
            return self.attempt(value)
        except SpentError:
            return Fitting(self, is_spent=True).fit(value)

    def attempt(self, value: Any) -> Value | None:
        """The same, whole; None where nothing of it may be recorded.

        Raises:
            SpentError: There is no room for it.
        """
        self.allow(self.budget.left)
        found = self.value(value)
        if found is None:
            return None
        encoded = orjson.dumps(found)
        if len(encoded) > self.budget.left:
            raise SpentError
        self.budget.take(len(encoded))
        return Value(found, encoded)

    def fitted_text(self, text: str) -> str | None:
        """A text, as much of it as there is room for."""
        if not self.budget.left:
            self.note_limit()
            return None
        # It is cut to what is left; nothing is walked.
        self.allowance.bytes = UNBOUNDED
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

    def shrinking(self) -> Iterator[Limits]:
        """Ever smaller limits, for what has no room under these."""
        self.note_limit()
        length, items, nodes = self.max_length, self.max_items, self.max_nodes
        while nodes > 1:
            length = max(length // SHRINK, min(length, SMALLEST))
            items, nodes = max(items // SHRINK, 1), nodes // SHRINK
            yield self.smaller(length, items, nodes)

    def smaller(self, max_length: int, max_items: int, max_nodes: int) -> Limits:
        """The same limits with other bounds."""
        other = copy(self)
        other.limit = SPAN_LIMIT
        other.max_length, other.max_items, other.max_nodes = max_length, max_items, max_nodes
        return other

    def note_limit(self) -> None:
        """Count that a span's content met its limit."""
        health.limited(SPAN_LIMIT, "what is beyond is left out")


def _is_short(text: str, max_length: int) -> bool:
    # Single characters first, which most texts have none of.
    return (
        type(text) is str
        and len(text) <= max_length
        and text.isascii()
        and ((":" not in text and ";" not in text) or not may_hold_bytes(text, max_length))
    )


def _small_copy(
    value: dict[Any, Any], max_length: int, allowance: Allowance
) -> dict[str, Any] | None:
    """A copy of a dict that is what most arguments of tools are: some short texts and numbers."""
    if len(value) > SMALL or "type" in value or not KEYS.isdisjoint(value):
        return None
    copied, size = value.copy(), 0
    texts = list(copied)
    for item in copied.values():
        kind = type(item)
        if kind is str:
            texts.append(item)
            size += len(item)
        elif kind not in SMALL_KINDS or (kind is int and item not in EXACT_INTEGERS):
            return None
    # Looked at as one: a call for each is dear.
    if not TEXTS_ONLY.issuperset(map(type, texts)) or not _is_short("\n".join(texts), max_length):
        return None
    allowance.bytes -= size
    if allowance.bytes < 0:
        raise SpentError
    return copied


class Fitting:
    """Fits values into what room there is, one by one: as far as one was cut the next ones are."""

    def __init__(self, limits: Limits, *, is_spent: bool = False) -> None:
        self._smaller = limits.shrinking()
        self._limits = next(self._smaller, None) if is_spent else limits

    def fit(self, value: Any) -> Value | None:
        """As much of a value as there is room for; None where there is none."""
        while self._limits is not None:
            try:
                return self._limits.attempt(value)
            except SpentError:
                self._limits = next(self._smaller, None)
        return None


def cut(text: str, max_length: int) -> str:
    """A text within the limit; a longer one says how much is missing."""
    if len(text) <= max_length:
        return text
    return f"{text[:max_length]}…[{len(text) - max_length} characters cut]"
