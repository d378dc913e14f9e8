"""Makes attributes encode: one name or number that no encoder takes would cost a whole batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import orjson
from orjson import dumps

from langchain_otel.content.values import INTEGERS, encodes, sound, written

# What has a class of its own is not written, nor is any of its code called.
PLAIN_ONLY: Final = (
    orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
)
STRICTLY: Final = PLAIN_ONLY | orjson.OPT_STRICT_INTEGER
LOWEST: Final = INTEGERS[0]
HIGHEST: Final = INTEGERS[-1]

Attributes = TypeVar("Attributes", bound=dict[str, Any])


def sound_attributes(attributes: Attributes) -> Attributes:
    """The attributes as every encoder takes them: the very same dict, as a rule.

    Halves of characters become question marks, integers of more than 64 bits their text. Maps and
    lists of maps are content, which is made so where it is read.
    """
    try:
        # The strictest encoder tells at once. It takes integers of 53 bits.
        dumps(attributes, option=STRICTLY)
    except TypeError:
        return sound_content(attributes)
    return attributes


def sound_content(attributes: Attributes) -> Attributes:
    """The same of attributes that are too long to be written for that."""
    for value in attributes.values():
        kind = type(value)
        if kind is str:
            if not value.isascii():
                break
        elif kind is int:
            if not LOWEST <= value <= HIGHEST:
                break
        elif kind is not float and kind is not bool and not _all_encode(value):
            break
    else:
        if "".join(attributes).isascii():
            return attributes
    return {  # type: ignore[return-value]
        sound(name): value if encodes(value) else _sound_value(value)
        for name, value in attributes.items()
    }


def sound_data(data: Any) -> Any:
    """The same for plain data of any depth: what encodes as JSON but for a few names in it."""
    if isinstance(data, dict):
        return {sound(key): sound_data(value) for key, value in data.items()}
    if isinstance(data, list):
        return [sound_data(item) for item in data]
    return _sound_scalar(data)


def _all_encode(value: Any) -> bool:
    if type(value) is not list:
        return False
    kinds = set(map(type, value))
    return kinds <= {str} and "".join(value).isascii()


def _sound_value(value: Any) -> Any:
    if isinstance(value, (list, tuple)) and not any(isinstance(item, Mapping) for item in value):
        return [_sound_scalar(item) for item in value]
    return _sound_scalar(value)


def _sound_scalar(value: Any) -> Any:
    if isinstance(value, str):
        return sound(value)
    if type(value) is int and value not in INTEGERS:
        return written(value)
    return value
