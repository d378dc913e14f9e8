"""Exports spans as OpenTelemetry's own OTLP exporters do, with a faster encoder (`otlp_fast`).

Transport, retry, settings and environment variables are theirs; only the step from spans to the
request is replaced.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

if TYPE_CHECKING:
    from langchain_otel.exporters.otlp_grpc import GrpcSpanExporter
    from langchain_otel.exporters.otlp_http import HttpSpanExporter

logger: Final = logging.getLogger("langchain_otel")

PROTOCOL_VARIABLES: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
GRPC: Final = "grpc"
HTTP: Final = "http/protobuf"


class FastSpanExporter(SpanExporter):
    """The OTLP span exporter of the protocol that the environment names, with a faster encoder.

    It takes the arguments of OpenTelemetry's `OTLPSpanExporter` for that protocol: `grpc`, which is
    the default, or `http/protobuf`.
    """

    def __init__(self, **arguments: Any) -> None:
        self._exporter = _exporter_of(_protocol(), arguments)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans; the result is the standard exporter's."""
        return self._exporter.export(spans)

    def shutdown(self) -> None:
        """Stop; a retry under way is given up."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what is waiting."""
        return self._exporter.force_flush(timeout_millis)


def _protocol() -> str:
    # OpenTelemetry takes an empty variable for one that is not set.
    values = ((name, os.environ.get(name, "").strip()) for name in PROTOCOL_VARIABLES)
    name, value = next(((name, value) for name, value in values if value), ("", GRPC))
    if value not in {GRPC, HTTP}:
        logger.warning(
            "%s=%r is not valid: expected %s or %s. %s is used instead.",
            name,
            value,
            GRPC,
            HTTP,
            GRPC,
        )
        return GRPC
    return value


def _exporter_of(protocol: str, arguments: dict[str, Any]) -> SpanExporter:
    exporter = _class_of(protocol)(**arguments)
    if not exporter.is_fast:
        _say_that_it_is_not_fast(protocol)
    return exporter


def _class_of(protocol: str) -> type[GrpcSpanExporter | HttpSpanExporter]:
    # Each protocol's exporter is a package of its own, which may be missing, and slow to import.
    if protocol == HTTP:
        from langchain_otel.exporters.otlp_http import HttpSpanExporter

        return HttpSpanExporter
    from langchain_otel.exporters.otlp_grpc import GrpcSpanExporter

    return GrpcSpanExporter


@cache
def _say_that_it_is_not_fast(protocol: str) -> None:
    logger.warning(
        "The installed OTLP exporter for %s lets nobody else encode spans: otlp_fast is otlp. Over "
        "%s opentelemetry 1.45 or newer does, over %s every version.",
        protocol,
        HTTP,
        GRPC,
    )
