"""Converts any value to JSON data, bounded, and without running code of the application."""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice
from math import isfinite
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

from langchain_otel.content.encoded_bytes import mapping_without_bytes
from langchain_otel.content.lazy import is_lazy
from langchain_otel.content.media import is_data_url, media_part, url_part

MAX_DEPTH: Final = 16
MAX_ITEMS: Final = 1_000
MAX_NODES: Final = 10_000
MARK: Final = "…"
MESSAGE_KEYS: Final = ("type", "name", "content", "tool_calls", "tool_call_id")
CYCLE: Final = "<cycle>"
INTEGERS: Final = range(-(2**63), 2**63)

Text = Callable[[str], str | None]


class _LeftOut:
    """What stands for a value that is not to be recorded."""


LEFT_OUT: Final = _LeftOut()


def sound(text: str) -> str:
    """A text that every encoder takes: an exact `str` without halves of characters."""
    if type(text) is not str:
        text = str.__str__(text)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def plain(
    value: Any,
    text: Text = sound,
    *,
    binary: bool = False,
    max_items: int = MAX_ITEMS,
    max_nodes: int = MAX_NODES,
) -> Any:
    """JSON data for any value: bounded in depth and size, safe against cycles and odd objects.

    Every text, keys too, goes through `text`; where that gives None the value is left out, and
    None is what remains of a value that is all left out. Bytes, and texts that hold encoded bytes,
    are described unless `binary`. Nothing is called that a class of the user defines, except the
    iteration of its mappings; what raises all the same is described by its type.
    """
    walk = _Walk(text, max_items, max_nodes, binary=binary)
    found = walk.value(value, 0)
    return None if found is LEFT_OUT else found


class _Walk:
    """One walk through a value: what is open (to see cycles) and how many values are left."""

    __slots__ = ("binary", "max_items", "nodes", "open", "text")

    def __init__(self, text: Text, max_items: int, max_nodes: int, *, binary: bool) -> None:
        self.text = text
        self.max_items = max_items
        self.nodes = max_nodes
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
        except Exception:
            return type_name(value)
        finally:
            self.open.discard(id(value))

    def converted(self, value: Any, kind: type, depth: int) -> Any:
        if kind is dict:
            return self.mapping(value, value.items(), depth)
        if kind is list:
            return self.items(value, len(value), depth)
        for kinds, convert in _CONVERTERS:
            if issubclass(kind, kinds):
                return convert(self, value, depth)
        if "numpy" in sys.modules and kind.__module__ == "numpy":
            return self.value(_from_numpy(value), depth)
        return self.object(value, depth)

    def string(self, value: str) -> Any:
        if not self.binary and is_data_url(value):
            return self.value(url_part("document", value, None, binary=False), 0)
        kept = self.text(value)
        return LEFT_OUT if kept is None else kept

    def mapping(self, value: Any, items: Iterable[tuple[Any, Any]], depth: int) -> Any:
        media = None if self.binary else media_part(value, binary=False)
        if media is not None and media["type"] == "blob":
            value, items = media, media.items()
        elif not self.binary and isinstance(value, dict):
            shown = mapping_without_bytes(value)
            if shown is not value:
                value, items = shown, shown.items()
        plain_items: dict[str, Any] = {}
        size = len(value)
        taken = self.room(size)
        for key, item in islice(items, taken):
            name = self.key(key)
            found = LEFT_OUT if name is None else self.value(item, depth)
            if name is not None and found is not LEFT_OUT:
                plain_items[_unique(name, plain_items)] = found
        if size > taken:
            plain_items[MARK] = f"[{size - taken} entries cut]"
        return plain_items

    def items(self, value: Iterable[Any], size: int, depth: int) -> list[Any]:
        taken = self.room(size)
        walked = (self.value(item, depth) for item in islice(value, taken))
        found = [item for item in walked if item is not LEFT_OUT]
        if size > taken:
            found.append(f"{MARK}[{size - taken} items cut]")
        return found

    def room(self, size: int) -> int:
        taken = min(size, self.max_items, self.nodes)
        self.nodes -= taken
        return taken

    def key(self, key: Any) -> str | None:
        if isinstance(key, str):
            return self.text(key)
        if key is None or type(key) in {bool, int, float}:
            return str(key)
        if isinstance(key, Enum):
            return self.key(key._value_)
        if type(key) is tuple:
            return "/".join(self.key(part) or MARK for part in key[:MAX_DEPTH])
        return type_name(key)

    def object(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if is_lazy(kind) or isinstance(value, type) or callable(value):
            return type_name(value)
        fields = _fields(value, kind)
        if "content" in fields and "additional_kwargs" in fields:
            return self.message(fields, depth)
        public = {key: item for key, item in fields.items() if not str(key).startswith("_")}
        return self.mapping(public, public.items(), depth) if public else type_name(value)

    def message(self, fields: Mapping[str, Any], depth: int) -> Any:
        # A message that is the value itself is its content; among others it keeps its role.
        if depth == 1:
            return self.value(fields["content"], depth)
        said = {key: fields[key] for key in MESSAGE_KEYS if fields.get(key)}
        return self.mapping(said, said.items(), depth)


class Value:
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


def type_name(value: Any) -> str:
    """What is said of a value that has no plain form."""
    return f"<{type(value).__qualname__}>"


def _unique(name: str, taken: Mapping[str, Any]) -> str:
    # Keys that redaction made alike stay distinct.
    return name if name not in taken else f"{name}#{len(taken) + 1}"


def _fields(value: Any, kind: type) -> dict[str, Any]:
    fields = dict(getattr(value, "__dict__", None) or {})
    extra = fields and getattr(value, "__pydantic_extra__", None)
    if isinstance(extra, dict):
        fields.update(extra)
    if not fields:
        names = getattr(kind, "__dataclass_fields__", None) or getattr(kind, "__slots__", ())
        fields = {name: getattr(value, name, None) for name in (names or ())}
    return fields


def _from_numpy(value: Any) -> Any:
    shape = getattr(value, "shape", ())
    if not shape:
        return value.item()
    if value.size > MAX_ITEMS:
        return f"<{type(value).__qualname__} {value.dtype} {shape}>"
    return value.tolist()


def _described_bytes(walk: _Walk, value: Any, _: int) -> str:
    if walk.binary:
        import base64

        return base64.b64encode(value).decode()
    return f"{type_name(value)} {len(value)} bytes"


def _iterated(kind: Any) -> Callable[[_Walk, Any, int], Any]:
    # The built-in iteration and length: a subclass may have ones that raise, or never end.
    iterate: Callable[[Any], Iterator[Any]] = kind.__iter__
    size: Callable[[Any], int] = kind.__len__
    return lambda walk, value, depth: walk.items(iterate(value), size(value), depth)


def _integer(_: _Walk, value: Any, __: int) -> Any:
    number = int.__int__(value)
    return number if number in INTEGERS else sound(hex(number))


_CONVERTERS: Final[tuple[tuple[Any, Callable[[_Walk, Any, int], Any]], ...]] = (
    (Enum, lambda walk, value, depth: walk.value(value._value_, depth)),
    (str, lambda walk, value, _: walk.string(str.__str__(value))),
    (int, _integer),
    (float, lambda _, value, __: float.__float__(value) if isfinite(value) else None),
    ((date, time), lambda walk, value, _: walk.string(value.isoformat())),
    ((timedelta, UUID, Decimal, PurePath), lambda walk, value, _: walk.string(str(value))),
    (dict, lambda walk, value, depth: walk.mapping(value, dict.items(value), depth)),
    (Mapping, lambda walk, value, depth: walk.mapping(value, value.items(), depth)),
    *((kind, _iterated(kind)) for kind in (list, tuple, set, frozenset, deque)),
    ((bytes, bytearray, memoryview), _described_bytes),
)
