"""Compares what a trace took with limits: tokens, calls, dollars, seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isnan
from typing import Final

from langchain_otel.testing.checks import Check, counted
from langchain_otel.testing.span_view import SpanView

TOKENS: Final = "tokens"
INPUT_TOKENS: Final = "input_tokens"
OUTPUT_TOKENS: Final = "output_tokens"
CALLS: Final = "calls"
TOOL_CALLS: Final = "tool_calls"
ERRORS: Final = "errors"
COST: Final = "cost"
SECONDS: Final = "seconds"

WORDS: Final = {
    TOKENS: "token",
    INPUT_TOKENS: "input token",
    OUTPUT_TOKENS: "output token",
    CALLS: "model call",
    TOOL_CALLS: "tool call",
    ERRORS: "error",
}
LIMITS: Final = (*WORDS, COST, SECONDS)


def within(
    taken: Mapping[str, float], unpriced: Sequence[SpanView], limits: Mapping[str, float]
) -> Check:
    """Whether what a trace took keeps within all limits; `unpriced` has calls of unknown cost.

    Raises:
        TypeError: There is no such limit, or it is no number.
    """
    __tracebackhide__ = True
    _check(limits)
    broken = list(_broken(taken, unpriced, limits))
    if broken:
        return Check(holds=False, reason="; ".join(broken))
    return Check(holds=True, reason=", ".join(_written(name, taken[name]) for name in limits))


def _check(limits: Mapping[str, float]) -> None:
    __tracebackhide__ = True
    if not limits:
        raise TypeError(f"within() needs a limit: {', '.join(LIMITS)}")
    for name, limit in limits.items():
        if name not in LIMITS:
            raise TypeError(f"within() has no limit {name!r}; there are {', '.join(LIMITS)}")
        if isinstance(limit, bool) or not isinstance(limit, (int, float)) or isnan(limit):
            raise TypeError(f"within({name}=...) must be a number; got {limit!r}")


def _broken(
    taken: Mapping[str, float], unpriced: Sequence[SpanView], limits: Mapping[str, float]
) -> Iterator[str]:
    for name, limit in limits.items():
        if taken[name] > limit:
            yield f"{_written(name, taken[name])}, more than {_number(name, limit)}"
        elif name == COST and unpriced:
            models = ", ".join(sorted({call.model or "unknown" for call in unpriced}))
            calls = counted(len(unpriced), "call")
            yield f"the cost of {calls} is not known ({models}); the option cost=True asks for it"


def _written(name: str, value: float) -> str:
    word = WORDS.get(name)
    return _number(name, value) if word is None else counted(value, word)


def _number(name: str, value: float) -> str:
    if name == COST:
        return f"${value:.6g}"
    return f"{value:.3g} s" if name == SECONDS else f"{value:,}"
