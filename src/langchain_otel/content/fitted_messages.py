"""Converts messages to as much data, or as much JSON, as there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from orjson import dumps

from langchain_otel.content.allowance import SpentError
from langchain_otel.content.limits import Limits
from langchain_otel.content.message import Message
from langchain_otel.content.message_json import message_json, pieces_of, value_of

if TYPE_CHECKING:
    from langchain_otel.content.written import Written

# All values in all messages of a list together, however they are nested.
MAX_WALKED: Final = 30_000
# The message that says how many are missing, and what share of the room the first one may have.
MARKER_SIZE: Final = 100
FIRST_SHARE: Final = 4


def data_of(items: Sequence[Any], limits: Limits) -> list[Message]:
    """The conventions' list of messages, as much of it as there is room for."""
    kept: list[Message] = []
    left = limits.budget.left - 2
    allowance = limits.allowance
    allowance.in_all, allowance.bytes = MAX_WALKED, left
    for item in reversed(items):
        try:
            value = value_of(item, limits)
            if value is not None:
                left -= len(value.encoded) + 1
                allowance.settle(left)
                kept.append(value.data())
        except SpentError:
            return _cut(items, limits, kept)
    limits.budget.take(limits.budget.left - left)
    kept.reverse()
    return kept


def json_of(items: Sequence[Any], limits: Limits, written: Written | None) -> str:
    """The JSON of the same; with no redaction to ask, texts are encoded without a detour."""
    if limits.redact is not None:
        return dumps(data_of(items, limits)).decode()
    allowance = limits.allowance
    allowance.in_all, allowance.bytes = MAX_WALKED, limits.budget.left - 2
    try:
        if written is None:
            encoded = b",".join(pieces_of(items, limits, message_json))
        else:
            encoded = written.request(items, limits)
    except SpentError:
        return dumps(data_of(items, limits)).decode()
    limits.budget.take(len(encoded) + 3 if encoded else 2)
    return f"[{encoded.decode()}]"


def _cut(items: Sequence[Any], limits: Limits, kept: list[Message]) -> list[Message]:
    """The newest of the messages, newest first in `kept`, that there is room for.

    The first message, which sets the scene, is kept too where it is short. The newest alone is cut
    until there is room.
    """
    limits.note_limit()
    first = _first(items, limits)
    left = limits.budget.left - MARKER_SIZE - _size(first) - _size(kept)
    while left < 0 and len(kept) > 1:
        left += _size(kept.pop()) + 1
    if left < 0 or not kept:
        kept = _smaller(items[-1], limits, limits.budget.left - MARKER_SIZE - _size(first))
    missing = len(items) - len(first) - len(kept)
    found = [*first, *([_marker(missing)] if missing else []), *reversed(kept)]
    if _size(found) > limits.budget.left:
        return []
    limits.budget.take(_size(found))
    return found


def _first(items: Sequence[Any], limits: Limits) -> list[Message]:
    room = limits.budget.left // FIRST_SHARE
    return _whole(items[0], limits, room) if len(items) > 1 else []


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
