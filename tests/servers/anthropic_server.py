"""A server that speaks Anthropic's messages API: loopback only, any key, whole and streamed.

Some model names misbehave: `fail-429` (any status) always fails, `cut` drops the connection in the
middle of a streamed answer.
"""

import itertools
import json
import re
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from servers.anthropic_answers import Json, answer, events

PATH = "/v1/messages"
NEEDED = ("model", "max_tokens", "messages")
ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}
EVENTS_BEFORE_CUT = 5


class ApiError(Exception):
    """An answer other than 200, in Anthropic's shape."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        error = {"type": ERRORS.get(status, "api_error"), "message": message}
        self.body = {"type": "error", "error": error}


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came in; the names of its headers are in lower case."""

    path: str
    headers: dict[str, str]
    body: Json


class ModelServer(ThreadingHTTPServer):
    """The server, which remembers every request it was sent, and every prefix that it cached."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.base_url = f"http://127.0.0.1:{self.server_port}"
        self.requests: list[Received] = []
        self.numbers = itertools.count(1)
        self.cached: set[str] = set()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about a client that left in the middle of a stream."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    server: ModelServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            self._answer(self._received(raw))
        except ApiError as error:
            self._send_json(error.status, error.body)

    def _received(self, raw: bytes) -> Json:
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            body = json.loads(raw)
        except ValueError:
            raise ApiError(400, "The request body is not valid JSON.") from None
        self.server.requests.append(Received(self.path, headers, body))
        check(self.path, headers, body)
        return dict(body)

    def _answer(self, request: Json) -> None:
        whole = answer(request, next(self.server.numbers), self.server.cached)
        if not request.get("stream"):
            self._send_json(200, whole)
            return
        self._start(200, "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        if request["model"] == "cut":
            self._send_events(itertools.islice(events(whole), EVENTS_BEFORE_CUT))
            self.close_connection = True
            return
        self._send_events(events(whole))
        self.wfile.write(b"0\r\n\r\n")

    def _start(self, status: int, content_type: str) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("request-id", f"req_{len(self.server.requests):024}")

    def _send_json(self, status: int, body: Json) -> None:
        content = json.dumps(body).encode()
        self._start(status, "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _send_events(self, stream: Iterable[Json]) -> None:
        for event in stream:
            framed = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
            self.wfile.write(b"%x\r\n%b\r\n" % (len(framed), framed))

    def log_message(self, *_: object, **__: object) -> None:
        pass


def check(path: str, headers: dict[str, str], body: Any) -> None:
    """Refuse what Anthropic would refuse, and what a model's name asks to be refused."""
    if path.partition("?")[0] != PATH:
        raise ApiError(404, "Not Found")
    if "x-api-key" not in headers and "authorization" not in headers:
        raise ApiError(401, "x-api-key header is required")
    if "anthropic-version" not in headers:
        raise ApiError(400, "anthropic-version: header is required")
    for name in NEEDED:
        if not isinstance(body, dict) or name not in body:
            raise ApiError(400, f"{name}: Field required")
    wanted = re.fullmatch(r"fail-([45]\d\d)", body["model"])
    if wanted:
        raise ApiError(int(wanted[1]), "It went wrong.")


@contextmanager
def start_server(port: int = 0) -> Iterator[ModelServer]:
    """Serve in a daemon thread for as long as the `with` block lasts."""
    server = ModelServer(port)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
