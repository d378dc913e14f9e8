"""Reads what values hold past whatever their classes define: nothing of anybody's is called.

`isinstance` asks a value for its `__class__`; `.get`, `len` and `for` ask a subclass. A lazy proxy
would load, a generator be used up, a queue block. Here a value is what its type says it is, and
the methods of the built-in types read it. What is no dict, list, tuple or object with fields of its
own holds nothing that may be looked at.
"""

from __future__ import annotations

import sys
from collections import UserDict
from collections.abc import Callable
from functools import partial
from itertools import islice
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any, Final, TypeGuard

from langchain_otel.content.remembered import remember

MAX_ITEMS: Final = 1_000
# How many fields of an object are searched for another one, and how many items of each.
MAX_FIELDS: Final = 256
MAX_HELD: Final = 8
NO_FIELDS: Final[dict[str, Any]] = {}

Fields = dict[str, Any]
Read = Callable[[Any], Fields]

ancestors: Final[Callable[[type], tuple[type, ...]]] = type.__dict__["__mro__"].__get__
namespace: Final[Callable[[type], Fields]] = type.__dict__["__dict__"].__get__


class _Sample:
    """A class as any other."""


# By its words alone is the `__dict__` that Python gives each class told from that of an extension
# type: a proxy's is what it stands for.
OWN_FIELDS: Final = _Sample.__dict__["__dict__"].__doc__


module_of: Final[Callable[[type], str]] = type.__dict__["__module__"].__get__
derives: Final[Callable[[type, type], bool]] = type.__subclasscheck__
"""Whether the first class is a base of the second, whatever either says of that."""


def is_a(value: Any, kind: type) -> bool:
    """Whether a value is of a class or one derived from it, whatever either says of that."""
    return derives(kind, type(value))


def is_mapping(value: Any) -> bool:
    """Whether a value is a dict, or the standard library's class around one."""
    return issubclass(type(value), dict) or derives(UserDict, type(value))


def is_sequence(value: Any) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    """Whether a value is a list or a tuple."""
    return issubclass(type(value), (list, tuple))


def text_of(value: Any) -> str | None:
    """A text as an exact `str`; None for what is no text."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    return str.__str__(value) if issubclass(kind, str) else None


def is_numpy(kind: type) -> bool:
    """Whether a class is one of numpy's, which is not imported for that."""
    return "numpy" in sys.modules and module_of(kind) == "numpy"


def number_of(value: Any) -> int | float | None:
    """A number, also one of numpy's, as an exact `int` or `float`; None for what is no number."""
    kind = type(value)
    if is_numpy(kind) and value.shape == ():
        value = value.item()
        kind = type(value)
    if kind is bool:
        return None
    if issubclass(kind, float):
        return float.__float__(value)
    return int.__int__(value) if issubclass(kind, int) else None


def length_of(value: Any) -> int | None:
    """The length of a list, a tuple or the last dimension of an array; None for anything else."""
    if is_sequence(value):
        return size_of(value)
    return value.shape[-1] if is_numpy(type(value)) and value.shape else None


def mapping_of(value: Any) -> Fields:
    """What a mapping holds under its texts, to look up a few of them; empty for anything else."""
    kind = type(value)
    if kind is dict:
        return value  # type: ignore[no-any-return]
    if value is None:
        return NO_FIELDS
    if issubclass(kind, dict):
        return copy_of(value)
    return mapping_of(fields_of(value).get("data")) if derives(UserDict, kind) else NO_FIELDS


def copy_of(mapping: Any) -> Fields:
    """The first entries of a dict that are under a text, as a dict of our own."""
    items = islice(dict.items(mapping), MAX_ITEMS)
    return {name: item for key, item in items if (name := text_of(key)) is not None}


def entry(value: Any, key: str) -> Any:
    """What a mapping holds under a key; None where there is none, and for what is no mapping."""
    if issubclass(type(value), dict):
        return dict.get(value, key)
    return mapping_of(value).get(key)


def first_items(value: Any, most: int = MAX_ITEMS) -> list[Any]:
    """The first items of a list or a tuple; none of anything else, which might be used up."""
    return value[:most] if type(value) is list else _items(value, slice(most))


def last_items(value: Any, most: int = MAX_ITEMS) -> list[Any]:
    """The last items of a list or a tuple; none of anything else."""
    return value[-most:] if type(value) is list else _items(value, slice(-most, None))


def size_of(value: Any) -> int:
    """How many items a list or a tuple has; none of anything else."""
    kind = type(value)
    if issubclass(kind, list):
        return list.__len__(value)
    return tuple.__len__(value) if issubclass(kind, tuple) else 0


def _items(value: Any, which: slice) -> list[Any]:
    kind = type(value)
    if issubclass(kind, list):
        return list.__getitem__(value, which)
    return list(tuple.__getitem__(value, which)) if issubclass(kind, tuple) else []


def fields_of(value: Any) -> Fields:
    """The fields that an object itself holds; no property, no proxied field."""
    kind = type(value)
    found = READERS.get(id(kind))
    fields = (_reader(kind) if found is None else found[0])(value)
    return fields if type(fields) is dict else mapping_of(fields)


def slot_of(value: Any, name: str) -> Any:
    """What an object holds in the slot of this name; None where there is none."""
    kind = type(value)
    found = SLOTS.get((id(kind), name))
    slot = _slot(kind, name) if found is None else found[0]
    return None if slot is None else _held(slot, value)


SLOTS: Final[dict[tuple[int, str], tuple[MemberDescriptorType | None, object]]] = {}
"""The slot of a name in a class, by the id of the class and the name, for as long as it lives."""


def _slot(kind: type, name: str) -> MemberDescriptorType | None:
    slots = (namespace(base).get(name) for base in ancestors(kind))
    slot = next((slot for slot in slots if type(slot) is MemberDescriptorType), None)
    remember(SLOTS, (id(kind), name), kind, slot)
    return slot


READERS: Final[dict[int, tuple[Read, object]]] = {}
"""How the fields of a class's objects are read, by the id of the class, for as long as it lives."""


def _reader(kind: type) -> Read:
    read = _reader_of(kind)
    remember(READERS, id(kind), kind, read)
    return read


def _reader_of(kind: type) -> Read:
    slots: dict[str, Any] = {}
    fields: Any = None
    for base in ancestors(kind):
        names = namespace(base)
        if "__slots__" in names:
            slots = {**_slots(names), **slots}
        if fields is None and "__dict__" in names:
            fields = names["__dict__"]
            if base is not BaseException and not _is_own(fields):
                return _nothing
    if not slots:
        return _nothing if fields is None else fields.__get__
    return partial(_slotted, slots, None if fields is None else fields.__get__)


def _is_own(fields: Any) -> bool:
    # An extension type that stores its fields (`SimpleNamespace`) gives what it stores.
    if type(fields) is MemberDescriptorType:
        return True
    return type(fields) is GetSetDescriptorType and fields.__doc__ == OWN_FIELDS


def _slots(names: Fields) -> Fields:
    return {
        name: slot
        for name, slot in names.items()
        if type(slot) is MemberDescriptorType and not name.startswith("__")
    }


def _nothing(_: Any) -> Fields:
    return NO_FIELDS


def _slotted(slots: Fields, fields: Read | None, value: Any) -> Fields:
    held = {name: _held(slot, value) for name, slot in slots.items()}
    return held if fields is None else held | fields(value)


def _held(slot: Any, value: Any) -> Any:
    try:
        return slot.__get__(value)
    except AttributeError:
        return None


def held(owner: object, kind: type) -> Any:
    """The object of this kind that `owner` keeps in a field, alone or in a collection, if any.

    It is looked for at every call: in the first fields, and among the first items of each, which
    are taken in one step whatever other threads add.
    """
    for value in list(islice(fields_of(owner).values(), MAX_FIELDS)):
        for item in (value, *_first_of(value)):
            # By the type alone: a lazy proxy would be awakened by a look at anything else.
            if is_a(item, kind):
                return item
    return None


def _first_of(value: Any) -> list[Any]:
    if type(value) is dict:
        return list(islice(value.values(), MAX_HELD))
    return first_items(value, MAX_HELD)
