"""Bounds the attributes of metrics: names that are made per request would be a series each.

Each attribute has at most so many different values, all of them together make at most so many
series. What comes later is measured without them.
"""

from __future__ import annotations

from collections.abc import Iterable
from threading import RLock
from typing import Any, Final

from langchain_otel import health, semconv
from langchain_otel.content.values import Facts
from langchain_otel.forks import fork_safe

MAX_VALUES: Final = 100
MAX_SERIES: Final = 2_000
# What stands for all further values of an attribute, where there must be one.
OTHERS: Final = {semconv.ERROR_TYPE: semconv.OTHER_ERROR}
# What is left of a series too many: few values, which this package and the limit above bound.
KEPT: Final = (semconv.GEN_AI_OPERATION_NAME, semconv.ERROR_TYPE)


class BoundedSeries:
    """The values and series that the metrics of one meter provider have had so far."""

    def __init__(self) -> None:
        self._lock = fork_safe(RLock())
        self._values: dict[str, set[Any]] = {}
        self._series: set[tuple[tuple[str, Any], ...]] = set()

    def attributes(self, names: Iterable[str], facts: Facts) -> Facts:
        """The facts of these names, as far as metrics may have them as attributes."""
        with self._lock:
            found = {name: self._value(name, facts[name]) for name in names if name in facts}
            found = {name: value for name, value in found.items() if value is not None}
            if semconv.SERVER_ADDRESS not in found:
                found.pop(semconv.SERVER_PORT, None)
            return found if self._has_room(tuple(found.items())) else _rest(found)

    def _value(self, name: str, value: Any) -> Any:
        known = self._values.setdefault(name, set())
        if value in known:
            return value
        if len(known) < MAX_VALUES:
            known.add(value)
            return value
        health.limited(
            f"the limit of {MAX_VALUES} different {name}",
            "metrics have no further ones; spans have them all",
        )
        return OTHERS.get(name)

    def _has_room(self, series: tuple[tuple[str, Any], ...]) -> bool:
        if series in self._series:
            return True
        if len(self._series) < MAX_SERIES:
            self._series.add(series)
            return True
        health.limited(
            f"the limit of {MAX_SERIES} series", "further ones are measured as one an operation"
        )
        return False


def _rest(found: Facts) -> Facts:
    return {name: found[name] for name in KEPT if name in found}
