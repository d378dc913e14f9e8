"""Converts lists of messages (a request's, an answer's, a state's) to data and to JSON."""

from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import Any, Final

from orjson import dumps

from langchain_otel import health
from langchain_otel.async_exceptions import let_through
from langchain_otel.content.allowance import SpentError
from langchain_otel.content.choices import Choice, as_choice, choice_of, generations_of
from langchain_otel.content.encodable import sound_data
from langchain_otel.content.fields import (
    NO_FIELDS,
    READERS,
    entry,
    first_items,
    last_items,
)
from langchain_otel.content.json_data import Value, sound
from langchain_otel.content.limits import Limits
from langchain_otel.content.message import Message, message_data
from langchain_otel.content.policy import Policy
from langchain_otel.content.written import Reader, Written, readers_of

DEFAULT: Final = Policy()
NO_CALLS: Final[list[Any]] = []
MAX_MESSAGES: Final = 100_000
# All values in all messages of a list together, however they are nested.
MAX_WALKED: Final = 30_000
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

    def within(self, limits: Limits) -> "Messages":
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
                value = _value(item, limits)
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
        write = _json if self.written is None else self.written.writing(_json)
        pieces: list[bytes] = []
        left = limits.budget.left - 2
        allowance = limits.allowance
        allowance.in_all = MAX_WALKED
        newest_first = self.items[::-1]
        try:
            for item, reader in zip(newest_first, readers_of(newest_first), strict=True):
                allowance.bytes = left
                piece = write(item, reader, limits)
                if piece:
                    left -= len(piece) + 1
                    if left < 0:
                        return dumps(self.data()).decode()
                    pieces.append(piece)
        except SpentError:
            return dumps(self.data()).decode()
        limits.budget.take(limits.budget.left - left)
        pieces.reverse()
        return f"[{b','.join(pieces).decode()}]"

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


def _data(item: Any, limits: Limits) -> Message | None:
    allowance = limits.allowance
    allowance.nodes = granted = min(limits.max_nodes, allowance.in_all)
    if granted <= 0:
        raise SpentError
    is_answer = type(item) is Choice
    try:
        data = message_data(item.message if is_answer else item, limits)
    except SpentError:
        raise
    except Exception as error:
        # One message that cannot be read costs the others nothing.
        health.failed("message", error)
        return None
    allowance.in_all -= granted - allowance.nodes + 1
    return data | {"finish_reason": item.finish_reason} if data and is_answer else data


def _json(item: Any, reader: Reader | None, limits: Limits) -> bytes:
    # The hottest lines of all: a conversation has a thousand messages, most of them a text alone.
    try:
        # A class that was not met before is met on the way by data.
        fields = NO_FIELDS if reader is None else reader[0](item)
        if (
            fields
            and type(fields) is dict
            and type(kind := fields["type"]) is str
            and type(content := fields["content"]) is str
            and content
            and len(content) <= limits.max_length
            # What may hold encoded bytes; written out, because a call is dear here.
            and not (";" in content and "64," in content)
            and not (":" in content and ('":' in content or "':" in content or '" :' in content))
            and not (
                "tool_calls" in fields
                and (type(calls := fields["tool_calls"]) is not list or calls)
            )
            and not (
                "invalid_tool_calls" in fields
                and (type(calls := fields["invalid_tool_calls"]) is not list or calls)
            )
            and fields["name"] is None
            and type(extras := fields["additional_kwargs"]) is dict
            # OpenAI's package marks every answer as no refusal.
            and (not extras or (len(extras) == 1 and extras.get("refusal", NO_CALLS) is None))
        ):
            template = TEMPLATES.get(kind)
            if template is not None:
                return template % dumps(content)
    except Exception as error:
        # Fields that are not there, halves of characters: the way by data sees to them.
        let_through(error)
    return _answer_json(item, limits) if type(item) is Choice else _data_json(item, limits)


def _answer_json(choice: Choice, limits: Limits) -> bytes:
    message = choice.message
    piece = _json(message, READERS.get(id(type(message))), limits)
    if not piece:
        return piece
    return b'%b,"finish_reason":%b}' % (piece[:-1], dumps(sound(choice.finish_reason)))


def _data_json(item: Any, limits: Limits) -> bytes:
    data = _data(item, limits)
    if data is None:
        return b""
    try:
        return dumps(data)
    except TypeError:
        return dumps(sound_data(data))


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


def _smaller(item: Any, limits: Limits, room: int) -> list[Message]:
    for smaller in limits.shrinking():
        found = _whole(item, smaller, room)
        if found:
            return found
    return []


def _whole(item: Any, limits: Limits, room: int) -> list[Message]:
    try:
        limits.allow(room)
        value = _value(item, limits)
    except SpentError:
        return []
    return [] if value is None or len(value.encoded) + 2 > room else [value.data()]


def _marker(missing: int) -> Message:
    text = f"…[{missing} messages cut]"
    return {"role": "system", "parts": [{"type": "text", "content": text}]}


def _size(value: Any) -> int:
    return len(dumps(value))
