"""Describes what was counted: the tokens of model calls, the points of a metric."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from opentelemetry.sdk.metrics.export import MetricsData


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one call or of several; `cached` and `cache_written` are among the input's."""

    input: int = 0
    output: int = 0
    cached: int = 0
    cache_written: int = 0
    reasoning: int = 0

    @property
    def total(self) -> int:
        """Input and output together."""
        return self.input + self.output

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Self:
        """The tokens of a call, by what is counted."""
        return cls(**{what.replace(" ", "_"): count for what, count in counts.items()})

    @classmethod
    def sum(cls, several: Iterable[Self]) -> Self:
        """All together."""
        each = list(several)
        names = [field.name for field in fields(cls)]
        return cls(**{name: sum(getattr(tokens, name) for tokens in each) for name in names})


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with its points, one for each set of attributes, as OpenTelemetry's SDK has them."""

    name: str
    unit: str
    points: tuple[Any, ...]

    @property
    def count(self) -> int:
        """How many values a histogram was given."""
        return sum(getattr(point, "count", 0) for point in self.points)

    @property
    def total(self) -> float:
        """The sum of all values."""
        return sum(getattr(point, "sum", getattr(point, "value", 0)) for point in self.points)


def metrics_in(data: MetricsData | None) -> dict[str, Metric]:
    """The metrics that have points, by name."""
    found: dict[str, Metric] = {}
    for resource in () if data is None else data.resource_metrics:
        for scope in resource.scope_metrics:
            for each in scope.metrics:
                points = tuple(each.data.data_points)
                if points:
                    found[each.name] = Metric(each.name, each.unit or "", points)
    return found
