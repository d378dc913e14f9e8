"""Runs small programs under one package, as its argument says, and prints what each recorded.

    python migrating.py langchain-otel|OpenInference|Traceloop|official|LangSmith [PROGRAM ...]

A line of JSON for each program, with its spans in the order in which they began; then one with the
names of the metrics. What a package needs beside this is in its environment's variables.
"""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))

from langchain.agents import create_agent
from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings
from langgraph.graph import START, StateGraph
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import (
    InMemorySpanExporter,
)
from typing_extensions import TypedDict

from openai_server import ModelServer, start_server

CONFIG: Any = {
    "metadata": {"thread_id": "booking-7", "colour": "red"},
    "configurable": {"thread_id": "booking-7"},
    "tags": ["blue"],
}
PROMPT: Final = ChatPromptTemplate.from_messages(
    [("system", "You are {tone}."), ("human", "{question}")]
)
QUESTION: Final = {"tone": "kind", "question": "Why is the sky blue?"}


@tool
def get_weather(city: str) -> str:
    """Looks the weather of a city up."""
    return f"It is sunny in {city}."


@tool
def broken_weather(city: str) -> str:
    """Looks the weather of a city up, in vain."""
    raise ConnectionError(f"no weather for {city}")


class State(TypedDict):
    """The state of the graph."""

    text: str


class Programs:
    """The programs, which ask one server."""

    def __init__(self, server: ModelServer) -> None:
        self._place: dict[str, Any] = {"base_url": server.base_url, "api_key": "none"}

    def _model(self, model: str = "gpt-4.1-mini", **options: Any) -> ChatOpenAI:
        return ChatOpenAI(model=model, max_retries=0, **self._place, **options)

    def chain(self) -> None:
        """A prompt, a model with every parameter that is common, a parser."""
        model = self._model(
            temperature=0.5,
            top_p=0.9,
            max_tokens=200,
            frequency_penalty=0.1,
            presence_penalty=0.2,
            seed=7,
            stop=["END"],
        )
        chain = PROMPT | model | StrOutputParser()
        chain.with_config(run_name="answer").invoke(QUESTION, CONFIG)

    def stream(self) -> None:
        """The same, streamed."""
        chain = PROMPT | self._model(stream_usage=True) | StrOutputParser()
        list(chain.with_config(run_name="answer").stream(QUESTION, CONFIG))

    def completion(self) -> None:
        """A model that completes a text."""
        model = OpenAI(model="gpt-3.5-turbo-instruct", temperature=0.5, **self._place)
        model.invoke("Once upon a time", CONFIG)

    def agent(self) -> None:
        """An agent that calls its tool."""
        agent: Any = create_agent(
            self._model(),
            tools=[get_weather],
            system_prompt="You know the weather.",
            name="travel-agent",
        )
        question = "What is the weather in Lisbon?"
        agent.invoke({"messages": [{"role": "user", "content": question}]}, CONFIG)

    def retriever(self) -> None:
        """A retriever that embeds a question and searches a vector store."""
        embeddings = OpenAIEmbeddings(
            model="text-embedding-3-small", check_embedding_ctx_length=False, **self._place
        )
        store = InMemoryVectorStore(embeddings)
        store.add_documents([Document("About dogs.", id="dogs", metadata={"page": 3})])
        store.as_retriever(search_kwargs={"k": 1}).invoke("dogs", CONFIG)

    def graph(self) -> None:
        """A graph of one node that asks a model."""
        model = self._model()
        graph = StateGraph(State)
        graph.add_node("write", lambda state: {"text": model.invoke(state["text"]).text})
        graph.add_edge(START, "write")
        graph.compile(name="newsroom").invoke({"text": "What is new?"}, CONFIG)

    def failing_model(self) -> None:
        """A model whose provider refuses the call."""
        with suppress(Exception):
            (PROMPT | self._model("fail-429")).with_config(run_name="answer").invoke(
                QUESTION, CONFIG
            )

    def failing_tool(self) -> None:
        """A tool that raises."""
        with suppress(ConnectionError):
            broken_weather.invoke({"city": "Lisbon"}, CONFIG)


PROGRAMS: Final = tuple(name for name in vars(Programs) if not name.startswith("_"))


def switch_on(package: str, options: dict[str, Any]) -> Callable[[], None]:
    """Begin to record with a package; how to wait until it has recorded."""
    if package == "LangSmith":
        # Switched on by its variables alone.
        from langchain_core.tracers.langchain import get_client, wait_for_all_tracers

        client = get_client()

        def wait() -> None:
            wait_for_all_tracers()
            client.flush()

        return wait
    module, instrumentor = {
        "langchain-otel": ("langchain_otel", "LangChainInstrumentor"),
        "OpenInference": ("openinference.instrumentation.langchain", "LangChainInstrumentor"),
        "Traceloop": ("opentelemetry.instrumentation.langchain", "LangchainInstrumentor"),
        "official": ("opentelemetry.instrumentation.genai.langchain", "LangChainInstrumentor"),
    }[package]
    getattr(import_module(module), instrumentor)().instrument(**options)
    return lambda: None


def said(span: ReadableSpan) -> dict[str, Any]:
    """What a span says, as JSON can."""
    assert span.context is not None
    return {
        "id": span.context.span_id,
        "parent": span.parent and span.parent.span_id,
        "start": span.start_time,
        "name": span.name,
        "kind": span.kind.name,
        "status": span.status.status_code.name,
        "attributes": dict(span.attributes or {}),
        "events": {event.name: dict(event.attributes or {}) for event in span.events},
    }


def metrics_of(reader: InMemoryMetricReader) -> dict[str, dict[str, Any]]:
    """The metrics by their names, with their units and the names of their attributes."""
    data = reader.get_metrics_data()
    every = [
        metric
        for resource in (data.resource_metrics if data else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
    ]
    return {
        metric.name: {
            "unit": metric.unit,
            "attributes": sorted(
                {key for point in metric.data.data_points for key in point.attributes or ()}
            ),
        }
        for metric in every
    }


def main(package: str, *chosen: str) -> None:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers, meters = TracerProvider(), MeterProvider([reader])
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(meters)
    wait = switch_on(package, {"tracer_provider": tracers, "meter_provider": meters})
    with start_server() as server:
        programs = Programs(server)
        for name in chosen or PROGRAMS:
            getattr(programs, name)()
            wait()
            spans = sorted(exporter.get_finished_spans(), key=lambda span: span.start_time or 0)
            print(json.dumps([name, [said(span) for span in spans]]))
            exporter.clear()
    print(json.dumps(["metrics", metrics_of(reader)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
