"""Converts lists of messages (a request's, an answer's, a state's) to data and to JSON."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import Any, Final

from orjson import dumps

from langchain_otel.content.allowance import SpentError
from langchain_otel.content.choices import as_choice, choice_of, generations_of
from langchain_otel.content.fields import entry, first_items, last_items
from langchain_otel.content.limits import Limits
from langchain_otel.content.message import Message
from langchain_otel.content.message_json import message_json, pieces_of, value_of
from langchain_otel.content.policy import Policy
from langchain_otel.content.written import Written

DEFAULT: Final = Policy()
MAX_MESSAGES: Final = 100_000
# All values in all messages of a list together, however they are nested.
MAX_WALKED: Final = 30_000
# The message that says how many are missing, and what share of the room the first one may have.
MARKER_SIZE: Final = 100
FIRST_SHARE: Final = 4


class Messages:
    """Messages as LangChain holds them, and what may be recorded of them.

    They become data or JSON when asked: most are plain texts, whose JSON needs no data first.
    `written` has what those of the request before were written as.
    """

    __slots__ = ("items", "limits", "written")

    def __init__(
        self, items: Sequence[Any], limits: Limits | None = None, written: Written | None = None
    ) -> None:
        self.items = items
        self.limits = limits
        self.written = written

    def __len__(self) -> int:
        return len(self.items)

    def within(self, limits: Limits) -> Messages:
        """The same messages under these limits."""
        return Messages(self.items, limits, self.written)

    def data(self) -> list[Message]:
        """The conventions' list of messages, as much of it as there is room for."""
        limits = self._limits()
        kept: list[Message] = []
        left = limits.budget.left - 2
        allowance = limits.allowance
        allowance.in_all, allowance.bytes = MAX_WALKED, left
        for item in reversed(self.items):
            try:
                value = value_of(item, limits)
                if value is not None:
                    left -= len(value.encoded) + 1
                    allowance.settle(left)
                    kept.append(value.data())
            except SpentError:
                return self._cut(limits, kept)
        limits.budget.take(limits.budget.left - left)
        kept.reverse()
        return kept

    def json(self) -> str:
        """The JSON of the same; with no redaction to ask, texts are encoded without a detour."""
        limits = self._limits()
        if limits.redact is not None:
            return dumps(self.data()).decode()
        allowance = limits.allowance
        allowance.in_all, allowance.bytes = MAX_WALKED, limits.budget.left - 2
        try:
            if self.written is None:
                encoded = b",".join(pieces_of(self.items, limits, message_json))
            else:
                encoded = self.written.request(self.items, limits)
        except SpentError:
            return dumps(self.data()).decode()
        limits.budget.take(len(encoded) + 3 if encoded else 2)
        return f"[{encoded.decode()}]"

    def _limits(self) -> Limits:
        return Limits(DEFAULT, "") if self.limits is None else self.limits

    def _cut(self, limits: Limits, kept: list[Message]) -> list[Message]:
        """The newest of the messages, newest first in `kept`, that there is room for.

        The first message, which sets the scene, is kept too where it is short. The newest alone is
        cut until there is room.
        """
        limits.note_limit()
        first = self._first(limits)
        left = limits.budget.left - MARKER_SIZE - _size(first) - _size(kept)
        while left < 0 and len(kept) > 1:
            left += _size(kept.pop()) + 1
        if left < 0 or not kept:
            kept = _smaller(self.items[-1], limits, limits.budget.left - MARKER_SIZE - _size(first))
        missing = len(self.items) - len(first) - len(kept)
        found = [*first, *([_marker(missing)] if missing else []), *reversed(kept)]
        if _size(found) > limits.budget.left:
            return []
        limits.budget.take(_size(found))
        return found

    def _first(self, limits: Limits) -> list[Message]:
        room = limits.budget.left // FIRST_SHARE
        return _whole(self.items[0], limits, room) if len(self.items) > 1 else []


def conversation(batches: Any) -> Messages:
    """The messages of a chat model's request."""
    listed = map(partial(last_items, most=MAX_MESSAGES), first_items(batches))
    return Messages(list(chain.from_iterable(listed)))


def prompts(texts: Any) -> Messages:
    """The prompts of a completion model's request."""
    return Messages(last_items(texts, MAX_MESSAGES))


def answers(result: Any) -> Messages:
    """The choices of a result, a message each."""
    return Messages([choice_of(generation) for generation in generations_of(result)])


def state_messages(state: Any, last: int | None = None) -> Messages:
    """The messages in a graph's state (`messages`), or only the `last` ones, as answers."""
    messages = last_items(entry(state, "messages"), last or MAX_MESSAGES)
    return Messages(messages if last is None else [as_choice(item) for item in messages])


def _smaller(item: Any, limits: Limits, room: int) -> list[Message]:
    for smaller in limits.shrinking():
        found = _whole(item, smaller, room)
        if found:
            return found
    return []


def _whole(item: Any, limits: Limits, room: int) -> list[Message]:
    try:
        limits.allow(room)
        value = value_of(item, limits)
    except SpentError:
        return []
    return [] if value is None or len(value.encoded) + 2 > room else [value.data()]


def _marker(missing: int) -> Message:
    text = f"…[{missing} messages cut]"
    return {"role": "system", "parts": [{"type": "text", "content": text}]}


def _size(value: Any) -> int:
    return len(dumps(value))
