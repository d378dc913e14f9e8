"""Shows readers of metrics what this package counts of itself: failures, limits, runs left out.

The counters are there anyway, in `health`. They cost nothing more where nobody reads them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, NamedTuple

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from langchain_otel import health, semconv
from langchain_otel.failure_kinds import (
    AttributeLeftOut,
    Failure,
    Kind,
    Limit,
    OptionFailure,
    counted,
)
from langchain_otel.runs.store import RUNS

Counts = Counter[tuple[str, ...]]
"""How often each series was counted, by the values of its attributes."""

NO_VALUES: Final[tuple[str, ...]] = ()


class SelfMetric(NamedTuple):
    """A metric of our own health: what it counts, under which attributes; a sum that may fall."""

    name: str
    unit: str
    attributes: tuple[str, ...]
    counts: Callable[[], Counts]
    falls: bool = False


def _failures(kind: type[Kind]) -> Callable[[], Counts]:
    def counts() -> Counts:
        found: Counts = Counter()
        for each, count in counted():
            if type(each) is kind:
                found[tuple(each)] += count
        return found

    return counts


def _events(event: str) -> Callable[[], Counts]:
    return lambda: Counter({NO_VALUES: health.events[event]} if event in health.events else {})


def _left_out() -> Counts:
    reasons = (reason for reason in health.LEFT_OUT if reason in health.events)
    return Counter({(reason,): health.events[reason] for reason in reasons})


def _lost_seams() -> Counts:
    return Counter({(name,): 1 for name in tuple(health.lost_seams)})


def _open_runs() -> Counts:
    return Counter({NO_VALUES: len(RUNS)})


FAILURE: Final = "{failure}"
RUN: Final = "{run}"
SELF_METRICS: Final = (
    SelfMetric(
        semconv.METRIC_SELF_FAILURES,
        FAILURE,
        (semconv.SELF_PLACE, semconv.ERROR_TYPE),
        _failures(Failure),
    ),
    SelfMetric(
        semconv.METRIC_SELF_OPTION_FAILURES,
        FAILURE,
        (semconv.SELF_OPTION, semconv.ERROR_TYPE),
        _failures(OptionFailure),
    ),
    SelfMetric(semconv.METRIC_SELF_LIMITS, "{limit}", (semconv.SELF_LIMIT,), _failures(Limit)),
    SelfMetric(
        semconv.METRIC_SELF_ATTRIBUTES,
        "{attribute}",
        (semconv.ERROR_TYPE,),
        _failures(AttributeLeftOut),
    ),
    SelfMetric(semconv.METRIC_SELF_EVICTED, RUN, (), _events(health.EVICTED)),
    SelfMetric(semconv.METRIC_SELF_ORPHANED, RUN, (), _events(health.ORPHANED)),
    SelfMetric(semconv.METRIC_SELF_LEFT_OUT, RUN, (semconv.SELF_REASON,), _left_out),
    SelfMetric(semconv.METRIC_SELF_UNKNOWN_TENANT, RUN, (), _events(health.UNKNOWN_TENANT)),
    SelfMetric(semconv.METRIC_SELF_NOTICES, "{notice}", (), _events(health.NOTICE)),
    SelfMetric(semconv.METRIC_SELF_OPEN, RUN, (), _open_runs, falls=True),
    SelfMetric(semconv.METRIC_SELF_SEAMS, "{seam}", (semconv.SELF_SEAM,), _lost_seams, falls=True),
)


def show_self_to(meter: Meter) -> None:
    """Let the readers of a meter observe the counters; a meter that does already goes on so."""
    for metric in SELF_METRICS:
        create = (
            meter.create_observable_up_down_counter
            if metric.falls
            else meter.create_observable_counter
        )
        create(metric.name, [partial(_observe, metric)], metric.unit)


def _observe(metric: SelfMetric, _: CallbackOptions) -> Iterable[Observation]:
    return list(_observations(metric))


def _observations(metric: SelfMetric) -> Iterator[Observation]:
    for values, count in metric.counts().items():
        yield Observation(count, dict(zip(metric.attributes, values, strict=True)))
