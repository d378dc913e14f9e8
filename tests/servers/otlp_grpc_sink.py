"""Takes OTLP over gRPC as a backend does, and keeps what it was sent as the HTTP sink does."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

from servers.otlp_sink import Received, Sink

SERVICES: Final = {
    "/v1/traces": "opentelemetry.proto.collector.trace.v1.TraceService",
    "/v1/logs": "opentelemetry.proto.collector.logs.v1.LogsService",
    "/v1/metrics": "opentelemetry.proto.collector.metrics.v1.MetricsService",
}
"""The services by the paths that the same requests have over HTTP."""

# It has no types.
grpc: Final[Any] = import_module("grpc")


@contextmanager
def running_grpc_sink() -> Iterator[Sink]:
    """One on a free port of loopback."""
    server = grpc.server(ThreadPoolExecutor(2))
    sink = Sink(f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
    server.add_generic_rpc_handlers([_handler(sink, *service) for service in SERVICES.items()])
    server.start()
    try:
        yield sink
    finally:
        server.stop(None).wait()


def _handler(sink: Sink, path: str, service: str) -> Any:
    def take(body: bytes, _: Any) -> bytes:
        with sink.came:
            sink.requests.append(Received(path, {}, body))
            sink.came.notify_all()
        # An empty message: all was taken.
        return b""

    methods = {"Export": grpc.unary_unary_rpc_method_handler(take)}
    return grpc.method_handlers_generic_handler(service, methods)
