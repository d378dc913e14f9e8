"""Computes attributes when a sampler first reads them; tells where all spans record anyway."""

from __future__ import annotations

import sys
from collections.abc import Callable, ItemsView, Iterator, Mapping
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.trace import Tracer
from opentelemetry.util.types import AttributeValue

from langchain_otel.runs.context import has_span

Attributes = dict[str, AttributeValue]

SDK_MODULE: Final = "opentelemetry.sdk.trace.sampling"


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


def records_all(tracer: Tracer, around: Context) -> bool:
    """Whether all spans record that a tracer starts in a context, as far as it is known.

    So it is with the SDK's own sampler, which takes what has no parent.
    """
    sampler = getattr(tracer, "sampler", None)
    sdk: Any = sys.modules.get(SDK_MODULE)
    if sampler is None or sdk is None:
        return False
    return sampler is sdk.ALWAYS_ON or (sampler is sdk.DEFAULT_ON and not has_span(around))
