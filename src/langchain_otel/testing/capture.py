"""Keeps the spans, metrics and log records of a test, in providers that export nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from langchain_otel.config import SDK_DISABLED_VARIABLE
from langchain_otel.recording.registry import recorder_for
from langchain_otel.testing.recorded_spans import Recorded, RecordedSpans
from langchain_otel.testing.strands import Strand

# The limits of the SDK that variables set: a test sees all, wherever it runs.
SPAN_LIMITS: Final = (
    "max_attributes",
    "max_events",
    "max_links",
    "max_span_attributes",
    "max_event_attributes",
    "max_link_attributes",
    "max_attribute_length",
    "max_span_attribute_length",
)


class Capture:
    """Providers that keep what they are given, and the recorder that gives it to them."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.spans: Final = RecordedSpans()
        self.log_exporter: Final = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
        self.metric_reader: Final = InMemoryMetricReader()
        resource = Resource.get_empty()
        unlimited = SpanLimits(**dict.fromkeys(SPAN_LIMITS, SpanLimits.UNSET))
        with _enabled():
            self.tracer_provider: Final = TracerProvider(
                ALWAYS_ON, resource, shutdown_on_exit=False, span_limits=unlimited
            )
            self.meter_provider: Final = MeterProvider(
                [self.metric_reader], resource, shutdown_on_exit=False
            )
            self.logger_provider: Final = LoggerProvider(resource, shutdown_on_exit=False)
        self.tracer_provider.add_span_processor(self.spans)
        self.logger_provider.add_log_record_processor(SimpleLogRecordProcessor(self.log_exporter))
        providers = {
            "tracer_provider": self.tracer_provider,
            "meter_provider": self.meter_provider,
            "logger_provider": self.logger_provider,
        }
        self.recorder: Final = recorder_for(options | providers)

    @property
    def home(self) -> Strand:
        """Where the test itself runs."""
        return self.spans.home

    def spans_of(self, trace_id: int | None) -> list[Recorded]:
        """The spans of one trace, or all."""
        return [
            each
            for each in self.spans.all()
            if trace_id is None or each.span.context.trace_id == trace_id
        ]


@contextmanager
def _enabled() -> Iterator[None]:
    """The SDK reads once, as a provider is made, whether it is switched off."""
    said = os.environ.pop(SDK_DISABLED_VARIABLE, None)
    try:
        yield
    finally:
        if said is not None:
            os.environ[SDK_DISABLED_VARIABLE] = said
