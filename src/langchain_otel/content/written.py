"""Remembers what an agent's messages were written as: each turn sends its model all of them again.

A message may be changed in place, however deep inside, and Python says nothing of it. So a message
is known by all that it holds, as orjson writes that down at a fraction of what it takes to find out
what may be recorded: one that was changed is another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import orjson

from langchain_otel.content.encodable import PLAIN_ONLY
from langchain_otel.content.fields import READERS, fields_of
from langchain_otel.content.limits import Limits
from langchain_otel.content.message_json import Reader, message_json, pieces_of

# What is not read of a message, and may be anything, of any size.
UNREAD: Final = dict.fromkeys(("response_metadata", "usage_metadata", "artifact"))


class Piece:
    """The JSON of a message, and how many values it took of those that all may have together."""

    __slots__ = ("encoded", "values")

    def __init__(self, encoded: bytes, values: int) -> None:
        self.encoded = encoded
        self.values = values


Pieces = dict[bytes, Piece]


class Beginning:
    """The messages that the last request began with: what they hold, and what was written."""

    __slots__ = ("encoded", "read", "size", "values")

    def __init__(
        self, size: int = 0, read: bytes = b"", encoded: bytes = b"", values: int = 0
    ) -> None:
        self.size = size
        self.read = read
        self.encoded = encoded
        self.values = values


NOTHING: Final = Beginning()


class Written:
    """What an agent's last request was written as.

    A request that begins with the same messages, as most do, needs them looked at together only. Of
    any other the messages are known one by one, and those that it drops are forgotten.
    """

    __slots__ = ("_beginning", "_pieces")

    def __init__(self) -> None:
        self._pieces: Pieces = {}
        self._beginning = NOTHING

    def request(self, items: Sequence[Any], limits: Limits) -> bytes:
        """The JSON of a request's messages, without what is around all of them.

        Raises:
            SpentError: There is no room for it.
        """
        allowance = limits.allowance
        walked = allowance.in_all
        before = self._beginning if _begins_with(self._beginning, items) else NOTHING
        latest, self._pieces = self._pieces, {}
        reads: list[bytes | None] = []
        write = partial(_piece, latest, self._pieces, reads)
        pieces = pieces_of(items[before.size :], limits, write)
        if before.size and allowance.in_all - before.values < limits.max_nodes:
            # There are so many values that some of its messages would have been left out.
            pieces = pieces_of(items[: before.size], limits, write) + pieces
            before = NOTHING
        elif before.encoded:
            allowance.in_all -= before.values
            allowance.charge(len(before.encoded) + 1)
            pieces.insert(0, before.encoded)
        encoded = b",".join(pieces)
        read = _joined(before, reads)
        self._beginning = (
            before
            if read is None
            else Beginning(len(items), read, encoded, walked - allowance.in_all)
        )
        return encoded


def _begins_with(beginning: Beginning, items: Sequence[Any]) -> bool:
    if not 0 < beginning.size <= len(items):
        return False
    held = [
        fields | UNREAD
        for item in items[: beginning.size]
        if (reader := READERS.get(id(type(item)))) is not None
        and type(fields := reader[0](item)) is dict
    ]
    try:
        return orjson.dumps(held, None, PLAIN_ONLY)[1:-1] == beginning.read
    except TypeError:
        return False


def _joined(before: Beginning, reads: list[bytes | None]) -> bytes | None:
    """What all messages of a request hold; None where one of them is to be written each time."""
    known = [before.read] if before.size else []
    for read in reversed(reads):
        if read is None:
            return None
        known.append(read)
    return b",".join(known)


def _piece(
    latest: Pieces,
    kept: Pieces,
    reads: list[bytes | None],
    item: Any,
    reader: Reader | None,
    limits: Limits,
) -> bytes:
    allowance = limits.allowance
    left = allowance.in_all
    read = None if left < limits.max_nodes else _read(fields_of(item))
    # None of its texts is cut, which would be counted, if all of them together are short enough.
    if read is None or len(read) > limits.max_length:
        reads.append(None)
        return message_json(item, reader, limits)
    known = latest.get(read)
    if known is None:
        known = Piece(message_json(item, reader, limits), left - allowance.in_all)
    else:
        allowance.in_all -= known.values
    if known.encoded:
        kept[read] = known
    reads.append(read if known.encoded else None)
    return known.encoded


def _read(fields: Any) -> bytes | None:
    """All that a message holds; None for what is none, or holds more than plain data."""
    if type(fields) is not dict or "content" not in fields:
        return None
    try:
        return orjson.dumps(fields | UNREAD, None, PLAIN_ONLY)
    except TypeError:
        return None
