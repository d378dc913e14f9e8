"""A handler and the instrumentor with one tracer provider: whoever records a run, it is one tree.

LangChain keeps no order of handlers where it merges callback managers. So the one may record a run,
and the other what is inside; here they take turns.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import tool

from langchain_otel import OpenTelemetryCallbackHandler, semconv
from models import Model, ScriptedModel, counted
from recording import Tracing

WISH = AIMessage(
    "let me see",
    tool_calls=[{"name": "ask", "args": {"word": "hi"}, "id": "1"}],
    usage_metadata=counted(5, 3),
)
DONE = AIMessage("done", usage_metadata=counted(9, 1))


def turned(config: RunnableConfig) -> Any:
    """The configuration of what runs inside, with the handlers in the other order."""
    manager: Any = config["callbacks"]
    inside = manager.copy()
    inside.handlers = manager.handlers[::-1]
    inside.inheritable_handlers = manager.inheritable_handlers[::-1]
    return {"callbacks": inside}


@pytest.fixture
def config(tracing: Tracing) -> Any:
    """What has the handler beside the instrumentor."""
    handler = OpenTelemetryCallbackHandler(tracer_provider=tracing.tracer_provider)
    return {"callbacks": [handler]}


def in_thread(given: Any, config: RunnableConfig) -> Any:
    """Call a model where only the configuration says what is around."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(Model().invoke, given, turned(config)).result()


async def in_executor(given: Any, config: RunnableConfig) -> Any:
    """The same in asynchronous code."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, Model().invoke, given, turned(config))


async def test_a_run_in_a_thread_stays_in_the_trace(tracing: Tracing, config: Any) -> None:
    """Nothing is current in the thread: the parent is found, whoever has recorded it."""
    outer = RunnableLambda(in_thread, in_executor, name="outer")
    outer.invoke("hi", config)
    await outer.ainvoke("hi", config)
    assert tracing.tree().splitlines() == ["invoke_workflow outer", "  chat"] * 2


def test_an_agent_counts_what_the_other_one_has_recorded(tracing: Tracing, config: Any) -> None:
    """The tokens of an agent inside a tool are the outer agent's, too, whoever tells of them."""
    inner: Any = create_agent(ScriptedModel(answers=[DONE]), [], name="inner")

    @tool
    def ask(word: str, config: RunnableConfig) -> str:
        """Ask the other agent."""
        return str(inner.invoke({"messages": [("human", word)]}, turned(config)))

    outer: Any = create_agent(ScriptedModel(answers=[WISH, DONE]), [ask], name="outer")
    outer.invoke({"messages": [("human", "hi")]}, config)
    attributes = tracing.span("invoke_agent outer").attributes or {}
    assert attributes[semconv.GEN_AI_USAGE_INPUT_TOKENS] == 5 + 9 + 9
    assert attributes[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == 3 + 1 + 1
