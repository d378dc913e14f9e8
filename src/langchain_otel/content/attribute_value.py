"""Turns any value that a user attaches to a run into one that an attribute can hold."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final

import orjson

from langchain_otel import health
from langchain_otel.async_exceptions import let_through
from langchain_otel.content.credentials import without_credentials
from langchain_otel.content.lazy import is_lazy
from langchain_otel.content.policy import Policy
from langchain_otel.content.values import (
    COLLECTIONS,
    INTEGERS,
    MAX_ITEMS,
    MAX_TEXT,
    Scalar,
    first_items,
    scalar,
    sound,
    text,
    written,
)

AttributeValue = Scalar | list[Any]

# The text of an exception is content.
NO_IDS: Final = (*COLLECTIONS, dict, MappingProxyType, BaseException)
MODEL_FIELDS: Final = "__pydantic_fields__"
MAX_BYTES: Final = 8_192
BOUNDS: Final = Policy(max_length=MAX_TEXT, max_span_bytes=MAX_BYTES)


def attribute_value(value: Any) -> AttributeValue | None:
    """What an attribute holds of any value; None for what is left out.

    Scalars stay what they are, dates, ids and exact numbers of others become their text, a
    collection of scalars becomes a list of one type, and the rest JSON. What loads or computes
    something as soon as it is looked at is left out.
    """
    kind = type(value)
    if kind is str:
        return sound(value[:MAX_TEXT])
    if kind is bool or kind is float or value is None:
        return value  # type: ignore[no-any-return]
    found = scalar(value)
    if found is not None:
        return written(found) if type(found) is str else found
    if is_lazy(kind):
        health.limited("the limit of what is looked at", "a lazy object is left out")
        return None
    items = _items(value, kind)
    return _json(value) if items is None else items


def identifier(value: Any) -> str | None:
    """What names a conversation, a user or a session, whatever type it has."""
    found = text(value)
    if found is not None or value is None:
        return found
    if _writes_itself(type(value)):
        # An id of another library: a ULID, an ObjectId.
        try:
            return text(str(value))
        except Exception as error:
            let_through(error)
            return None
    held = attribute_value(value)
    return None if held is None else text(held if type(held) is str else _json(held))


def _writes_itself(kind: Any) -> bool:
    has_text = kind.__str__ is not object.__str__
    return has_text and not issubclass(kind, NO_IDS) and not is_lazy(kind) and not _is_model(kind)


def _is_model(kind: type) -> bool:
    # Its text is that of all its fields: of a message, what was said.
    return any(MODEL_FIELDS in vars(base) for base in kind.__mro__)


def _bounded(found: Scalar) -> Scalar:
    if type(found) is str or (type(found) is int and found not in INTEGERS):
        return written(found)
    return found


def _items(value: Any, kind: type) -> list[Any] | None:
    """The items of a collection of scalars, made to be of one type; None for anything else."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and kind is numpy.ndarray and value.ndim == 1:
        value, kind = value[: MAX_ITEMS + 1].tolist(), list
    if not issubclass(kind, COLLECTIONS):
        return None
    items = [scalar(item) for item in first_items(value, MAX_ITEMS + 1)]
    if None in items:
        return None
    if len(items) > MAX_ITEMS:
        health.limited("the limit of items in an attribute", f"those after {MAX_ITEMS} are cut")
    return _of_one_type([_bounded(item) for item in items[:MAX_ITEMS] if item is not None])


def _of_one_type(items: Sequence[Scalar]) -> list[Any]:
    kinds = set(map(type, items))
    if len(kinds) < 2:
        return list(items)
    return [float(item) for item in items] if kinds == {int, float} else list(map(written, items))


def _json(value: Any) -> str | None:
    # Maps are seldom attached to a run: what walks through them comes with the first.
    from langchain_otel.content.limits import Limits

    fitted = Limits(BOUNDS, "").fitted(value)
    if fitted is None:
        return None
    data = fitted.data()
    if type(data) is str:
        return data
    kept = without_credentials(data)
    return fitted.json() if kept is data else orjson.dumps(kept).decode()
