"""Remembers the latest values by key, up to a limit."""

from __future__ import annotations

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BoundedMap(dict[K, V]):
    """The values that were put in last, by key; the oldest goes where there are too many."""

    __slots__ = ("_limit",)

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def put(self, key: K, value: V) -> None:
        """Remember a value, in place of the one that the key had."""
        self.pop(key, None)
        self[key] = value
        if len(self) > self._limit:
            self._forget_oldest()

    def snapshot(self) -> list[tuple[K, V]]:
        """All that is remembered, the oldest first; other threads may go on adding."""
        return list(self.copy().items())

    def _forget_oldest(self) -> None:
        try:
            self.pop(next(iter(self)), None)
        except (RuntimeError, StopIteration):
            # Another thread changed the values meanwhile: the next one to come makes room.
            return
