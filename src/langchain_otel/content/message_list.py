"""Converts lists of messages (a request's, an answer's, a state's) to data and to JSON."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final

from orjson import dumps

from langchain_otel import health
from langchain_otel.content.choices import Choice, as_choice, choice_of
from langchain_otel.content.encodable import sound_data
from langchain_otel.content.json_data import MAX_ITEMS, Value
from langchain_otel.content.limits import Limits
from langchain_otel.content.message import NO_FIELDS, Message, message_data
from langchain_otel.content.policy import Policy

# OpenAI's package marks every answer as no refusal.
NO_REFUSAL: Final = {"refusal": None}
DEFAULT: Final = Policy()
# The message that says how many are missing, and what share of the room the first one may have.
MARKER_SIZE: Final = 100
FIRST_SHARE: Final = 4

TEMPLATES: Final = {
    kind: f'{{"role":"{role}","parts":[{{"type":"text","content":%b}}]}}'.encode()
    for kind, role in (
        ("human", "user"),
        ("system", "system"),
        ("ai", "assistant"),
        ("AIMessageChunk", "assistant"),
    )
}
"""The JSON of a message that is a text alone, as most are."""


class Messages:
    """Messages as LangChain holds them, and what may be recorded of them.

    They become data or JSON when asked: most are plain texts, whose JSON needs no data first.
    """

    __slots__ = ("items", "limits")

    def __init__(self, items: Sequence[Any], limits: Limits | None = None) -> None:
        self.items = items
        self.limits = limits

    def __len__(self) -> int:
        return len(self.items)

    def within(self, limits: Limits) -> "Messages":
        """The same messages under these limits."""
        return Messages(self.items, limits)

    def data(self) -> list[Message]:
        """The conventions' list of messages, as much of it as there is room for."""
        limits = self._limits()
        kept: list[Message] = []
        left = limits.budget.left - 2
        for item in reversed(self.items):
            value = _value(item, limits)
            if value is not None:
                left -= len(value.encoded) + 1
                if left < 0:
                    break
                kept.append(value.data())
        else:
            limits.budget.take(limits.budget.left - left)
            kept.reverse()
            return kept
        return self._cut(limits, kept)

    def json(self) -> str:
        """The JSON of the same; with no redaction to ask, texts are encoded without a detour."""
        limits = self._limits()
        if limits.redact is not None:
            return dumps(self.data()).decode()
        pieces: list[bytes] = []
        left = limits.budget.left - 2
        for item in reversed(self.items):
            piece = _text_json(item, limits.max_length) or _json(item, limits)
            if piece:
                left -= len(piece) + 1
                if left < 0:
                    return dumps(self.data()).decode()
                pieces.append(piece)
        limits.budget.take(limits.budget.left - left)
        if not pieces:
            return "[]"
        pieces.reverse()
        pieces[0] = b"[" + pieces[0]
        pieces[-1] += b"]"
        return b",".join(pieces).decode()

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
        value = _value(self.items[0], limits) if len(self.items) > 1 else None
        if value is None or len(value.encoded) > limits.budget.left // FIRST_SHARE:
            return []
        return [value.data()]


def conversation(batches: Iterable[Iterable[Any]]) -> Messages:
    """The messages of a chat model's request."""
    return Messages(list(chain.from_iterable(batches)))


def prompts(texts: Iterable[str]) -> Messages:
    """The prompts of a completion model's request."""
    return Messages(list(texts))


def answers(result: Any) -> Messages:
    """The choices of a result, a message each."""
    generations = chain.from_iterable(result.generations)
    return Messages([choice_of(generation) for generation in generations][:MAX_ITEMS])


def state_messages(state: Any, last: int | None = None) -> Messages:
    """The messages in a graph's state (`messages`), or only the `last` ones, as answers."""
    messages = state.get("messages") if isinstance(state, dict) else None
    if not isinstance(messages, (list, tuple)):
        return Messages(())
    return Messages(messages if last is None else [as_choice(item) for item in messages[-last:]])


def _data(item: Any, limits: Limits) -> Message | None:
    is_answer = type(item) is Choice
    try:
        data = message_data(item.message if is_answer else item, limits)
    except Exception as error:
        # One message that cannot be read costs the others nothing.
        health.failed("message", error)
        return None
    return data | {"finish_reason": item.finish_reason} if data and is_answer else data


def _json(item: Any, limits: Limits) -> bytes:
    value = _value(item, limits)
    return b"" if value is None else value.encoded


def _value(item: Any, limits: Limits) -> Value | None:
    """A message with its JSON; its names and ids, which no limit applies to, are made sound."""
    data = _data(item, limits)
    if data is None:
        return None
    try:
        return Value(data, dumps(data))
    except TypeError:
        data = sound_data(data)
        return Value(data, dumps(data))


def _text_json(message: Any, max_length: int) -> bytes | None:
    # The hottest lines of all: a conversation has a thousand messages.
    try:
        fields = getattr(message, "__dict__", NO_FIELDS)
        template = TEMPLATES.get(fields.get("type", ""))
        content = fields.get("content")
        if (
            template is None
            or type(content) is not str
            or not 0 < len(content) <= max_length
            # What may hold encoded bytes; written out, because a call is dear here.
            or "64," in content
            or '":' in content
            or "':" in content
            or '" :' in content
            or fields.get("tool_calls")
            or fields.get("invalid_tool_calls")
            or fields.get("name")
            or ((extras := fields.get("additional_kwargs")) and extras != NO_REFUSAL)
        ):
            return None
        return template % dumps(content)
    except Exception:
        # Halves of characters, say: the way by data sees to them.
        return None


def _smaller(item: Any, limits: Limits, room: int) -> list[Message]:
    for smaller in limits.shrinking():
        value = _value(item, smaller)
        if value is not None and len(value.encoded) + 2 <= room:
            return [value.data()]
    return []


def _marker(missing: int) -> Message:
    text = f"…[{missing} messages cut]"
    return {"role": "system", "parts": [{"type": "text", "content": text}]}


def _size(value: Any) -> int:
    return len(dumps(value))
