"""Compares what a trace took with limits: tokens, calls, dollars, seconds."""

from collections.abc import Iterator, Mapping
from math import isnan
from typing import TYPE_CHECKING, Final

from langchain_otel.testing.checks import Check, counted

if TYPE_CHECKING:
    from langchain_otel.testing.trace import Trace

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


def within(trace: "Trace", limits: Mapping[str, float]) -> Check:
    """Whether a trace keeps within all limits.

    Raises:
        TypeError: There is no such limit, or it is no number.
    """
    __tracebackhide__ = True
    _check(limits)
    taken = _taken(trace)
    broken = list(_broken(trace, taken, limits))
    if broken:
        return Check(holds=False, reason="; ".join(broken))
    return Check(holds=True, reason=", ".join(_written(name, taken[name]) for name in limits))


def _taken(trace: "Trace") -> dict[str, float]:
    tokens = trace.tokens()
    return {
        TOKENS: tokens.total,
        INPUT_TOKENS: tokens.input,
        OUTPUT_TOKENS: tokens.output,
        CALLS: len(trace.calls_of_models()),
        TOOL_CALLS: len(trace.tools()),
        ERRORS: len(trace.errors()),
        COST: trace.cost() or 0.0,
        SECONDS: trace.seconds,
    }


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
    trace: "Trace", taken: Mapping[str, float], limits: Mapping[str, float]
) -> Iterator[str]:
    for name, limit in limits.items():
        if taken[name] > limit:
            yield f"{_written(name, taken[name])}, more than {_number(name, limit)}"
        elif name == COST and (unpriced := trace.unpriced()):
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
