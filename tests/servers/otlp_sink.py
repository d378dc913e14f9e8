"""Knows how to be a backend that takes OTLP over HTTP, and remembers what it was sent and how."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from waiting import PATIENCE


@dataclass(frozen=True, slots=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Span:
    """What tests ask about a span; ids as hexadecimal text."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]
    resource: dict[str, Any]


@dataclass(slots=True)
class Sink:
    """A running backend."""

    url: str
    requests: list[Received] = field(default_factory=list)
    came: threading.Condition = field(default_factory=threading.Condition)

    @property
    def spans(self) -> list[Span]:
        """All that came to a path for traces."""
        taken = [request for request in self.requests if request.path.endswith("/v1/traces")]
        return [span for request in taken for span in _spans(request.body)]

    def wait_for(self, count: int, name: str = "") -> list[Span]:
        """That many spans, whose names begin like this."""

        def found() -> list[Span]:
            return [span for span in self.spans if span.name.startswith(name)]

        with self.came:
            enough = self.came.wait_for(lambda: len(found()) >= count, PATIENCE)
        assert enough, f"{len(found())} of {count} spans {name} came: {self.spans}"
        return found()


@contextmanager
def running_sink() -> Iterator[Sink]:
    """One on a free port of loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Taker) as server:
        sink = Sink(f"http://127.0.0.1:{server.server_port}")
        server.sink = sink  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield sink
        server.shutdown()


class _Taker(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        headers = {name.lower(): value for name, value in self.headers.items()}
        sink: Sink = self.server.sink  # type: ignore[attr-defined]
        with sink.came:
            sink.requests.append(Received(self.path, headers, body))
            sink.came.notify_all()
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object, **__: object) -> None:
        """Standard error is for errors."""


def _spans(body: bytes) -> list[Span]:
    request: Any = ExportTraceServiceRequest.FromString(body)
    return [
        Span(
            span.name,
            span.trace_id.hex(),
            span.span_id.hex(),
            span.parent_span_id.hex(),
            _values(span.attributes),
            _values(resource_spans.resource.attributes),
        )
        for resource_spans in request.resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    ]


def _values(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}
