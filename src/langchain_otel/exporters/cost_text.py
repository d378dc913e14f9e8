"""Writes what calls cost as a few digits for the tree in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import floor, log10
from typing import Final

from langchain_otel import semconv
from langchain_otel.dialects import openinference_names as names

Attributes = Mapping[str, object] | None

PAID: Final = (semconv.CHAT, semconv.TEXT_COMPLETION, semconv.EMBEDDINGS)
PAID_KINDS: Final = (names.LLM, names.EMBEDDING)
UNKNOWN: Final = "$?"


def cost_of_calls(spans: Iterable[Attributes]) -> str:
    """What all calls cost together; the sums of agents and workflows are none of their own."""
    return cost_text(each for each in spans if each and _is_call(each))


def cost_text(spans: Iterable[Attributes]) -> str:
    """What these spans say they cost, `$?` beside it where a price is not known."""
    told = [each for each in spans if each]
    known = [cost for each in told if type(cost := _cost(each)) is float]
    parts = [f"${_digits(sum(known))}"] if known else []
    parts += [UNKNOWN] if any(each.get(semconv.COST_UNKNOWN_CALLS) for each in told) else []
    return " + ".join(parts)


def _is_call(attributes: Mapping[str, object]) -> bool:
    operation = attributes.get(semconv.GEN_AI_OPERATION_NAME)
    if operation is None:
        return attributes.get(names.SPAN_KIND) in PAID_KINDS
    return operation in PAID


def _cost(attributes: Mapping[str, object]) -> object:
    return attributes.get(semconv.COST_TOTAL, attributes.get(names.LLM_COST_TOTAL))


def _digits(dollars: float) -> str:
    """Cents, and of less than a dollar the first three digits that say something."""
    if not 0 < dollars < 1:
        return f"{dollars:.2f}"
    shown = f"{dollars:.{2 - floor(log10(dollars))}f}".rstrip("0")
    return shown if len(shown) > len("0.00") else f"{dollars:.2f}"
