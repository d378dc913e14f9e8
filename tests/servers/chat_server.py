"""A server on loopback that answers chat requests in the format of whoever asks.

What it answers is in `servers.wires.answer`; a request with tools is answered by a call of one.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from servers.wires import anthropic, bedrock, cohere, gemini, ollama, openai
from servers.wires.answer import Answer, Json

EVENTS: Final = "text/event-stream"
JSON: Final = "application/json"
LINES: Final = "application/x-ndjson"
AWS_EVENTS: Final = "application/vnd.amazon.eventstream"


@dataclass(frozen=True, slots=True)
class Format:
    """How an answer is written, whole and in pieces; the latter alone where the path says so."""

    failure: Callable[[int], Json]
    whole: Callable[[Answer], Json] | None = None
    streamed: Callable[[Answer], bytes] | None = None
    content_type: str = EVENTS
    streams_by_default: bool = False
    headers: Callable[[Answer], dict[str, str]] = lambda _: {}


LIKE_OPENAI: Final = Format(openai.failure, openai.whole, openai.streamed)
WITH_CHOICE: Final = Format(openai.failure, openai.whole, openai.streamed_with_choice)
FORMATS: Final[dict[str, Format]] = {
    "/with-choice/chat/completions": WITH_CHOICE,
    "/beside/chat/completions": Format(
        openai.failure,
        lambda answer: openai.whole(openai.beside(answer)),
        lambda answer: openai.streamed(openai.beside(answer)),
    ),
    "/with-choice/openai/v1/chat/completions": WITH_CHOICE,
    "/chat/completions": LIKE_OPENAI,
    "/v1/messages": Format(anthropic.failure, anthropic.whole, anthropic.streamed),
    ":generateContent": Format(gemini.failure, gemini.whole),
    ":streamGenerateContent?alt=sse": Format(gemini.failure, streamed=gemini.streamed),
    ":streamGenerateContent": Format(
        gemini.failure, streamed=gemini.streamed_as_array, content_type=JSON
    ),
    "/v2/chat": Format(cohere.failure, cohere.whole, cohere.streamed),
    "/v1/chat": Format(cohere.failure, cohere.first_version, cohere.first_version_streamed, LINES),
    "/api/chat": Format(
        ollama.failure, ollama.whole, ollama.streamed, LINES, streams_by_default=True
    ),
    "/converse": Format(bedrock.failure, bedrock.whole),
    "/converse-stream": Format(bedrock.failure, None, bedrock.streamed, AWS_EVENTS),
    "/invoke": Format(bedrock.failure, anthropic.whole, headers=bedrock.headers),
    "/invoke-with-response-stream": Format(
        bedrock.failure, None, bedrock.invoked_streamed, AWS_EVENTS
    ),
}
"""By how the path ends, with the query or without."""


class ChatServer(ThreadingHTTPServer):
    """The server, which may be told to fail, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.status = 200
        self.asked: list[tuple[str, Json]] = []


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send(json.dumps({"data": [], "resources": []}).encode())

    def do_POST(self) -> None:
        body = self._body()
        path = self.path.partition("?")[0]
        request = json.loads(body) if body.startswith(b"{") else {}
        self.server.asked.append((self.path, request))
        ends = (end for end in FORMATS if path.endswith(end) or self.path.endswith(end))
        written = next((FORMATS[end] for end in ends), None)
        if written is None:
            self._send(json.dumps({"error": f"no {path} here"}).encode(), 404)
        elif self.server.status != 200:
            self._send(json.dumps(written.failure(self.server.status)).encode(), self.server.status)
        else:
            self._answer(written, request)

    def _answer(self, written: Format, request: Json) -> None:
        tools: Any = request.get("tools") or request.get("toolConfig")
        answer = Answer(calls_tool=bool(tools))
        streams = request.get("stream", written.streams_by_default)
        if written.streamed and (streams or written.whole is None):
            self._send(written.streamed(answer), content_type=written.content_type)
        elif written.whole:
            self._send(json.dumps(written.whole(answer)).encode(), headers=written.headers(answer))

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(
        self,
        content: bytes,
        status: int = 200,
        content_type: str = JSON,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    """Serve in a daemon thread for as long as the `with` block lasts."""
    server = ChatServer()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
