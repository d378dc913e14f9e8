"""Makes the instruments of a meter, and the sets of attributes that they are recorded with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.metrics import Histogram, Meter

from langchain_otel import semconv
from langchain_otel.content.encodable import sound_attributes
from langchain_otel.content.remembered import BoundedMap
from langchain_otel.content.values import Facts
from langchain_otel.recording.instruments import COUNT_UNIT, MODEL, PRICED, Row, rows_of
from langchain_otel.recording.meters import Measured
from langchain_otel.recording.series import MAX_SERIES, BoundedSeries
from langchain_otel.recording.token_sums import Series, TokenSums
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
        self._series = measured.of(BoundedSeries)
        self.sums = None if flavour == "previous" else measured.of(TokenSums)
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
                # Where nobody asks for costs, nothing is imported for them.
                from langchain_otel.recording.cost_sums import CostSums

                self._costs = self._measured.of(CostSums)
                self._costs.show_to(self.meter)
            self._costs.add(recording.priced, spent)
