"""Knows an agent that is served: its application, its model server, and what became of requests."""

import gc
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.trace import Span, SpanKind

from langchain_otel import semconv
from recording import Tracing, id_of
from servers.asgi_server import serving
from servers.holding_server import Holding, holding
from versions import create_agent
from waiting import PATIENCE

WHOLE = "Here is what I found. sunny in Paris."
SO_FAR = "Here is what I"
PARIS = {"city": "Paris"}

AGENT = """\
invoke_agent weather
  model
    chat gpt-5-mini
  tools
    execute_tool get_weather
  model
    chat gpt-5-mini"""


class Open(SpanProcessor):
    """The spans that are open, and how many of a name have ended; to be waited for."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._spans: set[int] = set()
        self._ended: Counter[str] = Counter()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        with self._change:
            self._spans.add(id_of(span))

    def on_end(self, span: ReadableSpan) -> None:
        with self._change:
            self._spans.discard(id_of(span))
            self._ended[span.name] += 1
            self._change.notify_all()

    def wait_for_none(self, seconds: float = PATIENCE) -> bool:
        """Wait until every span has ended."""
        with self._change:
            return self._change.wait_for(lambda: not self._spans, seconds)

    def wait_for_ended(self, name: str, count: int) -> None:
        """Wait until so many spans with this name have ended."""
        with self._change:
            assert self._change.wait_for(lambda: self._ended[name] >= count, PATIENCE)


class Served:
    """The application, its model server, and what became of its requests."""

    def __init__(self, url: str, tracing: Tracing, model_server: Holding) -> None:
        self.url = url
        self.tracing = tracing
        self.model_server = model_server
        self.open = Open()
        tracing.tracer_provider.add_span_processor(self.open)

    def settle(self) -> None:
        """Wait for every span to end."""
        assert self.open.wait_for_none(), f"of all spans only these ended: {self.tracing.names()}"

    def collect(self) -> None:
        """Collect garbage until every span has ended."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            gc.collect()
            if self.open.wait_for_none(0.05):
                return
        self.settle()

    def read(self, way: str) -> str:
        """Read an answer to its end."""
        self.model_server.go_on.set()
        response = httpx.get(f"{self.url}/stream/{way}", params=PARIS, timeout=PATIENCE)
        self.settle()
        return "".join(texts_of(iter(response.text.splitlines())))

    def hang_up(self, way: str, after: int = 4) -> str:
        """Hang up after some texts, while the model waits in the middle of its answer."""
        url = f"{self.url}/stream/{way}"
        with httpx.stream("GET", url, params=PARIS, timeout=PATIENCE) as response:
            texts = texts_of(response.iter_lines())
            return "".join(next(texts) for _ in range(after))


def texts_of(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line.startswith("data:"):
            yield json.loads(line.removeprefix("data:"))


@tool
def get_weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"sunny in {city}"


@contextmanager
def served_agent(tracing: Tracing) -> Iterator[Served]:
    with holding() as model_server:
        model = ChatOpenAI(
            model="gpt-5-mini",
            api_key="none",  # type: ignore[arg-type]
            base_url=model_server.base_url,
            max_retries=0,
            stream_usage=True,
        )
        agent = create_agent(model, [get_weather], name="weather")
        with serving(model, agent, tracing.tracer_provider) as url:
            yield Served(url, tracing, model_server)
            model_server.go_on.set()


def tree_of(tracing: Tracing) -> str:
    """The span trees, without the routing that an older `create_agent` reports as runs."""
    lines = tracing.tree().splitlines()
    return "\n".join(line for line in lines if not re.search(r"\w_to_\w", line))


def indented(tree: str) -> str:
    return "\n".join(f"  {line}" for line in tree.splitlines())


def the_answer(tracing: Tracing) -> dict[str, Any]:
    """The attributes of the last model call to start."""
    chats = [span for span in tracing.spans if span.name.startswith("chat")]
    return dict(max(chats, key=lambda span: span.start_time or 0).attributes or {})


def text_of(attributes: dict[str, Any]) -> str:
    """The text of the answer that a span carries."""
    (message,) = json.loads(attributes[semconv.GEN_AI_OUTPUT_MESSAGES])
    return str(message["parts"][0]["content"])


def outcomes(tracing: Tracing) -> dict[str, Any]:
    return {
        span.name: (span.attributes or {}).get(semconv.RUN_OUTCOME)
        for span in sorted(tracing.spans, key=lambda span: span.start_time or 0)
        if span.kind is not SpanKind.SERVER
    }


def trees(tracing: Tracing) -> set[str]:
    """The different trees among the traces."""
    roots = [line for line in ("\n" + tree_of(tracing)).split("\nGET") if line]
    return {f"GET{root}" for root in roots}
