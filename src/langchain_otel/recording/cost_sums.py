"""Adds up what model calls cost by model and kind, and calls of unknown price, for readers."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from threading import Lock

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from langchain_otel import semconv
from langchain_otel.forks import fork_safe
from langchain_otel.pricing.rates import EXACT
from langchain_otel.recording.instruments import CALL_UNIT, DOLLAR_UNIT
from langchain_otel.recording.token_sums import Series
from langchain_otel.runs.totals import Spent


class CostSums:
    """The sums of one meter provider, whichever recorders add to them."""

    def __init__(self) -> None:
        self._lock = fork_safe(Lock())
        self._dollars: dict[Series, Decimal] = {}
        self._unknown: dict[Series, int] = {}

    def show_to(self, meter: Meter) -> None:
        """Let the readers of a meter observe the sums; a meter that does already goes on so."""
        meter.create_observable_counter(semconv.METRIC_COST, [self._costs], DOLLAR_UNIT)
        meter.create_observable_counter(semconv.METRIC_COST_UNKNOWN, [self._calls], CALL_UNIT)

    def add(self, series: Series, spent: Spent) -> None:
        """Add what a call with these attributes cost."""
        with self._lock:
            for kind, amount in (spent.amounts or {}).items():
                key = (*series, (semconv.COST_KIND, kind))
                self._dollars[key] = EXACT.add(self._dollars.get(key, Decimal(0)), amount)
            if spent.unknown_calls:
                self._unknown[series] = self._unknown.get(series, 0) + spent.unknown_calls

    def _costs(self, _: CallbackOptions) -> Iterable[Observation]:
        with self._lock:
            sums = list(self._dollars.items())
        return [Observation(float(dollars), dict(series)) for series, dollars in sums]

    def _calls(self, _: CallbackOptions) -> Iterable[Observation]:
        with self._lock:
            sums = list(self._unknown.items())
        return [Observation(calls, dict(series)) for series, calls in sums]
