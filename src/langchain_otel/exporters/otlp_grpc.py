"""Encodes spans for OpenTelemetry's OTLP exporter over gRPC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan

from langchain_otel.exporters.otlp_spans import encode_spans


class GrpcSpanExporter(OTLPSpanExporter):
    """OpenTelemetry's exporter, which leaves the step from spans to a request to its subclasses."""

    is_fast: Final = hasattr(OTLPSpanExporter, "_translate_data")

    def _translate_data(self, data: Sequence[ReadableSpan]) -> ExportTraceServiceRequest:
        request: ExportTraceServiceRequest = ExportTraceServiceRequest.FromString(
            encode_spans(data)
        )
        return request
