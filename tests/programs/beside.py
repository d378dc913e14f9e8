"""Runs models, chains and an agent with another tracer on, and prints what it saw, and what we saw.

    python beside.py NEIGHBOUR/{first,last} ...

With `last`, LangChain is instrumented by us after the neighbour, and the runs before that are its
own account of them; with `first` the neighbour comes after us, and its own account follows when we
are switched off again. Each case has a process of its own, forked when all is imported.
"""

import asyncio
import json
import logging
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langchain_anthropic import ChatAnthropic
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings
from opentelemetry import context, trace
from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor, HTTPXClientInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from langchain_otel import LangChainInstrumentor, health
from openai_server import start_server as start_openai
from programs.other_tracers import OTHERS, Neighbour
from servers.anthropic_server import start_server as start_anthropic

OURS = "langchain-otel"
HTTP = "opentelemetry.instrumentation.httpx"
TRACE = re.compile(r'Traceback \(most recent call last\)(?:\\.|[^"\\])*')
CHANGING = re.compile(
    r"0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{16,64}\b|(chatcmpl|cmpl|msg|call|toolu|req)"
    r"[-_]\w+|\d{4}-\d\d-\d\dT[\d:.+Z]+|\b\d{10}(\.\d+)?\b|\b\d+\.\d{3,}(e-\d+)?\b|127.0.0.1:\d+"
    r"|(\w{3}, \d\d \w{3} \d{4} )?\d\d:\d\d:\d\d GMT"
)

exporter = InMemorySpanExporter()
CLIENT: dict[str, Any] = {"api_key": "none", "max_retries": 0}

provider = TracerProvider(shutdown_on_exit=False)
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
reader = InMemoryMetricReader()
meter_provider = MeterProvider([reader], shutdown_on_exit=False)
tracer = provider.get_tracer("user")

problems: list[str] = []
runner = asyncio.Runner()


class Complaints(logging.Handler):
    """Keeps warnings of LangChain's callbacks and of OpenTelemetry's context."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(("langchain_core.callbacks", "opentelemetry.context", OURS)):
            problems.append(f"{record.name}: {record.getMessage()}")


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    with tracer.start_as_current_span("look out"):
        return f"sunny in {city}"


def chat(url: str, model: str = "gpt-4.1", **options: Any) -> ChatOpenAI:
    return ChatOpenAI(model=model, base_url=url, **CLIENT, **options)


def programs(openai_url: str, anthropic_url: str) -> dict[str, Callable[[Any], Any]]:
    model = chat(openai_url, stream_usage=True)
    completion = OpenAI(model="gpt-x", base_url=openai_url, **CLIENT)
    options = {**CLIENT, "model": "claude", "base_url": anthropic_url}
    claude = ChatAnthropic(**options)
    embeddings = OpenAIEmbeddings(base_url=openai_url, **CLIENT, check_embedding_ctx_length=False)
    chain = ChatPromptTemplate.from_template("Say {word}") | model
    agent: Any = create_agent(model, [weather], name="forecaster")
    question = {"messages": [("user", "What is the weather in Paris?")]}

    def own_call(_: Any) -> Any:
        # The user's own call of the client, beside LangChain's models.
        return model.root_client.chat.completions.create(
            model="gpt-own", messages=[{"role": "user", "content": "Hello"}]
        ).id

    return {
        "invoke": lambda config: model.invoke("Hello", config),
        "stream": lambda config: streamed(model, config),
        "ainvoke": lambda config: on_loop(model.ainvoke("Hello", config)),
        "astream": lambda config: on_loop(astreamed(model, config)),
        "completion": lambda config: completion.invoke("Hello", config),
        "anthropic": lambda config: claude.invoke("Hello", config),
        "anthropic stream": lambda config: streamed(claude, config),
        "embeddings": lambda _: embeddings.embed_query("Hello"),
        "failure": lambda config: fails(chat(openai_url, "fail-500"), config),
        "chain": lambda config: chain.invoke({"word": "hello"}, config),
        "own call": lambda config: RunnableLambda(own_call, name="mine").invoke("x", config),
        "tool": lambda config: weather.invoke({"city": "Rome"}, config),
        "agent": lambda config: agent.invoke(question, config),
        "async agent": lambda config: on_loop(agent.ainvoke(question, config)),
        "streamed agent": lambda config: list(agent.stream(question, config)),
    }


def on_loop(work: Any) -> Any:
    # One loop for all: clients that are kept hold connections of the loop that opened them.
    return runner.run(work, context=copy_context())


def fails(model: ChatOpenAI, config: Any) -> None:
    try:
        model.invoke("Hello", config)
    except Exception:
        return
    problems.append("no failure")


def streamed(model: Any, config: Any) -> None:
    for _ in model.stream("Hello", config):
        look("between chunks")


async def astreamed(model: Any, config: Any) -> None:
    async for _ in model.astream("Hello", config):
        look("between async chunks")


def look(where: str) -> None:
    span = trace.get_current_span()
    if span is not trace.INVALID_SPAN:
        problems.append(f"{where}: {getattr(span, 'name', span)} is current")


def finished() -> list[Any]:
    return list(exporter.get_finished_spans())


def spans_of(neighbour: Neighbour) -> list[Any]:
    return [span for span in finished() if neighbour.made(span.instrumentation_scope.name)]


def plain(value: Any) -> str:
    """A value as text; of stack traces, which lead through us, only that there is one."""
    text = TRACE.sub("<trace>", json.dumps(value, default=str, sort_keys=True))
    return CHANGING.sub("<x>", text)


def account(neighbour: Neighbour) -> list[str]:
    """The neighbour's own spans, each under its own: what differs from run to run left out."""
    own = {span.context.span_id for span in spans_of(neighbour)}
    every = {span.context.span_id: span for span in finished()}

    def nearest(span: Any) -> Any:
        parent = span.parent
        while parent is not None and parent.span_id not in own:
            known = every.get(parent.span_id)
            parent = None if known is None else known.parent
        return None if parent is None else every[parent.span_id].name

    return sorted(
        plain([span.name, nearest(span), span.kind.name, span.status.status_code.name,
               dict(span.attributes), [(e.name, dict(e.attributes)) for e in span.events]])
        for span in spans_of(neighbour)
    )  # fmt: skip


def tree(parent: int | None = None, depth: int = 0) -> list[str]:
    """All spans, whoever made them, siblings by start."""
    spans = finished()
    known = {span.context.span_id for span in spans}
    lines = []
    for span in sorted(spans, key=lambda span: span.start_time):
        above = span.parent.span_id if span.parent and span.parent.span_id in known else None
        if above == parent:
            scope = span.instrumentation_scope.name.removeprefix("opentelemetry.instrumentation.")
            lines.append(f"{'  ' * depth}{span.name} <{scope}>")
            lines += tree(span.context.span_id, depth + 1)
    return lines


def attributes_of_models() -> list[dict[str, Any]]:
    return [
        dict(span.attributes)
        for span in finished()
        if span.instrumentation_scope.name == "langchain_otel"
        and span.attributes.get("gen_ai.operation.name") in {"chat", "embeddings"}
    ]


def metric_names(scope_of: Callable[[str], bool]) -> list[str]:
    data = reader.get_metrics_data()
    scopes = [] if data is None else data.resource_metrics[0].scope_metrics
    return sorted({m.name for s in scopes if scope_of(s.scope.name) for m in s.metrics})


def run(neighbour: Neighbour, openai_url: str, anthropic_url: str) -> dict[str, Any]:
    """Every program once: the neighbour's account of it, all spans, and what was wrong."""
    seen = {}
    for name, program in programs(openai_url, anthropic_url).items():
        exporter.clear()
        neighbour.forget()
        token = context.attach(context.Context())
        program({"callbacks": neighbour.handlers()})
        look(f"after {name}")
        context.detach(token)
        seen[name] = {
            "account": [*account(neighbour), *map(plain, neighbour.account())],
            "tree": tree(),
            "models": attributes_of_models(),
        }
    found, problems[:] = list(problems), []
    return {"programs": seen, "problems": found}


def beside(case: str) -> dict[str, Any]:
    """What the neighbour saw without us and beside us, what we logged, whose metrics there are."""
    name, order = case.split("/")
    neighbour = OTHERS[name](provider, meter_provider)
    log = listen()
    ours = LangChainInstrumentor()
    with start_openai() as openai, start_anthropic() as anthropic:
        urls = (openai.base_url, anthropic.base_url)
        if order == "last":
            neighbour.start()
            without = run(neighbour, *urls)
            ours.instrument(tracer_provider=provider, meter_provider=meter_provider)
            found = run(neighbour, *urls)
        else:
            ours.instrument(tracer_provider=provider, meter_provider=meter_provider)
            neighbour.start()
            found = run(neighbour, *urls)
            ours.uninstrument()
            without = run(neighbour, *urls)
    return {
        "without": without,
        "beside": found,
        "log": log,
        "our metrics": metric_names(lambda scope: scope == "langchain_otel"),
        "their metrics": metric_names(neighbour.made),
    }


def listen() -> list[tuple[str, str]]:
    """Our log lines with their levels, as they come; complaints become problems."""
    logging.getLogger().addHandler(Complaints())
    health.strict = True
    lines: list[tuple[str, str]] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append((record.levelname, record.getMessage()))  # type: ignore[method-assign]
    logger = logging.getLogger("langchain_otel")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    HTTPXClientInstrumentor().instrument(tracer_provider=provider)
    HTTPX2ClientInstrumentor().instrument(tracer_provider=provider)
    return lines


def forked(case: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "answer")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                answer.write_text(json.dumps(beside(case)))
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                # Exporters of the neighbours would wait for servers that are gone.
                os._exit(code)
        _, status = os.waitpid(child, 0)
        if status:
            sys.exit(f"{case} failed")
        return dict(json.loads(answer.read_text()))


if __name__ == "__main__":
    json.dump({case: forked(case) for case in sys.argv[1:]}, sys.stdout)
