"""Defines what prices are: a function from what is known of a call to what it costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from langchain_otel.pricing.kinds import Usage
from langchain_otel.pricing.rates import Amounts

NAMELESS: Final = ("",)
"""The names of a model that has none."""


class Question(NamedTuple):
    """What is known of a call that prices depend on.

    `models` are the names of its model, that of the answer first, then that of the request; `tier`
    is the service tier that answered.
    """

    usage: Usage
    provider: str
    models: tuple[str, ...]
    tier: str | None = None


Prices = Callable[[Question], Amounts | None]
"""What each kind of a call costs, None for a call of which the price is not known."""
