"""Writes spans to a file as OTLP's JSON, one request on a line, as the Collector does."""

from __future__ import annotations

import base64
import json
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from langchain_otel.exporters.otlp_spans import encode_spans
from langchain_otel.forks import fork_safe

logger: Final = logging.getLogger("langchain_otel")

VARIABLE: Final = "LANGCHAIN_OTEL_FILE"
DEFAULT: Final = "traces.jsonl"
# OTLP's JSON has these in hex, where Protobuf's own has base64.
IDS: Final = ("traceId", "spanId", "parentSpanId")
# Whoever else uses the machine need not read what was said.
MODE: Final = 0o600


class FileSpanExporter(SpanExporter):
    """Appends to `LANGCHAIN_OTEL_FILE`, or to `traces.jsonl`; several processes may share it."""

    def __init__(self, file: str | os.PathLike[str] | None = None) -> None:
        self._file = Path(file or os.environ.get(VARIABLE, "").strip() or DEFAULT).absolute()
        self._lock = fork_safe(threading.RLock())
        self._has_failed = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write spans as one line."""
        line = _line(spans)
        try:
            with self._lock:
                self._append(line)
        except OSError as error:
            self._say(error)
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing waits: each line is written when it comes."""
        return True

    def shutdown(self) -> None:
        """Nothing is open."""

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, MODE)
        with open(descriptor, "ab", buffering=0) as file:  # noqa: PTH123 - with a mode of its own
            left = memoryview(line)
            try:
                while left:
                    left = left[file.write(left) :]
            except OSError:
                _take_back(descriptor, len(line) - len(left))
                raise

    def _say(self, error: OSError) -> None:
        if not self._has_failed:
            self._has_failed = True
            logger.warning("Traces cannot be written to %s: %s", self._file, error.strerror)


def _take_back(descriptor: int, written: int) -> None:
    """Take half a line off the end of the file, as a full disk leaves it: the next would follow it.

    Unless another process has written since.
    """
    end = os.lseek(descriptor, 0, os.SEEK_CUR)
    if written and os.fstat(descriptor).st_size == end:
        os.ftruncate(descriptor, end - written)


def _line(spans: Sequence[ReadableSpan]) -> bytes:
    request = ExportTraceServiceRequest.FromString(encode_spans(spans))
    document = MessageToDict(request, use_integers_for_enums=True)
    for owner in _with_ids(document):
        for name in IDS:
            if name in owner:
                owner[name] = base64.b64decode(owner[name]).hex()
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def _with_ids(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in document.get("resourceSpans", ()):
        for scope in resource.get("scopeSpans", ()):
            for span in scope.get("spans", ()):
                yield span
                yield from span.get("links", ())
