"""Holds what the signals of a recorder go out by: a tracer, metrics with costs, log records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.trace import Tracer, TracerProvider

from langchain_otel import semconv
from langchain_otel.config import Config
from langchain_otel.recording.destinations import Destinations
from langchain_otel.recording.log_records import LogRecords
from langchain_otel.recording.metrics import Metrics, metrics_for
from langchain_otel.version import SCOPE, __version__

if TYPE_CHECKING:
    from langchain_otel.recording.costs import Costs


class Outlets:
    """The tracer, metrics, costs and log records of one recorder.

    They go to the providers that are given; the others to those of `base`, which shares with them
    what its options do not make different, or else to the global ones.
    """

    def __init__(
        self, config: Config, destinations: Destinations, base: Outlets | None = None
    ) -> None:
        own = destinations.tracer_provider
        self.own_provider: TracerProvider | None = (
            own if own is not None or base is None else base.own_provider
        )
        self.tracer: Tracer = trace.get_tracer(
            SCOPE, __version__, self.own_provider, schema_url=semconv.SCHEMA_URL
        )
        self.metrics: Metrics = metrics_for(
            config.metrics, destinations.meter_provider, None if base is None else base.metrics
        )
        if config.self_metrics:
            self.metrics.show_self()
        self.costs = _costs_of(config.cost, self.metrics, base)
        self.log: LogRecords = LogRecords(
            config, destinations.logger_provider, None if base is None else base.log
        )

    @property
    def tracer_provider(self) -> TracerProvider:
        """Where the spans go."""
        return self.own_provider or trace.get_tracer_provider()


def _costs_of(option: Any, metrics: Metrics, base: Outlets | None) -> Costs | None:
    """What calls cost; where nobody asks for that, nothing is imported for it."""
    if option is None or option is False:
        return None
    from langchain_otel.recording.costs import costs_of

    return costs_of(option, metrics, None if base is None else base.costs)
