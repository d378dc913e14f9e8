"""What must hold of what was recorded, whatever was given: nothing lost, all valid, all bounded."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter

from langchain_otel import semconv
from langchain_otel.exporters import otlp_file, otlp_spans
from langchain_otel.runs.store import RUNS
from recording import Tracing

JSON_ATTRIBUTES: Final = frozenset(
    (
        semconv.GEN_AI_INPUT_MESSAGES,
        semconv.GEN_AI_OUTPUT_MESSAGES,
        semconv.GEN_AI_SYSTEM_INSTRUCTIONS,
        semconv.GEN_AI_TOOL_DEFINITIONS,
        "llm.invocation_parameters",
        "metadata",
    )
)
MIMES: Final = {"input.mime_type": "input.value", "output.mime_type": "output.value"}


def check_signals(tracing: Tracing, spans: int | None = None, limit: int | None = None) -> None:
    """Every span that began has ended, encodes and decodes, holds valid JSON, keeps its limit."""
    assert len(RUNS) == 0
    assert len(tracing.lives.started) == len(tracing.lives.ended) == len(tracing.spans)
    assert spans is None or len(tracing.spans) == spans
    decoded = ExportTraceServiceRequest.FromString(encode_spans(tracing.spans).SerializeToString())
    ours = ExportTraceServiceRequest.FromString(otlp_spans.encode_spans(tracing.spans))
    found = [span for _, span in spans_in(decoded)]
    assert len(found) == len(tracing.spans)
    for span, other in zip(decoded.resource_spans, ours.resource_spans, strict=True):
        assert span.SerializeToString(deterministic=True) == other.SerializeToString(
            deterministic=True
        )
    lines = otlp_file._line(tracing.spans).decode("ascii").splitlines()
    assert len(lines) == 1
    json.loads(lines[0], parse_constant=refuse)
    sizes = [span.ByteSize() for span in found]
    assert limit is None or max(sizes) <= limit, sizes
    for each in tracing.spans:
        check_json(each.attributes or {})
        for event in each.events:
            check_json(event.attributes or {})
    check_others(tracing)


def spans_in(request: ExportTraceServiceRequest) -> Iterator[tuple[Any, Any]]:
    """The spans of a request, each with its scope."""
    for of_resource in request.resource_spans:
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield of_scope.scope, span


def refuse(constant: str) -> Any:
    raise AssertionError(f"{constant} is no JSON")


def check_json(attributes: Mapping[str, Any]) -> None:
    """What claims to be JSON is, strictly."""
    names = JSON_ATTRIBUTES | {
        value for mime, value in MIMES.items() if attributes.get(mime) == "application/json"
    }
    for name in names & attributes.keys():
        text = attributes[name]
        try:
            json.loads(text, parse_constant=refuse)
        except ValueError as error:
            raise AssertionError(f"{name}={text!r}") from error


def check_others(tracing: Tracing) -> None:
    """Log records and metrics encode, and decode."""
    logs = encode_logs(tracing.logs).SerializeToString()
    request = ExportLogsServiceRequest.FromString(logs)
    sent = [
        record
        for of_resource in request.resource_logs
        for of_scope in of_resource.scope_logs
        for record in of_scope.log_records
    ]
    assert len(sent) == len(tracing.logs)
    data = tracing.metric_reader.get_metrics_data()
    if data is not None:
        ExportMetricsServiceRequest.FromString(encode_metrics(data).SerializeToString())


def forget(tracing: Tracing) -> None:
    """Begin again with the same providers."""
    tracing.exporter.clear()
    tracing.lives.started.clear()
    tracing.lives.ended.clear()
    exporter: InMemoryLogRecordExporter = tracing.log_exporter
    exporter.clear()
