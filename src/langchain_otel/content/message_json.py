"""Writes single messages as JSON; one that is a text alone, as most are, without data first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from orjson import dumps

from langchain_otel import health
from langchain_otel.async_exceptions import let_through
from langchain_otel.content.allowance import SpentError
from langchain_otel.content.choices import Choice
from langchain_otel.content.encodable import sound_data
from langchain_otel.content.fields import NO_FIELDS, READERS, Read
from langchain_otel.content.json_data import Value
from langchain_otel.content.limits import Limits
from langchain_otel.content.message import Message, message_data
from langchain_otel.content.values import sound

Reader = tuple[Read, object]
Write = Callable[[Any, Reader | None, Limits], bytes]

NO_CALLS: Final[list[Any]] = []
TEMPLATES: Final = {
    kind: f'{{"role":"{role}","parts":[{{"type":"text","content":%b}}]}}'.encode()
    for kind, role in (
        ("human", "user"),
        ("system", "system"),
        ("ai", "assistant"),
        ("AIMessageChunk", "assistant"),
    )
}
"""The JSON of a message that is a text alone."""


def pieces_of(items: Sequence[Any], limits: Limits, write: Write) -> list[bytes]:
    """The JSON of each message, in order; the newest ones are written first.

    Raises:
        SpentError: There is no room for all of them.
    """
    pieces: list[bytes] = []
    allowance = limits.allowance
    left = allowance.bytes
    for item in reversed(items):
        piece = write(item, READERS.get(id(type(item))), limits)
        if piece:
            allowance.bytes = left = left - len(piece) - 1
            if left < 0:
                raise SpentError
            pieces.append(piece)
    pieces.reverse()
    return pieces


def message_json(item: Any, reader: Reader | None, limits: Limits) -> bytes:
    """The JSON of a message or of a choice; nothing of what is no message."""
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
    piece = message_json(message, READERS.get(id(type(message))), limits)
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


def value_of(item: Any, limits: Limits) -> Value | None:
    """A message with its JSON; its names and ids, which no limit applies to, are made sound."""
    data = _data(item, limits)
    if data is None:
        return None
    try:
        return Value(data, dumps(data))
    except TypeError:
        data = sound_data(data)
        return Value(data, dumps(data))
