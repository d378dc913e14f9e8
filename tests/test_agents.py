"""What an agent's span says of its whole invocation, with other agents inside it too."""

from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from opentelemetry.sdk.trace import ReadableSpan

from langchain_otel import semconv
from openai_server import ModelServer, start_server
from recording import Tracing
from versions import create_agent


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with start_server() as server:
        yield server


@tool
def get_weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"sunny in {city}"


def model(server: ModelServer, name: str = "gpt-5-mini") -> ChatOpenAI:
    options: dict[str, Any] = {"api_key": "none", "max_retries": 0}
    return ChatOpenAI(model=name, base_url=server.base_url, **options)


def question(text: str) -> Any:
    return {"messages": [HumanMessage(text)]}


def total(spans: list[ReadableSpan], attribute: str) -> int:
    values = [(span.attributes or {})[attribute] for span in spans]
    return sum(value for value in values if isinstance(value, int))


def chats(tracing: Tracing) -> list[ReadableSpan]:
    return [span for span in tracing.spans if span.name.startswith("chat ")]


def test_agent_sums_up(tracing: Tracing, server: ModelServer) -> None:
    """Tokens summed, the last answer's finish reasons, the model since there is only one."""
    agent = create_agent(model(server), [get_weather], name="weather-agent")
    agent.invoke(question("What is the weather in Paris?"))
    attributes = tracing.span("invoke_agent weather-agent").attributes or {}
    assert len(chats(tracing)) == 2
    for usage in (semconv.GEN_AI_USAGE_INPUT_TOKENS, semconv.GEN_AI_USAGE_OUTPUT_TOKENS):
        assert attributes[usage] == total(chats(tracing), usage)
    assert attributes[semconv.GEN_AI_RESPONSE_FINISH_REASONS] == ("stop",)
    assert attributes[semconv.GEN_AI_REQUEST_MODEL] == "gpt-5-mini"
    allowed = {
        semconv.GEN_AI_OPERATION_NAME,
        semconv.GEN_AI_AGENT_NAME,
        semconv.GEN_AI_USAGE_INPUT_TOKENS,
        semconv.GEN_AI_USAGE_OUTPUT_TOKENS,
        semconv.GEN_AI_RESPONSE_FINISH_REASONS,
        semconv.GEN_AI_REQUEST_MODEL,
        semconv.RUN_ID,
    }
    assert set(attributes) == allowed


def nested(server: ModelServer) -> Any:
    inner = create_agent(model(server, "gpt-5-nano"), [get_weather], name="weather-agent")

    @tool
    def ask_weather_agent(city: str) -> str:
        """Ask the weather agent about the weather in a city."""
        answer = inner.invoke(question(f"What is the weather in {city}?"))
        return str(answer["messages"][-1].content)

    return create_agent(model(server), [ask_weather_agent], name="travel-agent")


def test_agent_in_an_agent(tracing: Tracing, server: ModelServer) -> None:
    """The inner agent nests under the tool; each names what it does; tokens go up to the outer."""
    nested(server).invoke(question("Ask for the weather in Paris"))
    inner = tracing.span("invoke_agent weather-agent")
    outer = tracing.span("invoke_agent travel-agent")
    outer_tool = tracing.span("execute_tool ask_weather_agent")
    inner_tool = tracing.span("execute_tool get_weather")
    assert inner.parent == outer_tool.context
    assert (outer_tool.attributes or {})[semconv.GEN_AI_AGENT_NAME] == "travel-agent"
    assert (inner_tool.attributes or {})[semconv.GEN_AI_AGENT_NAME] == "weather-agent"
    of_inner = [span for span in chats(tracing) if span.name == "chat gpt-5-nano"]
    usage = semconv.GEN_AI_USAGE_INPUT_TOKENS
    assert (inner.attributes or {})[usage] == total(of_inner, usage)
    assert (outer.attributes or {})[usage] == total(chats(tracing), usage)
    assert (inner.attributes or {})[semconv.GEN_AI_REQUEST_MODEL] == "gpt-5-nano"
    assert (outer.attributes or {})[semconv.GEN_AI_REQUEST_MODEL] == "gpt-5-mini"


def test_agent_metrics_count_own_calls(tracing: Tracing, server: ModelServer) -> None:
    """Each agent's calls are its own: two model calls and one tool call for either."""
    nested(server).invoke(question("Ask for the weather in Paris"))
    for name, expected in (
        (semconv.METRIC_AGENT_INFERENCE_CALLS, 2),
        (semconv.METRIC_AGENT_TOOL_CALLS, 1),
    ):
        points = tracing.points(name)
        agents = {point.attributes[semconv.GEN_AI_AGENT_NAME]: point.sum for point in points}
        assert agents == {"travel-agent": expected, "weather-agent": expected}


def test_agent_content(tracing_with_content: Tracing, server: ModelServer) -> None:
    """With content on: instructions, tools, the question and the answer."""
    agent = create_agent(
        model(server), [get_weather], name="weather-agent", system_prompt="Be brief."
    )
    agent.invoke(question("What is the weather in Paris?"))
    attributes = tracing_with_content.span("invoke_agent weather-agent").attributes or {}
    assert attributes[semconv.GEN_AI_SYSTEM_INSTRUCTIONS] == (
        '[{"type":"text","content":"Be brief."}]'
    )
    assert "What is the weather" in str(attributes[semconv.GEN_AI_INPUT_MESSAGES])
    answer = str(attributes[semconv.GEN_AI_OUTPUT_MESSAGES])
    assert "sunny" in answer
    assert "What is the weather" not in answer
    assert '"name":"get_weather"' in str(attributes[semconv.GEN_AI_TOOL_DEFINITIONS])
