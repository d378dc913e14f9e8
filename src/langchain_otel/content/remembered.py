"""Remembers what was found: of an object for as long as it lives, by key up to a limit."""

from __future__ import annotations

from functools import partial
from typing import TypeVar
from weakref import ref

Key = TypeVar("Key")
Value = TypeVar("Value")


def remember(cache: dict[Key, tuple[Value, object]], key: Key, owner: object, value: Value) -> None:
    """Remember what was found of `owner`, a class mostly, under a key that has its id.

    Raises:
        TypeError: There are no weak references to it.
    """
    # A built-in function forgets it: what a signal raises in one of Python would be lost.
    cache[key] = value, ref(owner, partial(cache.pop, key))


class BoundedMap(dict[Key, Value]):
    """The values that were put in last, by key; the oldest goes where there are too many."""

    __slots__ = ("_limit",)

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def put(self, key: Key, value: Value) -> None:
        """Remember a value, in place of the one that the key had."""
        self.pop(key, None)
        self[key] = value
        if len(self) > self._limit:
            self._forget_oldest()

    def snapshot(self) -> list[tuple[Key, Value]]:
        """All that is remembered, the oldest first; other threads may go on adding."""
        return list(self.copy().items())

    def _forget_oldest(self) -> None:
        try:
            self.pop(next(iter(self)), None)
        except (RuntimeError, StopIteration):
            # Another thread changed the values meanwhile: the next one to come makes room.
            return
