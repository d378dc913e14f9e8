"""Measures the end of a run: histograms, and sums that the metric reader collects.

Histograms are recorded with the span's context, so that exemplars lead to the trace. Adding to a
sum of our own costs a hundredth of a counter's `add`, and gives the reader the same counter.
"""

from collections.abc import Iterable
from functools import partial
from threading import Lock
from typing import Any, Final, NamedTuple

from opentelemetry.metrics import (
    CallbackOptions,
    Histogram,
    Meter,
    MeterProvider,
    Observation,
    get_meter,
)

from langchain_otel import semconv
from langchain_otel.content.values import Facts
from langchain_otel.forks import fork_safe
from langchain_otel.recording.instruments import MODEL, TOTALS, Row, rows_of
from langchain_otel.runs.bounded_map import BoundedMap
from langchain_otel.runs.context import span_context_with
from langchain_otel.runs.run import Run
from langchain_otel.version import SCOPE, __version__

MODALITIES: Final = {
    semconv.GEN_AI_USAGE_INPUT_TOKENS: (
        ("text", semconv.GEN_AI_USAGE_TEXT_INPUT_TOKENS),
        ("image", semconv.GEN_AI_USAGE_IMAGE_INPUT_TOKENS),
        ("audio", semconv.GEN_AI_USAGE_AUDIO_INPUT_TOKENS),
    ),
    semconv.GEN_AI_USAGE_OUTPUT_TOKENS: (
        ("text", semconv.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS),
        ("image", semconv.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS),
        ("audio", semconv.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS),
    ),
}
UNKNOWN: Final = "unknown"
# Where the API's own meters are, which do nothing.
API: Final = "opentelemetry.metrics."
# More than an application has models, providers and servers: beyond it somebody makes up names.
MAX_SERIES: Final = 2_000

Series = tuple[tuple[str, Any], ...]


class Recording(NamedTuple):
    """What is recorded of runs with the same attributes: in which histograms, under which set."""

    rows: list[tuple[Row, Histogram, dict[str, Any]]]
    series: Series


class Metrics:
    """The instruments of one meter provider.

    Runs with the same attributes are many: the sets that their records have are made once.
    """

    def __init__(self, flavour: str, meter_provider: MeterProvider | None) -> None:
        meter = get_meter(SCOPE, __version__, meter_provider, schema_url=semconv.SCHEMA_URL)
        self._meter = meter
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
        self._totals = None if flavour == "previous" else TokenTotals(meter)

    def record(self, run: Run) -> None:
        """Measure a run that ends, by all its facts; one that a cache as_choice made no call."""
        facts = run.facts
        operation = facts.get(semconv.GEN_AI_OPERATION_NAME)
        names = None if operation is None else self._names.get(operation)
        if names is None or semconv.CACHE_HIT in facts or not self.is_live():
            return
        recording = self._recording(names, facts)
        context = span_context_with(run.span)
        for row, histogram, attributes in recording.rows:
            for value in row.values(run, facts):
                histogram.record(value, attributes, context)
        if self._totals is not None and run.operation.family == "model":
            self._totals.add(recording.series, facts)

    def is_live(self) -> bool:
        """Whether there is a provider to measure for."""
        # The API's own meter stands there until an application sets a provider, and then leads to
        # that one's. To ask for the provider would look into the environment at each run.
        meter = getattr(self._meter, "_real_meter", self._meter)
        return meter is not None and not type(meter).__module__.startswith(API)

    def _recording(self, names: tuple[str, ...], facts: Facts) -> Recording:
        key = tuple([facts.get(name) for name in names])
        recording = self._recordings.get(key)
        if recording is None:
            rows = []
            for row, histogram in self._rows[facts[semconv.GEN_AI_OPERATION_NAME]]:
                attributes = {name: facts[name] for name in row.attributes if name in facts}
                if row.token_type is not None:
                    attributes[semconv.GEN_AI_TOKEN_TYPE] = row.token_type
                rows.append((row, histogram, attributes))
            series = tuple((name, facts[name]) for name in MODEL if name in facts)
            recording = Recording(rows, series)
            self._recordings.put(key, recording)
        return recording


class TokenTotals:
    """Sums of tokens by metric and attributes, for the reader to observe."""

    def __init__(self, meter: Meter) -> None:
        self._lock = fork_safe(Lock())
        self._sums: dict[str, dict[Series, int]] = {name: {} for name in TOTALS.values()}
        for name in self._sums:
            meter.create_observable_counter(name, [partial(self._observe, name)], "{token}")

    def add(self, series: Series, facts: Facts) -> None:
        """Add the tokens of a model call with these attributes."""
        with self._lock:
            for fact, name in TOTALS.items():
                for modality, count in _by_modality(fact, facts):
                    self._add(name, (*series, (semconv.GEN_AI_TOKEN_MODALITY, modality)), count)

    def _add(self, name: str, series: Series, count: int) -> None:
        sums = self._sums[name]
        if series in sums or len(sums) < MAX_SERIES:
            sums[series] = sums.get(series, 0) + count

    def _observe(self, name: str, _: CallbackOptions) -> Iterable[Observation]:
        with self._lock:
            sums = list(self._sums[name].items())
        return [Observation(total, dict(series)) for series, total in sums]


def _by_modality(fact: str, facts: Facts) -> list[tuple[str, int]]:
    """The count of a fact, split as far as the provider did; what is left is unknown."""
    total = facts.get(fact)
    if total is None:
        return []
    parts = [
        (modality, count)
        for modality, detail in MODALITIES.get(fact, ())
        if (count := facts.get(detail, 0)) > 0
    ]
    rest = total - sum(count for _, count in parts)
    return [*parts, (UNKNOWN, rest)] if rest > 0 or not parts else parts
