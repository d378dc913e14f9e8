"""Asks a function of the user's what a call costs, and believes nothing that is no amount."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from langchain_otel import health
from langchain_otel.async_exceptions import let_through
from langchain_otel.pricing.kinds import COSTS
from langchain_otel.pricing.question import NAMELESS, Question
from langchain_otel.pricing.rates import Amounts

PriceFunction = Callable[[dict[str, int], str, str], Mapping[str, float | Decimal] | None]
"""What a user gives: from usage, provider and model to US dollars by kind; None: unknown."""

NUMBERS: Final = (int, float, Decimal)
MOST: Final = Decimal(1_000_000_000)


class FunctionPrices:
    """The prices of a function."""

    def __init__(self, function: PriceFunction) -> None:
        self._function = function

    def __call__(self, question: Question) -> Amounts | None:
        """What each kind of a call costs, asked for each name of its model until one is known."""
        for model in question.models or NAMELESS:
            try:
                answer = self._function(dict(question.usage), question.provider, model)
                found = None if answer is None else _amounts(answer)
            except Exception as error:
                let_through(error)
                health.left_unpriced(type(error).__name__)
                return None
            if found is not None:
                return found
        return None


def _amounts(answer: Any) -> Amounts:
    if not isinstance(answer, Mapping):
        raise TypeError
    return {_kind(kind): _amount(amount) for kind, amount in answer.items()}


def _kind(kind: Any) -> str:
    if type(kind) is not str or kind not in COSTS:
        raise KeyError
    return kind


def _amount(amount: Any) -> Decimal:
    if not isinstance(amount, NUMBERS) or isinstance(amount, bool):
        raise TypeError
    # The digits that are shown, not those that a double has beyond them.
    is_double = isinstance(amount, float)
    dollars = Decimal(repr(float(amount))) if is_double else Decimal(amount)
    if dollars.is_nan() or not 0 <= dollars <= MOST:
        raise ValueError
    return dollars
