"""Remembers the JSON of an agent's messages: each turn sends its model all of them again.

A message may be changed in place, however deep inside, and Python says nothing of it. So a message
is known by all that is read of it, as orjson writes that down at a fraction of what it takes to
find out what may be recorded: one that was changed is another one.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

import orjson

from langchain_otel.content.fields import fields_of
from langchain_otel.content.limits import Limits
from langchain_otel.content.message import MESSAGE_FIELDS

# What has a class of its own is not written, nor is any of its code called.
PLAIN_ONLY: Final = (
    orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
)
READ: Final = ("type", "role", *MESSAGE_FIELDS)

Write = Callable[[Any, Limits], bytes]


class Piece(NamedTuple):
    """The JSON of a message, and how many values it took of those that all may have together."""

    encoded: bytes
    values: int


Pieces = dict[bytes, Piece]


class Written:
    """The pieces of an agent's last request: those of messages that it drops go, too."""

    __slots__ = ("_latest",)

    def __init__(self) -> None:
        self._latest: Pieces = {}

    def writing(self, write: Write) -> Write:
        """The function that writes a message, for one request: it writes what is new."""
        latest, self._latest = self._latest, {}
        return partial(_piece, write, latest, self._latest)


def _piece(write: Write, latest: Pieces, kept: Pieces, item: Any, limits: Limits) -> bytes:
    allowance = limits.allowance
    left = allowance.in_all
    read = _read(item) if left >= limits.max_nodes else None
    # None of its texts is cut, which would be counted, if all of them together are short enough.
    if read is None or len(read) > limits.max_length:
        return write(item, limits)
    known = latest.get(read)
    if known is None:
        known = Piece(write(item, limits), left - allowance.in_all)
    else:
        allowance.in_all -= known.values
    if known.encoded:
        kept[read] = known
    return known.encoded


def _read(item: Any) -> bytes | None:
    """All that is read of a message; None for what is none, or holds more than plain data."""
    fields = fields_of(item)
    if "content" not in fields:
        return None
    try:
        return orjson.dumps(list(map(fields.get, READ)), option=PLAIN_ONLY)
    except TypeError:
        return None
