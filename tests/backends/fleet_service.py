"""A service of a fleet: traced agents, some of whose work another service does.

Reads commands, a line of JSON each, and answers each with one: `{"runs": 8, "peer": URL}` runs that
many agents and says which kind of trace each was, `{}` sends what is left and says which spans
ended since the last time. What it prints first is the address at which it works for others.
"""

import json
import sys
import threading
import urllib.request
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import interrupt
from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from langchain_otel import LangChainInstrumentor

KINDS: Final = ("plain", "failed", "plain", "interrupted", "plain", "costly", "runaway", "plain")
MANY: Final = 110
COSTLY: Final = 150_000
AT_ONCE: Final = 4


class Ended(SpanProcessor):
    """Notes which spans of which trace have ended here."""

    def __init__(self) -> None:
        self.spans: dict[str, list[str]] = defaultdict(list)

    def on_end(self, span: ReadableSpan) -> None:
        context = span.get_span_context()
        if context is not None:
            ids = trace.format_trace_id(context.trace_id), trace.format_span_id(context.span_id)
            self.spans[ids[0]].append(ids[1])

    def taken(self) -> dict[str, list[str]]:
        taken, self.spans = self.spans, defaultdict(list)
        return dict(taken)


class Scripted(BaseChatModel):
    """Calls its one tool, then answers; fails or spends as its kind says."""

    kind: str
    model_name: str = "scripted"

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        has_asked = any(isinstance(message, ToolMessage) for message in messages)
        if has_asked and self.kind == "failed":
            raise ConnectionError("the model is away")
        spent = COSTLY if self.kind == "costly" else 10
        usage = UsageMetadata(input_tokens=spent, output_tokens=5, total_tokens=spent + 5)
        call = {"id": "call-1", "name": "work", "args": {}}
        calls: Any = [] if has_asked else [call]
        message = AIMessage("done", tool_calls=calls, usage_metadata=usage)
        return ChatResult(generations=[ChatGeneration(message=message)])


def work_of(kind: str, peer: str) -> BaseTool:
    """The agent's tool: asks another service, waits for a person, or does far too much."""

    @tool
    def work() -> str:
        """Work."""
        if kind == "interrupted":
            interrupt("go on?")
        if kind == "runaway":
            RunnableLambda(str).batch(list(range(MANY)))
        return asked(peer)

    return work


def asked(peer: str) -> str:
    """What the other service says; the trace goes on there."""
    headers: dict[str, str] = {}
    propagate.inject(headers)
    with urllib.request.urlopen(urllib.request.Request(peer, headers=headers)) as answer:
        text: str = answer.read().decode()
        return text


class Colleague(BaseHTTPRequestHandler):
    """Works for another service, in that service's trace."""

    def do_GET(self) -> None:
        tracer = trace.get_tracer("fleet")
        headers = {name.lower(): value for name, value in self.headers.items()}
        context = propagate.extract(headers)
        with tracer.start_as_current_span("GET /", context, kind=trace.SpanKind.SERVER):
            text = (RunnableLambda(str) | RunnableLambda(str.upper)).invoke("done")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Standard error is for errors."""


def run(position: int, peer: str) -> tuple[str, str]:
    """One agent, in a trace of its own: the trace's id and kind."""
    kind = KINDS[position % len(KINDS)]
    agent = create_agent(Scripted(kind=kind), [work_of(kind, peer)], checkpointer=InMemorySaver())
    with trace.get_tracer("fleet").start_as_current_span("request") as span:
        with suppress(ConnectionError):
            agent.invoke(
                {"messages": [{"role": "user", "content": "work"}]},
                {"configurable": {"thread_id": str(position)}},
            )
        return trace.format_trace_id(span.get_span_context().trace_id), kind


def main() -> None:
    ended, provider = Ended(), TracerProvider()
    provider.add_span_processor(ended)
    exporter = OTLPSpanExporter(insecure=True, timeout=30)
    provider.add_span_processor(BatchSpanProcessor(exporter, 100_000, 200, 256))
    trace.set_tracer_provider(provider)
    LangChainInstrumentor().instrument()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Colleague)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for line in sys.stdin:
            command = json.loads(line)
            if "runs" in command:
                peers = [command["peer"]] * command["runs"]
                answer: Any = dict(pool.map(run, range(command["runs"]), peers))
            else:
                provider.force_flush(60_000)
                answer = ended.taken()
            print(json.dumps(answer), flush=True)
    provider.shutdown()
    server.shutdown()


if __name__ == "__main__":
    main()
