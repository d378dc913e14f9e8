"""Computes attributes when a sampler or a recording span first reads them."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, Mapping

from opentelemetry.util.types import AttributeValue

Attributes = dict[str, AttributeValue]


class LazyAttributes(Mapping[str, AttributeValue]):
    """The attributes that `compute` returns: it is called at the first read, and once."""

    __slots__ = ("_compute", "_found")

    def __init__(self, compute: Callable[[], Attributes]) -> None:
        self._compute = compute
        self._found: Attributes | None = None

    def __getitem__(self, name: str) -> AttributeValue:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def items(self) -> ItemsView[str, AttributeValue]:
        """All of them, at the price of a dict's."""
        return self._read().items()

    def copy(self) -> Attributes:
        """A dict of them, which older SDKs ask for."""
        return self._read().copy()

    @property
    def is_read(self) -> bool:
        """Whether anybody has looked."""
        return self._found is not None

    def _read(self) -> Attributes:
        if self._found is None:
            self._found = self._compute()
        return self._found
