"""Providers that send spans, log records and metrics by real OTLP exporters to a loopback sink."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pytest
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from langchain_otel import LangChainInstrumentor
from recording import Lives
from servers.otlp_grpc_sink import running_grpc_sink
from servers.otlp_sink import Sink, Span, running_sink

WORDS: Final = ("otlp http", "otlp grpc", "otlp_fast http", "otlp_fast grpc")


@dataclass(frozen=True, slots=True)
class Wire:
    """What was sent, once the `with` block of `sending` is over."""

    sink: Sink
    lives: Lives

    @property
    def made(self) -> int:
        """How many spans have ended."""
        return len(self.lives.ended)

    @property
    def spans(self) -> dict[str, Span]:
        """The spans by name."""
        return {span.name: span for span in self.sink.spans}

    @property
    def logs(self) -> list[Any]:
        """The log records, as protobuf."""
        requests = map(ExportLogsServiceRequest.FromString, self._bodies("/v1/logs"))
        return [
            record
            for request in requests
            for of_resource in request.resource_logs
            for of_scope in of_resource.scope_logs
            for record in of_scope.log_records
        ]

    @property
    def metrics(self) -> dict[str, Any]:
        """The metrics by name, as protobuf."""
        requests = map(ExportMetricsServiceRequest.FromString, self._bodies("/v1/metrics"))
        return {
            metric.name: metric
            for request in requests
            for of_resource in request.resource_metrics
            for of_scope in of_resource.scope_metrics
            for metric in of_scope.metrics
        }

    def _bodies(self, path: str) -> list[bytes]:
        return [request.body for request in self.sink.requests if request.path.endswith(path)]


@contextmanager
def sending(word: str, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Iterator[Wire]:
    """LangChain traced inside, with batches sent by these exporters when the block ends."""
    with running_grpc_sink() if word.endswith("grpc") else running_sink() as sink:
        tracer_provider = TracerProvider(shutdown_on_exit=False)
        logger_provider = LoggerProvider(shutdown_on_exit=False)
        spans, logs, metrics = _exporters(word, sink.url, monkeypatch)
        lives = Lives()
        tracer_provider.add_span_processor(lives)
        tracer_provider.add_span_processor(BatchSpanProcessor(spans))
        logger_provider.add_log_record_processor(BatchLogRecordProcessor(logs))
        reader = PeriodicExportingMetricReader(metrics)
        meter_provider = MeterProvider([reader], shutdown_on_exit=False)
        providers: tuple[Any, ...] = (tracer_provider, logger_provider, meter_provider)
        LangChainInstrumentor().instrument(
            tracer_provider=tracer_provider,
            logger_provider=logger_provider,
            meter_provider=meter_provider,
            **options,
        )
        try:
            yield Wire(sink, lives)
        finally:
            LangChainInstrumentor().uninstrument()
            for provider in providers:
                provider.force_flush()
                provider.shutdown()


def _exporters(word: str, url: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any, Any]:
    is_grpc = word.endswith("grpc")
    if word.startswith("otlp_fast"):
        protocol = "grpc" if is_grpc else "http/protobuf"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_INSECURE", "true")
        spans: Any = _fast()
    else:
        spans = GrpcSpans(url, insecure=True) if is_grpc else HttpSpans(f"{url}/v1/traces")
    if is_grpc:
        return spans, GrpcLogs(url, insecure=True), GrpcMetrics(url, insecure=True)
    return spans, HttpLogs(f"{url}/v1/logs"), HttpMetrics(f"{url}/v1/metrics")


def _fast() -> Any:
    from importlib.metadata import entry_points

    (found,) = entry_points(group="opentelemetry_traces_exporter", name="otlp_fast")
    return found.load()()
