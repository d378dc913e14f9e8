"""A model server that speaks OpenAI's HTTP API: loopback only, no key, the same answer every time.

    python examples/openai_server.py --port 8321
    OPENAI_BASE_URL=http://127.0.0.1:8321/v1 OPENAI_API_KEY=none python your_app.py

It serves `/v1/chat/completions` and `/v1/completions`, whole and streamed, and `/v1/embeddings`.
Given tools it calls those that the question is about, then answers by quoting their results. It
calls them in parallel, or one after the other if the request sets `parallel_tool_calls` to false.

Some model names misbehave, so that an application's error paths can be looked at:
`fail-429` (any status) always fails, `flaky-500` fails until it is tried again, `slow` takes its
time, `cut` drops the connection in the middle of a streamed answer.
"""

import argparse
import itertools
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from scripted_model import Json, chat, chat_chunks, completion, completion_chunks, embeddings

_ERRORS = {
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
}
_SLOW_START, _SLOW_CHUNK = 0.5, 0.02
_CHUNKS_BEFORE_CUT = 3


class _ApiError(Exception):
    """An answer other than 200, in OpenAI's shape."""

    def __init__(self, status: int, kind: str, code: str | None, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": None, "code": code}}


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came in; the names of its headers are in lower case."""

    path: str
    headers: dict[str, str]
    body: Json


class ModelServer(ThreadingHTTPServer):
    """The server, which remembers every request it was sent."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.base_url = f"http://127.0.0.1:{self.server_port}/v1"
        self.requests: list[Received] = []
        self.numbers = itertools.count(1)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about a client that left in the middle of a stream."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: ModelServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            self._answer(self._received(raw))
        except _ApiError as error:
            self._send_json(error.status, error.body)

    def _received(self, raw: bytes) -> Json:
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append(Received(self.path, headers, body or {}))
        return _checked(self.path, body, headers)

    def _answer(self, request: Json) -> None:
        route = _ROUTES[self.path]
        slow = request["model"] == "slow"
        time.sleep(_SLOW_START if slow else 0)
        whole = route.answer(request, next(self.server.numbers))
        if not (request.get("stream") and route.chunks):
            self._send_json(200, whole)
            return
        self._start_events()
        chunks = _framed(whole, route.chunks(whole), request)
        if request["model"] == "cut":
            self._send_events(itertools.islice(chunks, _CHUNKS_BEFORE_CUT))
            self.close_connection = True
            return
        self._send_events(chunks, pause=_SLOW_CHUNK if slow else 0)
        self._send_event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _send_json(self, status: int, body: Json) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        if status != 200:
            self.send_header("retry-after-ms", "10")
        self.end_headers()
        self.wfile.write(content)

    def _start_events(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def _send_events(self, chunks: Iterator[Json], pause: float = 0) -> None:
        for chunk in chunks:
            self._send_event(json.dumps(chunk))
            time.sleep(pause)

    def _send_event(self, data: str) -> None:
        event = f"data: {data}\n\n".encode()
        self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))

    def log_message(self, *_: object, **__: object) -> None:
        pass


@dataclass(frozen=True, slots=True)
class _Route:
    needs: str
    answer: Callable[[Json, int], Json]
    chunks: Callable[[Json], Iterator[Json]] | None = None


_ROUTES = {
    "/v1/chat/completions": _Route("messages", chat, chat_chunks),
    "/v1/completions": _Route("prompt", completion, completion_chunks),
    "/v1/embeddings": _Route("input", embeddings),
}


def _checked(path: str, body: Any, headers: dict[str, str]) -> Json:
    """The request, or the error that OpenAI would answer it with."""
    if path not in _ROUTES:
        raise _ApiError(404, "invalid_request_error", None, f"Unknown request URL: POST {path}.")
    if not isinstance(body, dict):
        raise _ApiError(400, "invalid_request_error", None, "The body is not a JSON object.")
    for name in ("model", _ROUTES[path].needs):
        if not body.get(name):
            message = f"Missing required parameter: '{name}'."
            raise _ApiError(400, "invalid_request_error", "missing_required_parameter", message)
    _fail_by_name(body["model"], headers)
    return body


def _fail_by_name(model: str, headers: dict[str, str]) -> None:
    wanted = re.fullmatch(r"(fail|flaky)-([45]\d\d)", model)
    first = headers.get("x-stainless-retry-count", "0") == "0"
    if wanted and (first or wanted[1] == "fail"):
        status = int(wanted[2])
        raise _ApiError(status, *_ERRORS.get(status, ("server_error", None, "It went wrong.")))


def _framed(whole: Json, chunks: Iterator[Json], request: Json) -> Iterator[Json]:
    """Each chunk in the envelope of the whole answer; the usage last, for who asked for it."""
    head = {key: value for key, value in whole.items() if key not in ("choices", "usage")}
    head["object"] = head["object"].replace("chat.completion", "chat.completion.chunk")
    if not (request.get("stream_options") or {}).get("include_usage"):
        yield from (head | chunk for chunk in chunks)
        return
    yield from (head | chunk | {"usage": None} for chunk in chunks)
    yield {**head, "choices": [], "usage": whole["usage"]}


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


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A scripted, OpenAI-compatible model server.")
    parser.add_argument("--port", type=int, default=8321, help="0 takes a free one")
    server = ModelServer(parser.parse_args().port)
    print(f"serving {server.base_url}", flush=True)
    with suppress(KeyboardInterrupt), server:
        server.serve_forever()


if __name__ == "__main__":
    main()
