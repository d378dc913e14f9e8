"""Runs small programs under our instrumentation or under OpenInference's own, as its argument says.

    python in_phoenix.py theirs|gen_ai|openinference|both [OTLP endpoint]

Without an endpoint the spans of each program are printed as a line of JSON; with one they are sent
there, to the Phoenix project that the variable PROJECT names.
"""

import json
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "examples"), str(ROOT / "tests")]

from langchain_core.documents import Document  # noqa: E402
from langchain_core.embeddings import DeterministicFakeEmbedding  # noqa: E402
from langchain_core.output_parsers import StrOutputParser  # noqa: E402
from langchain_core.prompts import ChatPromptTemplate  # noqa: E402
from langchain_core.runnables import Runnable, RunnablePassthrough  # noqa: E402
from langchain_core.vectorstores import InMemoryVectorStore  # noqa: E402
from langchain_openai import ChatOpenAI  # noqa: E402
from langgraph.graph import START, StateGraph  # noqa: E402
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: E402
from opentelemetry.sdk.resources import Resource  # noqa: E402
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # noqa: E402
    InMemorySpanExporter,
)
from pydantic import SecretStr  # noqa: E402
from typing_extensions import TypedDict  # noqa: E402

import agent as travel_agent  # noqa: E402
from models import Model, Retriever, StreamingModel  # noqa: E402
from openai_server import start_server  # noqa: E402
from recording import id_of  # noqa: E402

PROJECT = os.environ.get("PROJECT", "project")
# A session is one for all of Phoenix.
SESSION = f"session of {PROJECT}"
CONFIG: Any = {"metadata": {"session_id": SESSION, "colour": "red"}, "tags": ["blue"]}
QUESTION = {"tone": "kind", "question": "why?"}
PROMPT = ChatPromptTemplate.from_messages([("system", "Be {tone}."), ("human", "{question}")])


class State(TypedDict):
    """The state of the graphs."""

    text: str


def chain() -> None:
    (PROMPT | StreamingModel() | StrOutputParser()).invoke(QUESTION, CONFIG)


def stream() -> None:
    list((PROMPT | StreamingModel() | StrOutputParser()).stream(QUESTION, CONFIG))


def agent() -> None:
    with redirect_stdout(sys.stderr):
        travel_agent.main()


def parameters() -> None:
    with start_server() as server:
        key = SecretStr("none")
        model = ChatOpenAI(model="gpt-4.1", temperature=0.5, base_url=server.base_url, api_key=key)
        model.invoke("Say hello.", stop=["."])


def retriever_chain() -> None:
    found: Runnable[Any, Any] = RunnablePassthrough.assign(documents=lambda _: "") | PROMPT
    asked: Runnable[Any, Any] = RunnablePassthrough() | Retriever() | (lambda _: QUESTION)
    (asked | found | Model()).invoke("cats")


def embeddings() -> None:
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=4))
    store.add_documents([Document("about dogs", id="dogs", metadata={"page": 3})])
    store.as_retriever(search_kwargs={"k": 1}).invoke("dogs")


def graph() -> None:
    inner = StateGraph(State)
    inner.add_node("answer", lambda state: {"text": Model().invoke(state["text"]).text})
    inner.add_edge(START, "answer")
    outer = StateGraph(State)
    outer.add_node("inner", inner.compile(name="inner"))
    outer.add_edge(START, "inner")
    outer.compile(name="outer").invoke({"text": "why?"}, {"metadata": {"thread_id": "thread-1"}})


def error() -> None:
    with suppress(ValueError):
        (PROMPT | Model(fails=ValueError("out of order"))).invoke(QUESTION)


PROGRAMS: dict[str, Callable[[], None]] = {
    program.__name__: program
    for program in (chain, stream, agent, parameters, retriever_chain, embeddings, graph, error)
}


def instrument(which: str, provider: TracerProvider) -> None:
    if which == "theirs":
        theirs = import_module("openinference.instrumentation.langchain")
        theirs.LangChainInstrumentor().instrument(tracer_provider=provider)
    else:
        from langchain_otel import LangChainInstrumentor

        LangChainInstrumentor().instrument(
            tracer_provider=provider,
            dialect=cast("Any", which),
            capture_message_content=cast("Any", os.environ.get("CONTENT", "SPAN_ONLY")),
            capture_state=os.environ.get("STATE") == "true",
        )


def told(span: ReadableSpan) -> dict[str, Any]:
    """What a span says, as JSON can."""
    return {
        "id": id_of(span),
        "parent": span.parent and span.parent.span_id,
        "start": span.start_time,
        "name": span.name,
        "status": span.status.status_code.name,
        "attributes": dict(span.attributes or {}),
        "events": {event.name: dict(event.attributes or {}) for event in span.events},
    }


def main(which: str, endpoint: str | None = None) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"openinference.project.name": PROJECT}))
    if endpoint is None:
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    else:
        provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint)))
    instrument(which, provider)
    for name, program in PROGRAMS.items():
        program()
        if endpoint is None:
            print(json.dumps([name, [told(span) for span in exporter.get_finished_spans()]]))
            exporter.clear()
    provider.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
