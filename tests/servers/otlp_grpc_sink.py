"""Takes OTLP over gRPC as a backend does, and keeps what it was sent as the HTTP sink does."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import (
    LogsServiceServicer,
    add_LogsServiceServicer_to_server,
)
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import (
    MetricsServiceServicer,
    add_MetricsServiceServicer_to_server,
)
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

from servers.otlp_sink import Received, Sink


class _Taker(TraceServiceServicer, LogsServiceServicer, MetricsServiceServicer):
    """All three services; each export ends with an empty response of its own kind."""

    def __init__(self, sink: Sink, path: str, response: Any) -> None:
        self._sink = sink
        self._path = path
        self._response = response

    def Export(self, request: Any, context: Any) -> Any:
        with self._sink.came:
            self._sink.requests.append(Received(self._path, {}, request.SerializeToString()))
            self._sink.came.notify_all()
        return self._response()


@contextmanager
def running_grpc_sink() -> Iterator[Sink]:
    """One on a free port of loopback."""
    server = grpc.server(ThreadPoolExecutor(2))
    port = server.add_insecure_port("127.0.0.1:0")
    sink = Sink(f"http://127.0.0.1:{port}")
    add_TraceServiceServicer_to_server(
        _Taker(sink, "/v1/traces", traces.ExportTraceServiceResponse), server
    )
    add_LogsServiceServicer_to_server(
        _Taker(sink, "/v1/logs", logs.ExportLogsServiceResponse), server
    )
    add_MetricsServiceServicer_to_server(
        _Taker(sink, "/v1/metrics", metrics.ExportMetricsServiceResponse), server
    )
    server.start()
    try:
        yield sink
    finally:
        server.stop(None).wait()
