"""The ways in, one at a time: each gives the same tree, and two at once give no span twice.

    python examples/callbacks.py instrumentor   # LangChainInstrumentor().instrument()
    python examples/callbacks.py handler        # a handler in config={"callbacks": [...]}
    python examples/callbacks.py constructor    # a handler in the constructors' callbacks=
    python examples/callbacks.py both           # the first two together
    langchain-otel run examples/callbacks.py nothing  # no code at all: a command

Two handlers of the application's own, one sync and one async, go along in every case: they get
their tokens and events whether LangChain is traced or not.
"""

import argparse
import asyncio
from collections import Counter
from typing import Any

from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.outputs import LLMResult
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool
from langchain_openai import ChatOpenAI
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from pydantic import SecretStr

from langchain_otel import LangChainInstrumentor, OpenTelemetryCallbackHandler
from langchain_otel.exporters.tree import TreeSpanExporter
from openai_server import start_server

WAYS = ("nothing", "instrumentor", "handler", "constructor", "both")


class TokenPrinter(BaseCallbackHandler):
    """The application's sync handler: prints each token as it comes."""

    def on_llm_new_token(self, token: str | list[str | dict[str, Any]], **_: Any) -> None:
        print(token, end="", flush=True)

    def on_llm_end(self, response: LLMResult, **_: Any) -> None:
        print()


class EventCounter(AsyncCallbackHandler):
    """The application's async handler: counts what it is told."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    async def on_tool_start(self, *_: Any, **__: Any) -> None:
        self.seen["tool began"] += 1

    async def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[BaseMessage]], **_: Any
    ) -> None:
        self.seen["messages sent"] += sum(map(len, messages))

    async def on_llm_new_token(self, token: str | list[str | dict[str, Any]], **_: Any) -> None:
        """Count a token, but not the empty one that says how the answer ended."""
        self.seen["tokens"] += bool(token)

    async def on_llm_end(self, response: LLMResult, **_: Any) -> None:
        self.seen["model answered"] += 1


def guide(base_url: str, callbacks: list[BaseCallbackHandler]) -> BaseTool:
    """A tool whose model streams its answer; both are constructed with these callbacks."""
    model = ChatOpenAI(
        model="gpt-5-mini",
        base_url=base_url,
        api_key=SecretStr("none"),
        streaming=True,
        stream_usage=True,
        callbacks=callbacks,
    )

    async def describe_city(city: str, config: RunnableConfig) -> str:
        """Describe a city in a few words."""
        question = HumanMessage(f"Describe {city} in a few words.")
        result = await model.agenerate([[question]], callbacks=config.get("callbacks"))
        return result.generations[0][0].text

    return StructuredTool.from_function(coroutine=describe_city, callbacks=callbacks)


def traced(way: str) -> tuple[list[BaseCallbackHandler], list[BaseCallbackHandler]]:
    """Switch tracing on in this way: the callbacks for constructors, and for `config`."""
    if way == "nothing":
        return [], []
    tracer_provider, meter_provider = TracerProvider(), MeterProvider()
    tracer_provider.add_span_processor(SimpleSpanProcessor(TreeSpanExporter()))
    if way in ("instrumentor", "both"):
        LangChainInstrumentor().instrument(
            tracer_provider=tracer_provider,
            meter_provider=meter_provider,
            logger_provider=LoggerProvider(),
        )
    # Without arguments it would take the global providers.
    handler = OpenTelemetryCallbackHandler(tracer_provider, meter_provider)
    return [handler] * (way == "constructor"), [handler] * (way in ("handler", "both"))


async def main(way: str) -> None:
    """Run the application once; its own handlers are the same whatever the way."""
    constructed, configured = traced(way)
    counter = EventCounter()
    with start_server() as server:
        await guide(server.base_url, constructed).ainvoke(
            {"city": "Lisbon"}, {"callbacks": [TokenPrinter(), counter, *configured]}
        )
    print(", ".join(f"{count} {event}" for event, count in counter.seen.items()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Ways to trace a LangChain application.")
    parser.add_argument("way", choices=WAYS)
    asyncio.run(main(parser.parse_args().way))
