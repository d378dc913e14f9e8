"""Adds up the calls and tokens of one invocation of an agent, and what calls cost."""

from dataclasses import dataclass, field
from decimal import Decimal

from langchain_otel.content.counts import total
from langchain_otel.content.history import History
from langchain_otel.content.values import Facts
from langchain_otel.content.written import Written


@dataclass(slots=True)
class Totals:
    """What an agent's invocation has come to so far: its own calls, and the tokens of all below.

    `content` has the agent's instructions and tools, for its span; `history` the messages that its
    model calls have shown, `written` what they were written as.
    """

    inference_calls: int = 0
    tool_calls: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    models: set[str] = field(default_factory=set)
    finish_reasons: list[str] | None = None
    content: Facts = field(default_factory=dict)
    history: History = field(default_factory=History)
    written: Written = field(default_factory=Written)

    def add_tokens(self, input_tokens: int | None, output_tokens: int | None) -> None:
        """Add the tokens of a model call, or of an agent below; None is no count."""
        self.input_tokens = _sum(self.input_tokens, input_tokens)
        self.output_tokens = _sum(self.output_tokens, output_tokens)


@dataclass(slots=True)
class Spent:
    """US dollars of one call by kind, or of all calls below an agent or a workflow together.

    `unknown_calls` counts calls of which the price, or a part of it, is not known; `amounts` is
    None where none is.
    """

    amounts: dict[str, Decimal] | None = None
    total: Decimal | None = None
    unknown_calls: int = 0


def _sum(known: int | None, count: int | None) -> int | None:
    return known if count is None else total((known or 0, count))
