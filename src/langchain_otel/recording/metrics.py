"""Measures runs that end: histograms, and sums that the reader observes.

Histograms are recorded with the span's context, so that exemplars lead to the trace.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, Self

from opentelemetry.metrics import Histogram, Meter, MeterProvider, get_meter_provider

from langchain_otel import semconv
from langchain_otel.content.encodable import sound_attributes
from langchain_otel.content.values import Facts
from langchain_otel.recording.instruments import COUNT_UNIT, MODEL, PRICED, Row, rows_of
from langchain_otel.recording.meters import Measured, is_of_api, measured_by, meter_of
from langchain_otel.recording.series import MAX_SERIES
from langchain_otel.recording.token_sums import Series
from langchain_otel.runs.bounded_map import BoundedMap
from langchain_otel.runs.context import span_context_with
from langchain_otel.runs.run import Run
from langchain_otel.runs.totals import Spent

if TYPE_CHECKING:
    from langchain_otel.recording.cost_sums import CostSums

Record = tuple[Row, Histogram, dict[str, Any]]


class Recording:
    """What is recorded of runs with the same attributes: in which histograms, under which set.

    `timing` is what is recorded of a run whose tokens another one counts, `priced` the set of what
    it cost.
    """

    __slots__ = ("priced", "records", "series", "timing")

    def __init__(
        self, records: list[Record], timing: list[Record], series: Series, priced: Series
    ) -> None:
        self.records = records
        self.timing = timing
        self.series = series
        self.priced = priced


class Instruments:
    """The histograms of one meter, and the sums and series of its provider.

    Runs with the same attributes are many: the sets that their records have are made once.
    """

    def __init__(self, meter: Meter, measured: Measured, flavour: str) -> None:
        self.meter = meter
        self._measured = measured
        self._costs: CostSums | None = None
        self._series = measured.series
        self.sums = None if flavour == "previous" else measured.sums
        if self.sums is not None:
            self.sums.show_to(meter)
        self._rows: dict[str, list[tuple[Row, Histogram]]] = {}
        for row in rows_of(flavour):
            histogram = meter.create_histogram(
                row.name, row.unit, explicit_bucket_boundaries_advisory=row.buckets
            )
            for operation in row.operations:
                self._rows.setdefault(operation, []).append((row, histogram))
        self._names = {
            operation: tuple({name: None for row, _ in rows for name in (*row.attributes, *MODEL)})
            for operation, rows in self._rows.items()
        }
        self._recordings: BoundedMap[tuple[Any, ...], Recording] = BoundedMap(MAX_SERIES)

    def recording(self, facts: Facts) -> Recording | None:
        """What is recorded of a run with these facts; None for one that has no metric."""
        names = self._names.get(facts.get(semconv.GEN_AI_OPERATION_NAME, ""))
        if names is None:
            return None
        key = tuple([facts.get(name) for name in names])
        recording = self._recordings.get(key)
        if recording is None:
            bounded = sound_attributes(self._series.attributes(names, facts))
            recording = self._recording(bounded, facts)
            self._recordings.put(key, recording)
        return recording

    def _recording(self, bounded: Facts, facts: Facts) -> Recording:
        records = []
        for row, histogram in self._rows[facts[semconv.GEN_AI_OPERATION_NAME]]:
            attributes = {name: bounded[name] for name in row.attributes if name in bounded}
            if row.token_type is not None:
                attributes[semconv.GEN_AI_TOKEN_TYPE] = row.token_type
            records.append((row, histogram, attributes))
        timing = [record for record in records if record[0].unit != COUNT_UNIT]
        series = tuple((name, bounded[name]) for name in MODEL if name in bounded)
        priced = tuple((name, value) for name, value in series if name in PRICED)
        return Recording(records, timing, series, priced)

    def add_cost(self, facts: Facts, spent: Spent) -> None:
        """Add what a call with these facts cost; readers see costs once there is one."""
        recording = self.recording(facts)
        if recording is not None:
            if self._costs is None:
                self._costs = self._measured.costs()
                self._costs.show_to(self.meter)
            self._costs.add(recording.priced, spent)


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
        self._instruments = instruments = Instruments(meter, self._measured, self._flavour)
        return instruments


def metrics_for(
    flavour: str, meter_provider: MeterProvider | None, like: Metrics | None = None
) -> Metrics:
    """Metrics for a provider; without one, for that of `like`, or else for the global one."""
    if like is not None and meter_provider is None:
        return like.named(flavour)
    return Metrics(flavour, meter_provider)
