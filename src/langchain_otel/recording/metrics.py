"""Measures runs that end: histograms, and sums that the reader observes.

Histograms are recorded with the span's context, so that exemplars lead to the trace.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Self

from opentelemetry.metrics import Meter, MeterProvider, get_meter_provider

from langchain_otel import semconv
from langchain_otel.content.values import Facts
from langchain_otel.recording.meters import is_of_api, measured_by, meter_of
from langchain_otel.runs.context import span_context_with
from langchain_otel.runs.run import Run
from langchain_otel.runs.totals import Spent

if TYPE_CHECKING:
    from langchain_otel.recording.meter_instruments import Instruments


class Metrics:
    """Measures runs for one meter provider, once there is one."""

    def __init__(self, flavour: str, meter_provider: MeterProvider | None) -> None:
        provider = get_meter_provider() if meter_provider is None else meter_provider
        self._flavour = flavour
        self._measured = measured_by(provider)
        self._meter = meter_of(provider)
        self._instruments: Instruments | None = None

    def named(self, flavour: str) -> Self:
        """The same under the names of a flavour."""
        if flavour == self._flavour:
            return self
        others = copy(self)
        others._flavour, others._instruments = flavour, None
        return others

    @property
    def series(self) -> tuple[Meter, str]:
        """Where the metrics go, and under whose names: equal for those that count the same."""
        return self._meter, self._flavour

    def show_self(self) -> None:
        """Let readers observe what this package counts of itself, before there is any run, too."""
        if not self._measured.shows_self:
            from langchain_otel.recording.self_metrics import show_self_to

            self._measured.shows_self = True
            show_self_to(self._meter)

    def record(self, run: Run, *, tokens: bool) -> None:
        """Measure a run that ends, by all its facts; one that a cache answered made no call.

        Its tokens too, unless another run has counted the same ones.
        """
        facts = run.facts
        if not run.is_measured or semconv.CACHE_HIT in facts:
            return
        instruments = self.instruments()
        recording = None if instruments is None else instruments.recording(facts)
        if instruments is None or recording is None:
            return
        context = span_context_with(run.span)
        for row, histogram, attributes in recording.records if tokens else recording.timing:
            if not isinstance(row.values, str):
                for value in row.values(run):
                    histogram.record(value, attributes, context)
            elif (fact := facts.get(row.values)) is not None:
                histogram.record(fact, attributes, context)
        if tokens and instruments.sums is not None and run.operation.family == "model":
            instruments.sums.add(recording.series, facts)

    def record_cost(self, run: Run, facts: Facts, spent: Spent) -> None:
        """Add what a call cost that ends with these facts."""
        instruments = self.instruments() if run.is_measured else None
        if instruments is not None:
            instruments.add_cost(facts, spent)

    def instruments(self) -> Instruments | None:
        """The instruments of the provider; None where nobody measures."""
        # The API's own meter stands there until an application sets a provider, and then leads to
        # that one's. To ask for the provider would look into the environment at each run.
        meter = getattr(self._meter, "_real_meter", self._meter)
        instruments = self._instruments
        if instruments is not None and instruments.meter is meter:
            return instruments
        if meter is None or is_of_api(meter):
            return None
        if meter is not self._meter:
            self._measured = measured_by(get_meter_provider())
        # Where nobody measures, nothing is imported for it.
        from langchain_otel.recording.meter_instruments import Instruments

        self._instruments = instruments = Instruments(meter, self._measured, self._flavour)
        return instruments


def metrics_for(
    flavour: str, meter_provider: MeterProvider | None, like: Metrics | None = None
) -> Metrics:
    """Metrics for a provider; without one, for that of `like`, or else for the global one."""
    if like is not None and meter_provider is None:
        return like.named(flavour)
    return Metrics(flavour, meter_provider)
