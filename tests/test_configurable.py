"""What stands in `configurable` is no metadata: applications keep keys and addresses there."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import FakeListLLM
from langchain_core.runnables import ConfigurableField, RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict

from langchain_otel import OpenTelemetryCallbackHandler, semconv
from models import Model, Retriever
from recording import Tracing
from versions import classic

SECRETS: dict[str, Any] = {
    "openai_api_key": "sk-in-configurable",
    "authorization": "Bearer in-configurable",
    "db_url": "postgres://in-configurable",
    "model": "in-configurable-model",
    "assistant_id": "in-configurable-assistant",
    "graph_id": "in-configurable-graph",
    "run_id": "in-configurable-run",
    "task_id": "in-configurable-task",
    "number": 12345.678,
    "flag": True,
}


class State(TypedDict):
    text: str


@tool
def echo(text: str) -> str:
    """Give back a text."""
    return text


def graph() -> Any:
    builder = StateGraph(State)
    builder.add_node("answer", lambda state: {"text": str(Model().invoke(state["text"]).content)})
    builder.add_edge(START, "answer")
    return builder.compile(name="graph")


def chain() -> Any:
    return RunnableLambda(lambda text: text) | Model() | RunnableLambda(lambda message: message)


def metadata_of(tracing: Tracing) -> dict[str, Any]:
    """All metadata on any span, by key."""
    return {
        name.removeprefix(semconv.METADATA): value
        for span in tracing.spans
        for name, value in (span.attributes or {}).items()
        if name.startswith(semconv.METADATA)
    }


def consume(stream: Any) -> None:
    for _ in stream:
        pass


async def aconsume(stream: Any) -> None:
    async for _ in stream:
        pass


def configurable_model() -> Any:
    return Model().configurable_fields(words=ConfigurableField(id="words"))


def nested(config: Any) -> None:
    RunnableLambda(lambda text: chain().invoke(text, config)).invoke("hi")


def handed_on(config: Any) -> None:
    def body(text: str, config: Any) -> Any:
        return echo.invoke({"text": text}, config)

    RunnableLambda(body).invoke("hi", config)


def in_a_thread(config: Any) -> None:
    thread = threading.Thread(target=lambda: chain().invoke("hi", config))
    thread.start()
    thread.join()


def legacy_chain(config: Any) -> None:
    made = classic("chains").TransformChain(
        input_variables=["a"], output_variables=["b"], transform=lambda _: {"b": "b"}
    )
    made.invoke({"a": "a"}, config)


CALLS: dict[str, Callable[[Any], Any]] = {
    "invoke": lambda config: chain().invoke("hi", config),
    "lambda": lambda config: RunnableLambda(str).invoke("hi", config),
    "parallel": lambda config: RunnableParallel(a=str, b=Model()).invoke("hi", config),
    "ainvoke": lambda config: asyncio.run(chain().ainvoke("hi", config)),
    "stream": lambda config: consume(chain().stream("hi", config)),
    "astream": lambda config: asyncio.run(aconsume(chain().astream("hi", config))),
    "events": lambda config: asyncio.run(
        aconsume(chain().astream_events("hi", config, version="v2"))
    ),
    "batch": lambda config: chain().batch(["hi", "ho"], config),
    "batch with configurations": lambda config: chain().batch(["hi", "ho"], [config, {}]),
    "abatch": lambda config: asyncio.run(chain().abatch(["hi", "ho"], config)),
    "abatch with configurations": lambda config: asyncio.run(
        chain().abatch(["hi", "ho"], [config, {"tags": ["a"]}])
    ),
    "batch of a lambda": lambda config: RunnableLambda(str).batch(["hi", "ho"], [config, {}]),
    "model": lambda config: Model().invoke("hi", config),
    "amodel": lambda config: asyncio.run(Model().ainvoke("hi", config)),
    "model streamed": lambda config: consume(Model().stream("hi", config)),
    "completion": lambda config: FakeListLLM(responses=["a"]).invoke("hi", config),
    "completion batch": lambda config: FakeListLLM(responses=["a"]).batch(["hi", "ho"], config),
    "tool": lambda config: echo.invoke({"text": "hi"}, config),
    "atool": lambda config: asyncio.run(echo.ainvoke({"text": "hi"}, config)),
    "retriever": lambda config: Retriever().invoke("hi", config),
    "configurable fields": lambda config: configurable_model().invoke("hi", config),
    "with_config": lambda config: chain().with_config(config).invoke("hi"),
    "with_config of a model": lambda config: Model().with_config(config).invoke("hi"),
    "retry": lambda config: chain().with_retry().invoke("hi", config),
    "fallbacks": lambda config: chain().with_fallbacks([Model()]).invoke("hi", config),
    "graph": lambda config: graph().invoke({"text": "hi"}, config),
    "agraph": lambda config: asyncio.run(graph().ainvoke({"text": "hi"}, config)),
    "graph with_config": lambda config: graph().with_config(config).invoke({"text": "hi"}),
    "nested": nested,
    "handed on": handed_on,
    "thread": in_a_thread,
    "legacy chain": legacy_chain,
}


@pytest.mark.parametrize("call", CALLS)
def test_configurable_values_are_no_metadata(call: str, tracing: Tracing) -> None:
    """Whatever is called, and however: no span has them; the user's own metadata it has."""
    config = {"configurable": dict(SECRETS), "metadata": {"tenant": "acme"}}
    CALLS[call](config)
    assert tracing.spans
    assert metadata_of(tracing) == {"tenant": "acme"}
    attributes = str([dict(span.attributes or {}) for span in tracing.spans])
    assert "in-configurable" not in attributes
    assert "12345.678" not in attributes


@pytest.mark.parametrize("call", sorted(CALLS.keys() - {"batch with configurations"}))
def test_what_is_both_is_metadata(call: str, tracing: Tracing) -> None:
    """A key that the user gives as metadata, too, stays metadata, with its value or another."""
    same = {"tenant": "acme", "model": "gpt", "assistant_id": "a-1", "number": 5}
    config = {"configurable": {**same, "plan": "free"}, "metadata": {**same, "plan": "paid"}}
    CALLS[call](config)
    assert metadata_of(tracing) == {**same, "plan": "paid"}


IMPORTED_FIRST = """
import asyncio
import langchain_core.runnables.config as module
original = module.ensure_config
{before}
from langchain_otel import LangChainInstrumentor
from recording import Tracing, instrumented
from test_configurable import CALLS, metadata_of

tracing = Tracing()
with instrumented(tracing):
    import langchain_core.runnables
    langchain_core.runnables.ensure_config
    same = {{"tenant": "acme"}}
    CALLS["events"]({{"configurable": same, "metadata": dict(same)}})
print(metadata_of(tracing), langchain_core.runnables.ensure_config is original)
"""


@pytest.mark.parametrize("before", ["", "import langchain_core.tracers.event_stream"])
def test_what_was_imported_first_does_not_matter(before: str) -> None:
    """Nor is a function of ours left where LangChain keeps what it was asked for meanwhile."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED_FIRST.format(before=before)],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "{'tenant': 'acme'} True\n", done.stderr


def test_one_call_says_nothing_of_the_next(tracing: Tracing) -> None:
    """The same value may be configurable in one call, metadata in the next, and the other way."""
    step: Any = RunnableLambda(str)
    value = {"tenant": "acme"}
    for config, expected in (
        ({"configurable": value}, {}),
        ({"metadata": value}, value),
        ({"configurable": value}, {}),
        ({"configurable": value, "metadata": value}, value),
        ({"configurable": value}, {}),
        ({"tenant": "acme"}, {}),
    ):
        tracing.exporter.clear()
        step.invoke("hi", config)
        assert metadata_of(tracing) == expected, config


@pytest.mark.parametrize("call", ["graph", "agraph", "graph with_config", "invoke", "model"])
def test_one_configuration_for_many_calls(call: str, tracing: Tracing) -> None:
    """Some versions of LangGraph write what is configurable into the user's own metadata."""
    config: Any = {"configurable": dict(SECRETS), "metadata": {"tenant": "acme"}}
    for number in range(3):
        tracing.exporter.clear()
        config["configurable"]["number"] = number
        thread = threading.Thread(target=CALLS[call], args=(config,))
        thread.start()
        thread.join()
        assert metadata_of(tracing) == {"tenant": "acme"}


def test_many_values(tracing: Tracing) -> None:
    """However many different ones a process has seen, none of them is recorded."""
    configs: list[Any] = [{"configurable": {"key": f"in-configurable-{n}"}} for n in range(200)]
    step: Any = RunnableLambda(str)
    step.batch(list(range(200)), configs)
    asyncio.run(step.abatch(list(range(200)), configs))
    assert metadata_of(tracing) == {}
    step.invoke("hi", {"configurable": {"key": "in-configurable-1"}, "metadata": {"key": "mine"}})
    assert metadata_of(tracing) == {"key": "mine"}


def test_handler_of_one_object_alone() -> None:
    """A handler in a constructor sees a run of a chain that it does not trace."""
    tracing = Tracing()
    handler = OpenTelemetryCallbackHandler(tracer_provider=tracing.tracer_provider)
    model = Model(callbacks=[handler])
    config: Any = {"configurable": dict(SECRETS), "metadata": {"tenant": "acme"}}
    (RunnableLambda(str) | model).invoke("hi", config)
    assert tracing.names() == ["chat"]
    assert metadata_of(tracing) == {"tenant": "acme"}


def test_identity_is_still_read(tracing: Tracing) -> None:
    """The conversation and the user are read from `configurable`."""
    Model().invoke("hi", {"configurable": {"thread_id": "t-1", "user_id": "ada", "key": "k"}})
    (span,) = tracing.spans
    attributes = span.attributes or {}
    assert attributes[semconv.GEN_AI_CONVERSATION_ID] == "t-1"
    assert attributes[semconv.USER_ID] == "ada"
    assert metadata_of(tracing) == {}
