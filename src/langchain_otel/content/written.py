"""Remembers what an agent's messages were written as: each turn sends its model all of them again.

A message may be changed in place, however deep inside, and Python says nothing of it. So a message
is known by all that it holds, as orjson writes that down at a fraction of what it takes to find out
what may be recorded: one that was changed is another one.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import orjson

from langchain_otel.content.fields import READERS, Read
from langchain_otel.content.limits import Limits

# What has a class of its own is not written, nor is any of its code called.
PLAIN_ONLY: Final = (
    orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
)
# What is not read of a message, and may be anything, of any size.
UNREAD: Final = dict.fromkeys(("response_metadata", "usage_metadata", "artifact"))

Reader = tuple[Read, object]
Write = Callable[[Any, Reader | None, Limits], bytes]


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


def readers_of(items: Sequence[Any]) -> Iterable[Reader | None]:
    """How the fields of each are read; None for one of a class that was not met before."""
    return map(READERS.get, map(id, map(type, items)))


def _piece(
    write: Write, latest: Pieces, kept: Pieces, item: Any, reader: Reader | None, limits: Limits
) -> bytes:
    allowance = limits.allowance
    left = allowance.in_all
    read = None if reader is None or left < limits.max_nodes else _read(reader[0](item))
    # None of its texts is cut, which would be counted, if all of them together are short enough.
    if read is None or len(read) > limits.max_length:
        return write(item, reader, limits)
    known = latest.get(read)
    if known is None:
        known = Piece(write(item, reader, limits), left - allowance.in_all)
    else:
        allowance.in_all -= known.values
    if known.encoded:
        kept[read] = known
    return known.encoded


def _read(fields: Any) -> bytes | None:
    """All that is read of a message; None for what is none, or holds more than plain data."""
    if type(fields) is not dict or "content" not in fields:
        return None
    try:
        return orjson.dumps(fields | UNREAD, None, PLAIN_ONLY)
    except TypeError:
        return None
