"""Writes what calls cost as a few digits for the tree in the terminal."""

from collections.abc import Iterable, Mapping
from math import floor, log10
from typing import Final

from langchain_otel import semconv

Attributes = Mapping[str, object] | None

PAID: Final = (semconv.CHAT, semconv.TEXT_COMPLETION, semconv.EMBEDDINGS)
OPERATION: Final = semconv.GEN_AI_OPERATION_NAME
UNKNOWN: Final = "$?"


def cost_of_calls(spans: Iterable[Attributes]) -> str:
    """What all calls cost together; the sums of agents and workflows are none of their own."""
    return cost_text(each for each in spans if each and each.get(OPERATION) in PAID)


def cost_text(spans: Iterable[Attributes]) -> str:
    """What these spans say they cost, `$?` beside it where a price is not known."""
    told = [each for each in spans if each]
    known = [cost for each in told if type(cost := each.get(semconv.COST_TOTAL)) is float]
    parts = [f"${_digits(sum(known))}"] if known else []
    parts += [UNKNOWN] if any(each.get(semconv.COST_UNKNOWN_CALLS) for each in told) else []
    return " + ".join(parts)


def _digits(dollars: float) -> str:
    """Cents, and of less than a dollar the first three digits that say something."""
    if not 0 < dollars < 1:
        return f"{dollars:.2f}"
    shown = f"{dollars:.{2 - floor(log10(dollars))}f}".rstrip("0")
    return shown if len(shown) > len("0.00") else f"{dollars:.2f}"
