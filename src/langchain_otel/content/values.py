"""Turns single values of LangChain into what an attribute holds: names, numbers, lists of texts.

A value is what its type says it is: `isinstance` asks a value for its `__class__`, which a lazy
proxy would load what it stands for to answer. Nothing here raises, whatever the value is.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

from langchain_otel.async_exceptions import let_through

Facts = dict[str, Any]
"""What is known of a run, keyed by the conventions' names, as plain Python values."""

EMPTY: Final[dict[str, Any]] = {}
"""What is not there, as a dict that is shared: it is replaced, never changed."""

Scalar = str | bool | int | float

INTEGERS: Final = range(-(2**63), 2**63)
"""What OTLP can hold."""

MAX_NAME: Final = 128
MAX_TEXT: Final = 1_024
MAX_ITEMS: Final = 64
MAX_PARTS: Final = 16
# Beyond it Python itself refuses to write an integer in decimal digits.
MAX_BITS: Final = 4_096
PLAIN: Final = frozenset((str, bool, int, float))
COLLECTIONS: Final = (list, tuple, set, frozenset, deque)
# Modules whose classes are written as texts, and are not worth to be imported for that.
WRITTEN_MODULES: Final = frozenset(("fractions", "ipaddress", "uuid_utils", "zoneinfo"))


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


def text(value: Any) -> str | None:
    """A name or an identifier, bounded; of a number, a date and the like it is their text."""
    if type(value) is str:
        if len(value) <= MAX_TEXT and value.isascii():
            return value or None
        return sound(value[:MAX_TEXT]) or None
    found = None if value is None else scalar(value)
    return None if found is None or type(found) is bool else written(found) or None


def number(value: Any) -> float | None:
    """A double; a bool is no number."""
    kind = type(value)
    if kind is float or value is None:
        return value  # type: ignore[no-any-return]
    found = value if issubclass(kind, Decimal) else scalar(value)
    with suppress(OverflowError, ValueError):
        return None if found is None or type(found) in {bool, str} else float(found)
    return None


def integer(value: Any) -> int | None:
    """An integer, also from an integral float; a bool is no number."""
    if type(value) is int or value is None:
        return value
    found = number(value) if issubclass(type(value), Decimal) else scalar(value)
    if type(found) is float and found.is_integer():
        return int(found)
    return found if type(found) is int else None


def texts(value: Any) -> list[str] | None:
    """A list of short texts, also from a single one."""
    single = text(value)
    if single is not None:
        return [single]
    items = first_items(value, MAX_ITEMS) if issubclass(type(value), COLLECTIONS) else ()
    return [kept for item in items if (kept := text(item)) is not None] or None


def name_of(key: Any) -> str:
    """The text of a key, which a mapping may have of any type."""
    found = scalar(key)
    if found is not None:
        return written(found)
    if type(key) is tuple:
        return "/".join(name_of(part) for part in key[:MAX_PARTS])[:MAX_TEXT]
    return "None" if key is None else type_name(key)


def type_name(value: Any) -> str:
    """What is said of a value that has no plain form."""
    return f"<{sound(_qualified_name(type(value)))[:MAX_NAME]}>"


_qualified_name: Final[Callable[[type], str]] = type.__dict__["__qualname__"].__get__


def written(value: Scalar) -> str:
    """The text of a scalar, bounded."""
    if type(value) is int and value.bit_length() > MAX_BITS:
        return f"<int {value.bit_length()} bits>"
    return sound(str(value)[:MAX_TEXT])


def scalar(value: Any) -> Scalar | None:
    """A text, a bool or a number, of exactly that type; None for what is none and has no text."""
    kind = type(value)
    if kind in PLAIN:
        return value  # type: ignore[no-any-return]
    try:
        return _scalar(value, kind)
    except Exception as error:
        # A time zone of the user's, say, from which the text of a date is made.
        let_through(error)
        return None


def _scalar(value: Any, kind: type) -> Scalar | None:
    for base, convert in _CONVERTERS:
        if issubclass(kind, base):
            return convert(value)
    numpy = sys.modules.get("numpy")
    if numpy is not None and issubclass(kind, (numpy.generic, numpy.ndarray)):
        return _from_numpy(value, numpy)
    return str(value) if kind.__module__ in WRITTEN_MODULES else None


def _from_numpy(value: Any, numpy: Any) -> Scalar | None:
    if value.shape:
        return None
    item = value.item()
    return str(value) if issubclass(type(item), numpy.generic) else scalar(item)


def first_items(value: Any, most: int) -> list[Any]:
    """The first items of a collection, by the iteration of the built-in type that it derives from.

    A class of the user's may have one of its own, which computes, or never ends.
    """
    kind = type(value)
    iterate = next(base.__iter__ for base in COLLECTIONS if issubclass(kind, base))
    return list(islice(iterate(value), most))


_CONVERTERS: Final[tuple[tuple[type, Callable[[Any], Scalar | None]], ...]] = (
    (Enum, lambda value: scalar(object.__getattribute__(value, "_value_"))),
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    (datetime, datetime.isoformat),
    (date, date.isoformat),
    (time, time.isoformat),
    (timedelta, timedelta.__str__),
    (UUID, UUID.__str__),
    (Decimal, Decimal.__str__),
    (PurePath, PurePath.__str__),
    (complex, complex.__repr__),
)


def encodes(value: Any) -> bool:
    """Whether every encoder takes a scalar as it is."""
    kind = type(value)
    if kind is str:
        return bool(value.isascii() or sound(value) == value)
    return (kind is int and value in INTEGERS) or kind is float or kind is bool
