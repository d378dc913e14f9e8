"""A legacy agent is an agent in every mode: streamed, iterated, and by its events."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from opentelemetry import context
from opentelemetry.trace import StatusCode

from langchain_otel import semconv
from langchain_otel.runs.outcome import CLOSED
from models import ScriptedModel, calls, says
from recording import Tracing, instrumented
from versions import classic


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def executor(**options: Any) -> Any:
    agents = classic("agents")
    prompt = ChatPromptTemplate.from_messages(
        [("human", "{input}"), ("placeholder", "{agent_scratchpad}")]
    )
    model = ScriptedModel(answers=[calls("add", a=1, b=2), says("3")])
    agent = agents.create_tool_calling_agent(model, [add], prompt)
    return agents.AgentExecutor(agent=agent, tools=[add], **options)


def invoke(it: Any) -> None:
    it.invoke({"input": "hi"})


def stream(it: Any) -> None:
    list(it.stream({"input": "hi"}))


def iterate(it: Any) -> None:
    before = context.get_current()
    for _ in it.iter({"input": "hi"}):
        assert context.get_current() is before


def astream(it: Any) -> None:
    async def consume() -> None:
        async for _ in it.astream({"input": "hi"}):
            pass

    asyncio.run(consume())


def aiterate(it: Any) -> None:
    async def consume() -> None:
        before = context.get_current()
        async for _ in it.iter({"input": "hi"}):
            assert context.get_current() is before

    asyncio.run(consume())


def astream_events(it: Any) -> None:
    async def consume() -> None:
        async for _ in it.astream_events({"input": "hi"}, version="v2"):
            pass

    asyncio.run(consume())


MODES = (stream, iterate, astream, aiterate, astream_events)


def agent_span(tracing: Tracing) -> Any:
    (span,) = (span for span in tracing.spans if span.name.startswith(semconv.INVOKE_AGENT))
    return span


def said_by(span: Any) -> dict[str, Any]:
    return {name: value for name, value in span.attributes.items() if name != semconv.RUN_ID}


@pytest.mark.parametrize("mode", MODES)
def test_streamed_it_is_the_agent_that_it_is_when_invoked(mode: Callable[[Any], None]) -> None:
    """The same span, with the same totals and the same tree, but for the step that streams."""
    invoked, streamed = Tracing(), Tracing()
    with instrumented(invoked):
        invoke(executor())
    with instrumented(streamed):
        mode(executor())
    one, other = agent_span(invoked), agent_span(streamed)
    assert other.name == one.name
    assert said_by(other) == said_by(one)
    assert other.attributes[semconv.GEN_AI_USAGE_INPUT_TOKENS] == 8
    assert other.attributes[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == 6
    assert other.parent is None
    tools = [span for span in streamed.spans if span.name == "execute_tool add"]
    assert [span.parent for span in tools] == [other.get_span_context()]


def test_its_stream_that_is_left_is_closed(tracing: Tracing) -> None:
    """And its context is the caller's."""
    before = context.get_current()
    chunks = executor().stream({"input": "hi"})
    next(chunks)
    assert context.get_current() is before
    chunks.close()
    assert (agent_span(tracing).attributes or {})[semconv.RUN_OUTCOME] == CLOSED


def test_its_stream_that_fails_is_an_error(tracing: Tracing) -> None:
    """As when it is invoked."""
    it = executor()

    def fail(_: Any) -> Any:
        raise ValueError("no")

    it.agent.runnable = RunnableLambda(fail)
    with pytest.raises(ValueError, match="no"):
        list(it.stream({"input": "hi"}))
    assert agent_span(tracing).status.status_code is StatusCode.ERROR


def test_in_a_chain_it_is_a_child(tracing: Tracing) -> None:
    """And what it does is its own."""
    chain = RunnableLambda(lambda x: x, name="first") | executor()
    list(chain.stream({"input": "hi"}, {"run_name": "outer"}))
    assert agent_span(tracing).parent == tracing.span("invoke_workflow outer").get_span_context()
