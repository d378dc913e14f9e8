"""Notes the chunks of a streamed answer, or the events of one: what came, and when."""

from __future__ import annotations

from time import perf_counter
from typing import Any, Final

MAX_CHUNKS: Final = 10_000


class Chunks:
    """The first chunks of an answer, in the form that came first, and the times at which they came.

    `times` has that of the first alone, unless `takes_times`: a metric is made of all.
    """

    __slots__ = ("_are_events", "_takes_times", "items", "times")

    def __init__(self, first: Any, *, takes_times: bool) -> None:
        self.items = [first]
        self.times = [perf_counter()]
        self._are_events = type(first) is dict
        self._takes_times = takes_times

    def note(self, chunk: Any) -> None:
        """Note a chunk that comes after the first one."""
        items = self.items
        # Where a provider's client reports chunks itself, LangChain may make events of them.
        if (type(chunk) is dict) is self._are_events and len(items) < MAX_CHUNKS:
            items.append(chunk)
            if self._takes_times:
                self.times.append(perf_counter())
