"""OpenAI's Responses API by its real client: why an answer ended, and what it cost."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from opentelemetry.sdk.trace import ReadableSpan

from langchain_otel import semconv
from recording import Tracing

ENDS: dict[str, tuple[str, str | None, str, str]] = {
    "complete": ("completed", None, "completed", "stop"),
    "too long": ("incomplete", "max_output_tokens", "max_output_tokens", "length"),
    "filtered": ("incomplete", "content_filter", "content_filter", "content_filter"),
}
"""Status and reason of an answer, by the model's name; what the attribute and content say."""


def response(model: str) -> dict[str, Any]:
    status, reason, *_ = ENDS[model]
    text = {"type": "output_text", "text": "Hello", "annotations": []}
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": [text],
    }
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": model,
        "status": status,
        "error": None,
        "incomplete_details": None if reason is None else {"reason": reason},
        "output": [message],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 10,
            "input_tokens_details": {"cached_tokens": 4},
            "output_tokens": 5,
            "output_tokens_details": {"reasoning_tokens": 2},
            "total_tokens": 15,
        },
    }


def events(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    begun = {**whole, "status": "in_progress", "incomplete_details": None, "output": []}
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    yield {"type": "response.created", "response": {**begun, "usage": None}}
    yield {"type": "response.output_text.delta", "delta": "Hello", "logprobs": [], **place}
    yield {"type": f"response.{whole['status']}", "response": whole}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        whole = response(request["model"])
        self.send_response(200)
        streams = bool(request.get("stream"))
        self.send_header("content-type", "text/event-stream" if streams else "application/json")
        self.end_headers()
        if not streams:
            self.wfile.write(json.dumps(whole).encode())
            return
        for number, event in enumerate(events(whole)):
            data = json.dumps({**event, "sequence_number": number})
            self.wfile.write(f"event: {event['type']}\ndata: {data}\n\n".encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def check(span: ReadableSpan, end: str) -> None:
    attributes = dict(span.attributes or {})
    _, _, reason, in_content = ENDS[end]
    assert attributes[semconv.GEN_AI_RESPONSE_FINISH_REASONS] == (reason,)
    messages: Any = attributes[semconv.GEN_AI_OUTPUT_MESSAGES]
    (message,) = json.loads(messages) if isinstance(messages, str) else messages
    assert message["finish_reason"] == in_content
    assert attributes[semconv.GEN_AI_USAGE_INPUT_TOKENS] == 10
    assert attributes[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == 5
    assert attributes[semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS] == 4
    assert attributes[semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS] == 2


@pytest.mark.parametrize("end", ENDS)
async def test_why_an_answer_ended(end: str, tracing_with_content: Tracing, address: str) -> None:
    """The status, or what an incomplete answer names: in the attribute and in the message."""
    options: dict[str, Any] = {"api_key": "none", "max_retries": 0}
    model = ChatOpenAI(model=end, base_url=address, use_responses_api=True, **options)
    model.invoke("hello")
    await model.ainvoke("hello")
    for _ in model.stream("hello"):
        pass
    async for _ in model.astream("hello"):
        pass
    assert len(tracing_with_content.spans) == 4
    for span in tracing_with_content.spans:
        check(span, end)
    await model.root_async_client.close()
