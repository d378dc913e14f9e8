"""Remembers what was found of an object, a class mostly, for as long as the object lives."""

from __future__ import annotations

from functools import partial
from typing import TypeVar
from weakref import ref

Key = TypeVar("Key")
Value = TypeVar("Value")


def remember(cache: dict[Key, tuple[Value, object]], key: Key, owner: object, value: Value) -> None:
    """Remember what was found of `owner`, under a key that has its id.

    Raises:
        TypeError: There are no weak references to it.
    """
    # A built-in function forgets it: what a signal raises in one of Python would be lost.
    cache[key] = value, ref(owner, partial(cache.pop, key))
