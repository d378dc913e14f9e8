"""Counts a model call once where one model runs inside the body of another.

A model that wraps another one has a run of its own, and gives the other's answer and usage back as
its own. The inner run made the call: it counts, and the outer one adds only what it did not. A
stream that is left may end the outer run first, which then has counted for both.
"""

from __future__ import annotations

from typing import Final

from langchain_otel import semconv
from langchain_otel.operations.provider_report import USAGE_NAMES
from langchain_otel.runs.context import MODEL_KEY
from langchain_otel.runs.run import Run, share_tree
from langchain_otel.runs.store import RUNS


class Share:
    """What a run adds to the calls of its agent, and to sums of tokens."""

    __slots__ = ("call", "tokens")

    def __init__(self, *, call: bool, tokens: bool) -> None:
        self.call = call
        self.tokens = tokens


WHOLE: Final = Share(call=True, tokens=True)


def model_around(run: Run) -> Run | None:
    """The open model run in whose body a run starts, however deep below.

    The context says more than the parent that LangChain names: a model called plainly inside the
    body of another one has that one's parent. Where code has another context, the parent counts.
    """
    model = run.model
    ambient = run.ambient.get(MODEL_KEY)
    if isinstance(ambient, Run) and not ambient.ended:
        model = _recorded_by(run, ambient) or model
    return None if model is None or model.ended else model


def share_of(run: Run) -> Share:
    """What a run that ends adds; the model run around it is marked with what it need not add."""
    if run.operation.family != "model":
        return WHOLE
    around = run.model
    call, tokens = not run.has_inner_call, not run.has_inner_tokens
    if around is None:
        return Share(call=call, tokens=tokens)
    same_agent = run.agent is around.agent
    if around.ended:
        first = around.has_inner_call or not same_agent
        uncounted = around.has_inner_tokens or USAGE_NAMES.isdisjoint(around.facts)
        return Share(call=call and first, tokens=tokens and uncounted)
    around.has_inner_call = around.has_inner_call or same_agent
    if not tokens or semconv.CACHE_HIT in run.facts or not USAGE_NAMES.isdisjoint(run.facts):
        around.has_inner_tokens = True
    return Share(call=call, tokens=tokens)


def counts_tokens(run: Run) -> bool:
    """Whether `share_of` will say that a run that ends adds its tokens; marks nothing."""
    around = run.model
    if run.has_inner_tokens or around is None or not around.ended:
        return not run.has_inner_tokens
    return around.has_inner_tokens or USAGE_NAMES.isdisjoint(around.facts)


def _recorded_by(run: Run, other: Run) -> Run | None:
    """Another run as the recorder of this one, or one of its origin, records it."""
    recorder = run.recorder
    is_own = share_tree(other.recorder, recorder)
    return other if is_own else RUNS.of_recorder(other.id, recorder)
