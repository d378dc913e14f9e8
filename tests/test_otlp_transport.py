"""The exporter `otlp_fast` sends, retries and gives up as the standard exporters do."""

import gzip
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from langchain_otel.exporters.otlp import FastSpanExporter
from langchain_otel.exporters.otlp_spans import encode_spans
from versions import release
from waiting import PATIENCE

grpc: Any = pytest.importorskip("grpc")
PROTOCOLS: Final = ("http/protobuf", "grpc")
STANDARD: Final[dict[str, type[SpanExporter]]] = {
    "http/protobuf": HttpExporter,
    "grpc": GrpcExporter,
}
SETTINGS: Final = {
    "OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=secret%20word",
    "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "gzip",
    "OTEL_EXPORTER_OTLP_TIMEOUT": str(int(PATIENCE)),
}
# What differs from one connection to the next.
OF_THE_CONNECTION: Final = {"host"}


@dataclass
class Backend:
    """What came, and how the next requests are answered: with a status, or else well."""

    url: str = ""
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[Any] = field(default_factory=list)

    def take(self, headers: dict[str, str], body: bytes) -> Any:
        self.came.append((headers, body))
        return self.statuses.pop(0) if self.statuses else None


@contextmanager
def http_backend() -> Iterator[Backend]:
    backend = Backend()

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            # The compressed bytes say when they were made.
            body = gzip.decompress(self.rfile.read(int(self.headers["content-length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(backend.take(headers, body) or 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Taker) as server:
        backend.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield backend
        server.shutdown()


@contextmanager
def grpc_backend() -> Iterator[Backend]:
    backend = Backend()

    class Taker(service.TraceServiceServicer):
        def Export(self, request: ExportTraceServiceRequest, context: Any) -> Any:  # noqa: N802
            headers = dict(context.invocation_metadata())
            status = backend.take(headers, request.SerializeToString(deterministic=True))
            if status is not None:
                context.abort(status, "not now")
            return ExportTraceServiceResponse()

    server = grpc.server(ThreadPoolExecutor(2))
    service.add_TraceServiceServicer_to_server(Taker(), server)  # type: ignore[no-untyped-call]
    backend.url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield backend
    finally:
        server.stop(None).wait()


BACKENDS: Final = {"http/protobuf": http_backend, "grpc": grpc_backend}
# The answers after which exporters try again, and after which they do not.
AGAIN: Final = {"http/protobuf": 503, "grpc": grpc.StatusCode.UNAVAILABLE}
NEVER: Final = {"http/protobuf": 400, "grpc": grpc.StatusCode.INVALID_ARGUMENT}


@pytest.fixture(params=PROTOCOLS)
def protocol(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", request.param)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    return str(request.param)


@pytest.fixture(autouse=True)
def complaints_of_exporters(
    nothing_left_behind: None, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """They say at length what they could not send."""
    yield
    caplog.get_records("call").clear()


def spans() -> list[ReadableSpan]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for number in range(3):
        provider.get_tracer("test").start_span(f"span {number}", attributes={"n": number}).end()
    return list(exporter.get_finished_spans())


def both(
    protocol: str,
    monkeypatch: pytest.MonkeyPatch,
    statuses: list[Any],
    use: Callable[[SpanExporter], Any],
    **arguments: Any,
) -> list[Any]:
    """What the standard exporter gives and sends, then what ours does."""
    found = []
    for exporter_class in (STANDARD[protocol], FastSpanExporter):
        with BACKENDS[protocol]() as backend:
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", backend.url)
            backend.statuses = list(statuses)
            exporter = exporter_class(**arguments)
            result = use(exporter)
            exporter.shutdown()
            found.append((result, [(without(headers), body) for headers, body in backend.came]))
    return found


def without(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in OF_THE_CONNECTION}


@pytest.mark.parametrize("kind", ["well", "again", "never"])
def test_the_same_requests(protocol: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same headers and compression, as often, with the same result."""
    statuses = {"well": [], "again": [AGAIN[protocol]], "never": [NEVER[protocol]]}[kind]
    batch = spans()
    standard, ours = both(protocol, monkeypatch, statuses, lambda exporter: exporter.export(batch))
    assert ours == standard
    result, came = ours
    assert len(came) == (2 if kind == "again" else 1)
    assert result is (SpanExportResult.FAILURE if kind == "never" else SpanExportResult.SUCCESS)
    assert all(headers["x-api-key"] == "secret word" for headers, _ in came)


def test_nothing_after_the_end(protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exporter that was shut down sends nothing, and its results say so."""
    batch = spans()

    def use(exporter: SpanExporter) -> Any:
        exporter.shutdown()
        return exporter.export(batch), exporter.force_flush()

    standard, ours = both(protocol, monkeypatch, [], use)
    assert ours == standard
    assert ours == ((SpanExportResult.FAILURE, True), [])


def test_our_encoder_writes_the_requests(protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the installed exporter lets it."""
    if protocol == "http/protobuf" and release("opentelemetry-sdk") < (1, 45):
        pytest.skip("earlier exporters over HTTP encode spans themselves")
    encoded = []

    def counting(batch: Any) -> bytes:
        encoded.append(len(batch))
        return encode_spans(batch)

    module = "otlp_http" if protocol == "http/protobuf" else "otlp_grpc"
    monkeypatch.setattr(f"langchain_otel.exporters.{module}.encode_spans", counting)
    both(protocol, monkeypatch, [], lambda exporter: exporter.export(spans()))
    assert encoded == [3]


needs_limits = pytest.mark.skipif(
    release("opentelemetry-sdk") < (1, 45), reason="earlier exporters have neither"
)


@needs_limits
def test_a_batch_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not sent, which the log says."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    batch = spans()
    standard, ours = both(
        "http/protobuf", monkeypatch, [], lambda one: one.export(batch), max_request_size=20
    )
    assert ours == standard == (SpanExportResult.FAILURE, [])


@needs_limits
@pytest.mark.parametrize("fails", [False, True])
def test_metrics_of_the_exporter(
    protocol: str, fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK's own metrics count the spans that were sent, and those that were not, by error."""
    monkeypatch.setenv("OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED", "true")
    batch = spans()
    counted = []
    for exporter_class in (STANDARD[protocol], FastSpanExporter):
        reader = InMemoryMetricReader()
        provider = MeterProvider([reader], shutdown_on_exit=False)
        with BACKENDS[protocol]() as backend:
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", backend.url)
            backend.statuses = [NEVER[protocol]] if fails else []
            arguments: dict[str, Any] = {"meter_provider": provider}
            exporter = exporter_class(**arguments)
            exporter.export(batch)
            counted.append(points(reader))
            exporter.shutdown()
        provider.shutdown()
    assert counted[0] == counted[1]
    assert len(counted[0]) == 3


def points(reader: InMemoryMetricReader) -> list[Any]:
    """Each metric's points without times, addresses and the number of the exporter."""
    data: Any = reader.get_metrics_data()
    return sorted(
        (
            metric.name,
            getattr(point, "value", getattr(point, "count", None)),
            sorted(
                (name, value)
                for name, value in point.attributes.items()
                if name not in {"otel.component.name", "server.port"}
            ),
        )
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    )
