"""Encodes attributes in OTLP's protobuf: keys, and values of every type.

The format is that of `opentelemetry/proto/common/v1/common.proto`. What cannot be written is left
out, and logged once a kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from struct import Struct
from typing import Any, Final

from langchain_otel import health

MAX_CACHED_TEXT: Final = 64
MAX_CACHED: Final = 8_192
VARINTS: Final = tuple(bytes((number,)) for number in range(128))
INT64: Final = 1 << 64
INT64_LIMIT: Final = 1 << 63

double: Final = Struct("<Bd").pack


def varint(number: int) -> bytes:
    """A number in base 128, the lowest digit first; negative ones as 64-bit."""
    if 0 <= number < 128:
        return VARINTS[number]
    number %= INT64
    digits = bytearray()
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    digits.append(number)
    return bytes(digits)


def sized(content: bytes) -> bytes:
    """Content with its length before it."""
    size = len(content)
    return (VARINTS[size] if size < 128 else varint(size)) + content


def text(value: str) -> bytes:
    """A string's value."""
    return b"\x0a" + sized(value.encode())


def _boolean(value: bool) -> bytes:  # noqa: FBT001
    return b"\x10\x01" if value else b"\x10\x00"


def _integer(value: int) -> bytes:
    if not -INT64_LIMIT <= value < INT64_LIMIT:
        raise ValueError("an integer of more than 64 bits")
    return b"\x18" + varint(value)


def _double(value: float) -> bytes:
    return double(0x21, value)


def _binary(value: bytes) -> bytes:
    return b"\x3a" + sized(value)


def _array(values: Sequence[Any]) -> bytes:
    return b"\x2a" + sized(b"".join([b"\x0a" + sized(any_value(value)) for value in values]))


def _mapping(values: Mapping[Any, Any]) -> bytes:
    pairs = [b"\x0a" + sized(_pair(str(key), value)) for key, value in values.items()]
    return b"\x32" + sized(b"".join(pairs))


_WRITERS: Final[dict[type, Callable[[Any], bytes]]] = {
    type(None): lambda _: b"",
    bool: _boolean,
    str: text,
    int: _integer,
    float: _double,
    bytes: _binary,
    tuple: _array,
    list: _array,
    Sequence: _array,
    dict: _mapping,
    Mapping: _mapping,
}


def any_value(value: Any) -> bytes:
    """A value of any type that an attribute may have.

    Raises:
        ValueError: An integer of more than 64 bits, or a string that is no valid Unicode.
        TypeError: A value of another type.
    """
    write = _WRITERS.get(type(value))
    if write is not None:
        return write(value)
    for kind, write_kind in _WRITERS.items():
        if isinstance(value, kind):
            return write_kind(value)
    raise TypeError(f"a value of type {type(value).__name__}")


def _pair(key: str, value: Any) -> bytes:
    return _key(key) + b"\x12" + sized(any_value(value))


@lru_cache(MAX_CACHED)
def _key(key: str) -> bytes:
    return b"\x0a" + sized(key.encode()) if key else b""


@lru_cache(MAX_CACHED)
def _short_text_pair(key: str, value: str) -> bytes:
    return sized(_key(key) + b"\x12" + sized(text(value)))


def attributes(mapping: Mapping[str, Any] | None, tag: bytes) -> list[bytes]:
    """The fields of a message that are its attributes; `tag` is theirs in that message."""
    found: list[bytes] = []
    if not mapping:
        return found
    # A copy is one step for the SDK's own mappings, where items are several for each key.
    for key, value in (mapping.copy() if hasattr(mapping, "copy") else mapping).items():
        try:
            if type(value) is str and len(value) < MAX_CACHED_TEXT:
                found += (tag, _short_text_pair(key, value))
            else:
                found += (tag, sized(_pair(key, value)))
        except Exception as error:
            health.left_out(key, error)
    return found
