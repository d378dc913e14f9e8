"""A server that runs graphs for LangGraph's own client: loopback only, streamed runs, no state.

It goes on with the trace that a request names, as an instrumented web server would.
"""

import json
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from langchain_core.messages import BaseMessage, message_to_dict
from langgraph.types import Command
from opentelemetry import propagate
from opentelemetry.trace import SpanKind, Tracer

Event = tuple[str, Any]
RUNS = "/runs/stream"


class GraphServer(ThreadingHTTPServer):
    """The server, which remembers the headers of every request, in the order of their coming."""

    daemon_threads = False

    def __init__(self, graphs: Mapping[str, Any], tracer: Tracer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.graphs = graphs
        self.tracer = tracer
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.headers: list[list[tuple[str, str]]] = []

    def sent(self, name: str) -> list[str]:
        """The values of a header in the last request, one for each line that has it."""
        return [value for given, value in self.headers[-1] if given.lower() == name]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about a client that left in the middle of a stream."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    server: GraphServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or "{}")
        self.server.headers.append(self.headers.items())
        context = propagate.extract(dict(self.headers.items()))
        name = f"POST {RUNS}"
        with self.server.tracer.start_as_current_span(name, context, kind=SpanKind.SERVER):
            self._stream(body)

    def do_GET(self) -> None:
        self.server.headers.append(self.headers.items())
        self.send_error(404)

    def _stream(self, body: dict[str, Any]) -> None:
        graph = self.server.graphs.get(body.get("assistant_id", ""))
        if not self.path.endswith(RUNS) or graph is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for event, data in self._events(graph, body):
            text = json.dumps(data, default=plain)
            self.wfile.write(f"event: {event}\r\ndata: {text}\r\n\r\n".encode())
            self.wfile.flush()

    def _events(self, graph: Any, body: dict[str, Any]) -> Iterable[Event]:
        command = body.get("command")
        given = Command(resume=command["resume"]) if command else body.get("input")
        config = body.get("config") or {}
        thread = self.path.split("/")[2] if self.path.startswith("/threads/") else None
        configurable = {**config.get("configurable", {}), "thread_id": thread or "one-run"}
        modes = body["stream_mode"]
        options = {"stream_mode": modes if isinstance(modes, list) else [modes]}
        try:
            yield from graph.stream(given, {"configurable": configurable}, **options)
        except Exception as error:
            yield "error", {"error": type(error).__name__, "message": str(error)}
        yield "end", None

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


def plain(value: Any) -> Any:
    """What JSON has no form for."""
    if isinstance(value, BaseMessage):
        return message_to_dict(value)["data"]
    # Not all versions of an interrupt are the same kind of class.
    fields = asdict(value) if is_dataclass(value) else {"value": value.value, "id": value.id}  # type: ignore[arg-type]
    return {name: fields[name] for name in ("value", "id") if name in fields}


@contextmanager
def start_server(graphs: Mapping[str, Any], tracer: Tracer) -> Iterator[GraphServer]:
    """Serve `graphs` while the block runs; afterwards every request has been answered."""
    with GraphServer(graphs, tracer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
