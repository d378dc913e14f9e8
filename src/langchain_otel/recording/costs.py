"""Finds what a call of a model cost, and adds it to the agents and workflows around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from threading import Lock
from typing import Any, Final

from langchain_otel import health, semconv
from langchain_otel.content.values import Facts
from langchain_otel.forks import fork_safe
from langchain_otel.operations.cache_lifetimes import HOUR, asked_lifetimes
from langchain_otel.operations.provider_report import USAGE_NAMES
from langchain_otel.pricing.kinds import (
    CACHE_WRITE,
    CACHE_WRITE_1H,
    COSTS,
    Usage,
    usage_by_kind,
)
from langchain_otel.pricing.prices import prices_of
from langchain_otel.pricing.question import Prices, Question
from langchain_otel.pricing.rates import EXACT, Amounts, total
from langchain_otel.recording.metrics import Metrics
from langchain_otel.recording.model_calls import counts_tokens
from langchain_otel.runs.run import Run, share_tree
from langchain_otel.runs.store import RUNS
from langchain_otel.runs.totals import Spent

NEEDED: Final = {
    semconv.CHAT: (semconv.GEN_AI_USAGE_INPUT_TOKENS, semconv.GEN_AI_USAGE_OUTPUT_TOKENS),
    semconv.TEXT_COMPLETION: (
        semconv.GEN_AI_USAGE_INPUT_TOKENS,
        semconv.GEN_AI_USAGE_OUTPUT_TOKENS,
    ),
    semconv.EMBEDDINGS: (semconv.GEN_AI_USAGE_INPUT_TOKENS,),
}
"""The operations that are paid for, with the counts without which their price is not known."""
SUMMED: Final = (semconv.INVOKE_AGENT, semconv.INVOKE_WORKFLOW)
MODELS: Final = (semconv.GEN_AI_RESPONSE_MODEL, semconv.GEN_AI_REQUEST_MODEL)

# Calls that different recorders price add to the same runs around.
_lock: Final = fork_safe(Lock())


class Costs:
    """What calls cost by the prices of one recorder."""

    def __init__(self, option: Any, prices: Prices, metrics: Metrics) -> None:
        self._option = option
        self._prices = prices
        self._metrics = metrics

    def are_for(self, option: Any, metrics: Metrics) -> bool:
        """Whether they are what the option's value makes, and go into these metrics."""
        return self._option is option and self._metrics is metrics

    def facts(self, run: Run, found: Facts, error: BaseException | None) -> Facts:
        """What a run says of its cost when it ends with these facts, beside those of its start."""
        try:
            if run.facts.get(semconv.GEN_AI_OPERATION_NAME) in NEEDED:
                facts = {**run.facts, **found}
                run.spent = self._spent(run, facts, error)
                run.asked = None
                if run.spent is not None:
                    self._pass_on(run, facts, run.spent)
            return {} if run.spent is None else _stated(run.spent)
        except Exception as failure:
            health.failed("pricing", failure)
            return {}

    def _spent(self, run: Run, facts: Facts, error: BaseException | None) -> Spent | None:
        """What a call cost; None for a run that nobody is paid for, or that another one counts."""
        if semconv.CACHE_HIT in facts or not counts_tokens(run):
            return None
        if USAGE_NAMES.isdisjoint(facts) and (run.has_inner_call or _was_refused(run, facts)):
            return None
        usage = _usage(run, facts)
        dollars = None if usage is None else self._amounts(usage, facts)
        if dollars is None:
            return Spent(unknown_calls=1)
        # What was left before its end may have counted only what came until then.
        is_partial = error is not None and run.chunks is not None
        return Spent(dollars, total(dollars), unknown_calls=int(is_partial))

    def _amounts(self, usage: Usage, facts: Facts) -> Amounts | None:
        question = Question(
            usage,
            facts.get(semconv.GEN_AI_PROVIDER_NAME, ""),
            tuple(dict.fromkeys(facts[name] for name in MODELS if name in facts)),
            facts.get(semconv.OPENAI_RESPONSE_SERVICE_TIER),
        )
        try:
            return self._prices(question)
        except Exception as failure:
            health.failed("prices", failure)
            return None

    def _pass_on(self, run: Run, facts: Facts, spent: Spent) -> None:
        """Add what a call cost to the runs around it and to the metrics."""
        try:
            self._add(run, spent)
            self._metrics.record_cost(run, facts, spent)
        except Exception as failure:
            health.failed("metrics", failure)

    def _add(self, run: Run, spent: Spent) -> None:
        for around in _runs_around(run):
            if around.facts.get(semconv.GEN_AI_OPERATION_NAME) in SUMMED:
                with _lock:
                    around.spent = _added(around.spent, spent)


def costs_of(option: Any, metrics: Metrics, like: Costs | None = None) -> Costs | None:
    """What calls cost by the prices of the option's value; None where nothing is priced.

    It is `like` where that is the same.
    """
    if like is not None and like.are_for(option, metrics):
        return like
    prices = prices_of(option)
    return None if prices is None else Costs(option, prices, metrics)


def _usage(run: Run, facts: Facts) -> Usage | None:
    """What a call used by kind; None where something is missing without which there is no price.

    Of what was written to a cache, too, for how long: the answer says it, or else the request.
    """
    if any(name not in facts for name in NEEDED[facts[semconv.GEN_AI_OPERATION_NAME]]):
        return None
    usage = usage_by_kind(facts)
    if usage.get(CACHE_WRITE) and CACHE_WRITE_1H not in usage and run.asked is not None:
        lifetimes = asked_lifetimes(run.asked)
        if HOUR in lifetimes:
            return usage | {CACHE_WRITE_1H: usage[CACHE_WRITE]} if len(lifetimes) == 1 else None
    return usage


def _was_refused(run: Run, facts: Facts) -> bool:
    """Whether a call failed before anything of an answer came: nobody is paid for that."""
    return semconv.ERROR_TYPE in facts and run.chunks is None


def _runs_around(run: Run) -> Iterator[Run]:
    """The runs in which a run is made, as its own recorder, or one of its origin, records them."""
    around = run.enclosing
    while around is not None:
        if not share_tree(around.recorder, run.recorder):
            around = RUNS.of_recorder(around.id, run.recorder)
            if around is None:
                return
        yield around
        around = around.enclosing


def _added(known: Spent | None, more: Spent) -> Spent:
    if known is None:
        return Spent(None, more.total, more.unknown_calls)
    sums = [each.total for each in (known, more) if each.total is not None]
    whole = EXACT.add(sums[0], sums[-1]) if len(sums) > 1 else next(iter(sums), None)
    return Spent(None, whole, known.unknown_calls + more.unknown_calls)


def _stated(spent: Spent) -> Facts:
    facts: Facts = {}
    if spent.total is not None:
        facts[semconv.COST_TOTAL] = float(spent.total)
    facts.update(_by_kind(spent.amounts or {}))
    if spent.unknown_calls:
        facts[semconv.COST_UNKNOWN_CALLS] = spent.unknown_calls
    return facts


def _by_kind(dollars: Mapping[str, Decimal]) -> dict[str, Any]:
    return {COSTS[kind]: float(amount) for kind, amount in dollars.items()}
