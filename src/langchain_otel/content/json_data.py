"""Converts any value to JSON data, bounded, and without running code of the application."""

from __future__ import annotations

from collections import UserDict, deque
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice
from math import isfinite
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

from langchain_otel.async_exceptions import let_through
from langchain_otel.content.allowance import MAX_DEPTH, Allowance, SpentError
from langchain_otel.content.encoded_bytes import described_bytes
from langchain_otel.content.fields import (
    MAX_ITEMS,
    NO_FIELDS,
    fields_of,
    is_numpy,
    mapping_of,
    slot_of,
)
from langchain_otel.content.lazy import is_lazy
from langchain_otel.content.media import is_data_url, media_part, url_part
from langchain_otel.content.policy import Content
from langchain_otel.content.values import INTEGERS, MAX_BITS, sound, type_name

MARK: Final = "…"
MESSAGE_KEYS: Final = ("type", "name", "content", "tool_calls", "tool_call_id")
CYCLE: Final = "<cycle>"
MAX_ARRAY_BYTES: Final = 100_000

Text = Callable[[str], str | None]
LeavesOut = Callable[[str], bool]


class _LeftOut:
    """What stands for a value that is not to be recorded."""


LEFT_OUT: Final = _LeftOut()


def plain(
    value: Any,
    text: Text = sound,
    *,
    binary: bool = False,
    max_items: int = MAX_ITEMS,
    allowance: Allowance | None = None,
    leaves_out: LeavesOut | None = None,
) -> Any:
    """JSON data for any value: bounded in depth and size, safe against cycles and odd objects.

    Every text, keys too, goes through `text`; where that gives None the value is left out, and
    None is what remains of a value that is all left out. Bytes, and texts that hold encoded bytes,
    are described unless `binary`; of a mapping `leaves_out` skips keys. Nothing is called that a
    class of the user defines; what raises all the same is described by its type.

    Raises:
        SpentError: The allowance, if one is given, has no room for so many bytes.
    """
    walk = _Walk(text, max_items, allowance or Allowance(), binary=binary)
    found = walk.value(value, 0) if leaves_out is None else walk.mapping(value, 1, leaves_out)
    return None if found is LEFT_OUT else found


class _Walk:
    """One walk through a value: what is open (to see cycles) and how many values are left."""

    __slots__ = ("allowance", "binary", "max_items", "open", "text")

    def __init__(self, text: Text, max_items: int, allowance: Allowance, *, binary: bool) -> None:
        self.text = text
        self.max_items = max_items
        self.allowance = allowance
        self.binary = binary
        self.open: set[int] = set()

    def value(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind is str:
            return self.string(value)
        if value is None or kind is bool or (kind is int and value in INTEGERS):
            return value
        if depth >= MAX_DEPTH:
            return type_name(value)
        if id(value) in self.open:
            return CYCLE
        self.open.add(id(value))
        try:
            return self.converted(value, kind, depth + 1)
        except SpentError:
            raise
        except Exception as error:
            let_through(error)
            return type_name(value)
        finally:
            self.open.discard(id(value))

    def converted(self, value: Any, kind: type, depth: int) -> Any:
        if kind is dict:
            return self.mapping(value, depth)
        if kind is list:
            return self.items(value, list, depth)
        for kinds, convert in _CONVERTERS:
            if issubclass(kind, kinds):
                return convert(self, value, depth)
        if is_numpy(kind):
            return self.value(_from_numpy(value), depth)
        return self.object(value, kind, depth)

    def string(self, value: str) -> Any:
        if not self.binary and is_data_url(value):
            return self.value(url_part("document", value, None, binary=False), 0)
        kept = self.text(value)
        return LEFT_OUT if kept is None else kept

    def mapping(self, value: Any, depth: int, leaves_out: LeavesOut | None = None) -> Any:
        media = None if self.binary else media_part(value, binary=False)
        if media is not None and media["type"] == "blob":
            value = media
        described = NO_FIELDS if self.binary else described_bytes(value)
        plain_items: dict[str, Any] = {}
        size = dict.__len__(value)
        taken = self.room(size)
        # A copy: another thread may change what is walked.
        for key, item in list(islice(dict.items(value), taken)):
            if leaves_out is not None and type(key) is str and leaves_out(key):
                continue
            name = self.key(key)
            shown = described.get(key, item) if type(key) is str else item
            found = LEFT_OUT if name is None else self.value(shown, depth)
            if name is not None and found is not LEFT_OUT:
                plain_items[_unique(name, plain_items)] = found
        if size > taken:
            plain_items[MARK] = f"[{size - taken} entries cut]"
        return plain_items

    def items(self, value: Any, kind: Any, depth: int) -> list[Any]:
        # The built-in iteration and length: a subclass may have ones that raise, or never end.
        size = kind.__len__(value)
        taken = self.room(size)
        walked = (self.value(item, depth) for item in list(islice(kind.__iter__(value), taken)))
        found = [item for item in walked if item is not LEFT_OUT]
        if size > taken:
            found.append(f"{MARK}[{size - taken} items cut]")
        return found

    def room(self, size: int) -> int:
        return self.allowance.grant(min(size, self.max_items))

    def key(self, key: Any) -> str | None:
        kind = type(key)
        if issubclass(kind, Enum):
            key = fields_of(key).get("_value_")
            kind = type(key)
        if issubclass(kind, str):
            return self.text(str.__str__(key))
        if kind is int:
            return str(_integer(self, key, 0))
        if key is None or kind is bool or kind is float:
            return str(key)
        if kind is tuple:
            taken = self.room(min(len(key), MAX_DEPTH))
            return "/".join(self.key(part) or MARK for part in key[:taken])
        return type_name(key)

    def object(self, value: Any, kind: type, depth: int) -> Any:
        if is_lazy(kind) or issubclass(kind, type) or callable(value):
            return type_name(value)
        fields = fields_of(value)
        if "content" in fields and "additional_kwargs" in fields:
            return self.message(fields, depth)
        public = self.mapping(fields, depth, _is_private)
        extra = slot_of(value, "__pydantic_extra__")
        if type(extra) is dict:
            public |= self.mapping(extra, depth, _is_private)
        return public or type_name(value)

    def message(self, fields: Mapping[str, Any], depth: int) -> Any:
        # A message that is the value itself is its content; among others it keeps its role.
        if depth == 1:
            return self.value(fields["content"], depth)
        said = {key: fields[key] for key in MESSAGE_KEYS if not _is_empty(fields.get(key))}
        return self.mapping(said, depth)


class Value(Content):
    """Plain data together with its JSON, which was made to know its size."""

    __slots__ = ("_data", "encoded")

    def __init__(self, data: Any, encoded: bytes) -> None:
        self._data = data
        self.encoded = encoded

    def data(self) -> Any:
        """The data."""
        return self._data

    def json(self) -> str:
        """Its JSON."""
        return self.encoded.decode()


def _is_private(name: str) -> bool:
    return name.startswith("_")


def _is_empty(value: Any) -> bool:
    return value is None or (type(value) in {str, list} and not value)


def _unique(name: str, taken: Mapping[str, Any]) -> str:
    # Keys that redaction made alike stay distinct.
    return name if name not in taken else f"{name}#{len(taken) + 1}"


def _from_numpy(value: Any) -> Any:
    if not value.shape:
        return value.item()
    if value.size > MAX_ITEMS or getattr(value, "nbytes", 0) > MAX_ARRAY_BYTES:
        return f"{type_name(value)[:-1]} {value.dtype} {value.shape}>"
    return value.tolist()


def _described_bytes(walk: _Walk, value: Any, _: int) -> str:
    size = memoryview(value).nbytes
    if walk.binary:
        import base64

        walk.allowance.charge(size)
        return base64.b64encode(value).decode()
    return f"{type_name(value)} {size} bytes"


def _iterated(kind: Any) -> Callable[[_Walk, Any, int], Any]:
    return lambda walk, value, depth: walk.items(value, kind, depth)


def _written(kind: Any) -> Callable[[_Walk, Any, int], Any]:
    return lambda walk, value, _: walk.string(kind.__str__(value))


def _dated(kind: Any) -> Callable[[_Walk, Any, int], Any]:
    return lambda walk, value, _: walk.string(kind.isoformat(value))


def _integer(_: _Walk, value: Any, __: int) -> Any:
    number = int.__int__(value)
    if number in INTEGERS:
        return number
    size = number.bit_length()
    return hex(number) if size <= MAX_BITS else f"{type_name(value)} {size} bits"


def _float(_: _Walk, value: Any, __: int) -> float | None:
    number = float.__float__(value)
    return number if isfinite(number) else None


_CONVERTERS: Final[tuple[tuple[Any, Callable[[_Walk, Any, int], Any]], ...]] = (
    (Enum, lambda walk, value, depth: walk.value(fields_of(value).get("_value_"), depth)),
    (str, _written(str)),
    (int, _integer),
    (float, _float),
    *((kind, _dated(kind)) for kind in (datetime, date, time)),
    *((kind, _written(kind)) for kind in (timedelta, UUID, Decimal, PurePath)),
    (dict, lambda walk, value, depth: walk.mapping(value, depth)),
    (UserDict, lambda walk, value, depth: walk.mapping(mapping_of(value), depth)),
    *((kind, _iterated(kind)) for kind in (list, tuple, set, frozenset, deque)),
    ((bytes, bytearray, memoryview), _described_bytes),
)
