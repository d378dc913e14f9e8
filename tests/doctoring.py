"""Makes exporters as OpenTelemetry's variables say, for tests of what the doctor says of them."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from langchain_otel.doctor.limits import quiet
from langchain_otel.exporters.otlp import FastSpanExporter
from langchain_otel.inspection.providers import Provider, SignalName, described

PROTOCOL: Final = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
PROXIES: Final = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "grpc_proxy")
EXPORTERS: Final[dict[tuple[str, str], Callable[[], Any]]] = {
    ("grpc", "traces"): GrpcSpans,
    ("http", "traces"): HttpSpans,
    ("fast grpc", "traces"): FastSpanExporter,
    ("fast http", "traces"): FastSpanExporter,
    ("grpc", "metrics"): GrpcMetrics,
    ("http", "metrics"): HttpMetrics,
    ("grpc", "logs"): GrpcLogs,
    ("http", "logs"): HttpLogs,
}


def only_these(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Set these variables, and no other that exporters read."""
    for name in list(os.environ):
        if name.startswith("OTEL_") or name.lower() in PROXIES or name.endswith("_CA_BUNDLE"):
            monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@contextmanager
def provided(
    exporter: str, signal: SignalName, monkeypatch: pytest.MonkeyPatch, **options: Any
) -> Iterator[Provider]:
    """A provider of its own with such an exporter, shut down when the block ends."""
    # The exporter complains of headers, and of what it could not send.
    with quiet():
        with monkeypatch.context() as patch:
            if exporter == "fast http":
                patch.setenv(PROTOCOL, "http/protobuf")
            made = EXPORTERS[exporter, signal]()
        provider = MADE[signal](made, options)
    try:
        yield described(signal, provider)
    finally:
        with quiet():
            provider.shutdown()


def traces(exporter: Any, options: dict[str, Any]) -> TracerProvider:
    provider = TracerProvider(shutdown_on_exit=False, **options)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def metrics(exporter: Any, options: dict[str, Any]) -> MeterProvider:
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=float("inf"))
    return MeterProvider([reader], shutdown_on_exit=False, **options)


def logs(exporter: Any, options: dict[str, Any]) -> LoggerProvider:
    provider = LoggerProvider(shutdown_on_exit=False, **options)
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    return provider


MADE: Final[dict[str, Callable[[Any, dict[str, Any]], Any]]] = {
    "traces": traces,
    "metrics": metrics,
    "logs": logs,
}
