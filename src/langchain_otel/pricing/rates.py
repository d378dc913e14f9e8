"""Multiplies what a call used by rates: each token is paid for once, as the kind that it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final, NamedTuple

from langchain_otel.pricing.kinds import (
    CACHE_READ,
    CACHE_WRITE,
    CACHE_WRITE_1H,
    INPUT,
    INPUT_AUDIO,
    INPUT_IMAGE,
    OUTPUT,
    OUTPUT_AUDIO,
    OUTPUT_IMAGE,
    REASONING,
    REQUEST,
    Usage,
)

# Of our own: an application may give its own context fewer digits, or traps.
EXACT: Final = Context(prec=50, rounding=ROUND_HALF_EVEN, traps=[])
MILLION: Final = Decimal(1_000_000)


class Tiered(NamedTuple):
    """A rate that depends on how much the whole input is: that of the highest tier counts."""

    base: Decimal
    tiers: tuple[tuple[int, Decimal], ...]


Rate = Decimal | Tiered
"""US dollars for a million tokens, or for one request."""
Rates = Mapping[str, Rate]
Amounts = dict[str, Decimal]
"""US dollars by kind."""

PARTS: Final = {
    INPUT: (CACHE_READ, CACHE_WRITE_1H, CACHE_WRITE, INPUT_AUDIO, INPUT_IMAGE),
    OUTPUT: (REASONING, OUTPUT_AUDIO, OUTPUT_IMAGE),
}
"""What the input and the output may be made of."""
WHOLES: Final = {part: whole for whole, parts in PARTS.items() for part in parts}
CACHED: Final = (CACHE_READ, CACHE_WRITE)
# Kinds that are paid for as the whole where they have no rate of their own, and say nothing then.
MODAL: Final = frozenset((INPUT_AUDIO, INPUT_IMAGE, OUTPUT_AUDIO, OUTPUT_IMAGE))


def amounts(usage: Usage, rates: Rates) -> Amounts | None:
    """What each kind costs; None where a rate is missing, or the usage does not say what is what.

    A cached token that may be text or sound, say, where these have different rates.
    """
    if _is_ambiguous(usage, rates):
        return None
    found: Amounts = {}
    whole_input = usage.get(INPUT, 0)
    for kind, tokens in _split(usage, rates):
        rate = _rate(kind, rates)
        if tokens < 0 or rate is None:
            return None
        if tokens:
            dollars = EXACT.multiply(_at(rate, whole_input), Decimal(tokens))
            found[kind] = EXACT.divide(dollars, MILLION)
    if REQUEST in rates:
        found[REQUEST] = _at(rates[REQUEST], whole_input)
    return found


def total(dollars: Amounts) -> Decimal:
    """The sum of what each kind costs."""
    result = Decimal(0)
    for amount in dollars.values():
        result = EXACT.add(result, amount)
    return result


def _is_ambiguous(usage: Usage, rates: Rates) -> bool:
    is_cached = any(usage.get(kind) for kind in CACHED)
    return is_cached and any(usage.get(kind) for kind in PARTS[INPUT] if kind in MODAL & {*rates})


def _split(usage: Usage, rates: Rates) -> Iterator[tuple[str, int]]:
    """The tokens of each kind; what is left of the input and of the output comes last."""
    for whole, parts in PARTS.items():
        rest = usage.get(whole, 0)
        for part in parts:
            tokens = usage.get(part, 0)
            if part == CACHE_WRITE:
                tokens -= usage.get(CACHE_WRITE_1H, 0)
            if tokens and (part not in MODAL or part in rates):
                rest -= tokens
                yield part, tokens
        if rest:
            yield whole, rest


def _rate(kind: str, rates: Rates) -> Rate | None:
    """The rate of a kind, or of the whole that it is a part of.

    Who is paid for writing to a cache is paid more for an hour than for five minutes: without a
    rate of its own the hour's is unknown then.
    """
    if kind in rates:
        return rates[kind]
    if kind == CACHE_WRITE_1H and CACHE_WRITE in rates:
        return None
    return rates.get(WHOLES.get(kind, kind))


def _at(rate: Rate, whole_input: int) -> Decimal:
    if isinstance(rate, Decimal):
        return rate
    reached = [price for start, price in rate.tiers if whole_input > start]
    return reached[-1] if reached else rate.base
