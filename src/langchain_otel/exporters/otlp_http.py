"""Encodes spans for OpenTelemetry's OTLP exporter over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.semconv.attributes.http_attributes import HTTP_RESPONSE_STATUS_CODE

from langchain_otel.exporters.otlp_spans import encode_spans

NEEDED: Final = ("_client", "_metrics", "_max_request_size", "_shutdown")


class HttpSpanExporter(OTLPSpanExporter):
    """OpenTelemetry's exporter, whose client sends what our encoder writes.

    Before opentelemetry 1.45 there is no such client: one method encodes, sends and retries.
    """

    @property
    def is_fast(self) -> bool:
        """Whether there is a client that sends what others encode, and all that it needs."""
        return all(hasattr(self, name) for name in NEEDED)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans; those that are not to be sent the standard exporter refuses, and says why."""
        if not self.is_fast or self._shutdown:
            return super().export(spans)
        payload = encode_spans(spans)
        if 0 < self._max_request_size < len(payload):
            return super().export(spans)
        with self._metrics.export_operation(len(spans)) as operation:
            sent = self._client.export(payload)
            if sent.success:
                return SpanExportResult.SUCCESS
            operation.error = sent.error
            if sent.status_code is not None:
                operation.error_attrs = {HTTP_RESPONSE_STATUS_CODE: sent.status_code}
        return SpanExportResult.FAILURE
