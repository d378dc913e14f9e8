"""Remembers the latest values by key, up to a limit."""

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BoundedMap(Generic[K, V]):
    """The values that were put in last, by key; the oldest goes where there are too many."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: dict[K, V] = {}

    def __len__(self) -> int:
        return len(self._values)

    def put(self, key: K, value: V) -> None:
        """Remember a value, in place of the one that the key had."""
        self._values.pop(key, None)
        self._values[key] = value
        if len(self._values) > self._limit:
            self._forget_oldest()

    def get(self, key: K) -> V | None:
        """The value of the key, if it is still remembered."""
        return self._values.get(key)

    def items(self) -> list[tuple[K, V]]:
        """All that is remembered, the oldest first."""
        return list(self._values.copy().items())

    def _forget_oldest(self) -> None:
        try:
            self._values.pop(next(iter(self._values)), None)
        except (RuntimeError, StopIteration):
            # Another thread changed the values meanwhile: the next one to come makes room.
            return
