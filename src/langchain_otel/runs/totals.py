"""Adds up the calls and tokens of one invocation of an agent, and what calls cost."""

from __future__ import annotations

from decimal import Decimal
from threading import Lock
from typing import TYPE_CHECKING, Final

from langchain_otel.content.counts import LARGEST
from langchain_otel.content.values import Facts
from langchain_otel.forks import fork_safe

if TYPE_CHECKING:
    from langchain_otel.content.history import History

_lock: Final = fork_safe(Lock())


class Totals:
    """What an agent's invocation has come to so far: its own calls, and the tokens of all below.

    `content` has the agent's instructions and tools, for its span.
    """

    __slots__ = (
        "_history",
        "content",
        "finish_reasons",
        "inference_calls",
        "input_tokens",
        "models",
        "output_tokens",
        "tool_calls",
    )

    def __init__(self) -> None:
        self.inference_calls = 0
        self.tool_calls = 0
        self.input_tokens: int | None = None
        self.output_tokens: int | None = None
        self.models: set[str] = set()
        self.finish_reasons: list[str] | None = None
        self.content: Facts = {}
        self._history: History | None = None

    @property
    def history(self) -> History:
        """What the model calls have shown; where nobody records content, nothing is imported."""
        if self._history is None:
            from langchain_otel.content.history import History

            with _lock:
                # Calls of an agent may be made side by side.
                self._history = self._history or History()
        return self._history

    def add_tokens(self, input_tokens: int | None, output_tokens: int | None) -> None:
        """Add the tokens of a model call, or of an agent below; None is no count."""
        self.input_tokens = _sum(self.input_tokens, input_tokens)
        self.output_tokens = _sum(self.output_tokens, output_tokens)


class Spent:
    """US dollars of one call by kind, or of all calls below an agent or a workflow together.

    `unknown_calls` counts calls of which the price, or a part of it, is not known; `amounts` is
    None where none is.
    """

    __slots__ = ("amounts", "total", "unknown_calls")

    def __init__(
        self,
        amounts: dict[str, Decimal] | None = None,
        total: Decimal | None = None,
        unknown_calls: int = 0,
    ) -> None:
        self.amounts = amounts
        self.total = total
        self.unknown_calls = unknown_calls


def _sum(known: int | None, count: int | None) -> int | None:
    if known is None or count is None:
        return known if count is None else count
    return min(known + count, LARGEST)
