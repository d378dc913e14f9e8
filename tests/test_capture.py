"""Content on its way through an agent: history, redaction, switches, structure, the hook."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from langchain_otel import health, semconv
from models import Model
from openai_server import ModelServer, start_server
from recording import Tracing, instrumented
from servers.anthropic_server import start_server as start_anthropic_server
from versions import create_agent

SPAN_ONLY = {"capture_message_content": "SPAN_ONLY"}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with start_server() as server:
        yield server


@tool
def get_weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"sunny in {city}"


def agent(server: ModelServer) -> Any:
    options: dict[str, Any] = {"api_key": "none", "max_retries": 0}
    model = ChatOpenAI(model="gpt-5-mini", base_url=server.base_url, **options)
    return create_agent(model, [get_weather], name="weather-agent", system_prompt="Be brief.")


QUESTION: Any = {"messages": [HumanMessage("What is the weather in Paris?")]}


def chats(tracing: Tracing) -> list[dict[str, Any]]:
    return [dict(s.attributes or {}) for s in tracing.spans if s.name.startswith("chat")]


def messages(attributes: dict[str, Any], name: str = semconv.GEN_AI_INPUT_MESSAGES) -> list[Any]:
    found: list[Any] = json.loads(attributes[name])
    return found


def test_full_history_by_default(server: ModelServer) -> None:
    """Each call shows the whole conversation that it sent."""
    tracing = Tracing()
    with instrumented(tracing, **SPAN_ONLY):
        agent(server).invoke(QUESTION)
    assert [len(messages(chat)) for chat in chats(tracing)] == [2, 4]
    assert all(semconv.MESSAGES_OMITTED not in chat for chat in chats(tracing))


def test_new_history(server: ModelServer) -> None:
    """Only what no earlier call of the agent has shown, and how many were left out."""
    tracing = Tracing()
    with instrumented(tracing, history="new", **SPAN_ONLY):
        agent(server).invoke(QUESTION)
    first, second = chats(tracing)
    assert [message["role"] for message in messages(first)] == ["system", "user"]
    assert [message["role"] for message in messages(second)] == ["tool"]
    assert (first[semconv.MESSAGES_OMITTED], second[semconv.MESSAGES_OMITTED]) == (0, 3)
    answers = messages(second, semconv.GEN_AI_OUTPUT_MESSAGES)
    assert answers[0]["role"] == "assistant"


def test_redaction_reaches_every_channel(server: ModelServer) -> None:
    """Spans and log records, messages and tools: the callable sees every text first."""
    tracing = Tracing()
    with instrumented(
        tracing,
        capture_message_content="SPAN_AND_EVENT",
        redact=lambda text, _: text.replace("Paris", "[city]"),
    ):
        agent(server).invoke(QUESTION)
    sent = "".join(span.to_json() for span in tracing.spans)
    sent += "".join(record.to_json() for record in tracing.logs)
    assert "Paris" not in sent
    assert "[city]" in sent


def test_redaction_that_fails_leaves_out() -> None:
    """What the callable raises on is not recorded, the run goes on, a counter says so."""

    def fail(text: str, attribute: str) -> str:
        raise ValueError(text)

    tracing = Tracing()
    with instrumented(tracing, redact=fail, **SPAN_ONLY):
        assert Model().invoke("the secret").content == "one two three"
    assert "secret" not in tracing.spans[0].to_json()
    assert sum(health.failures.values()) > 0
    health.failures.clear()


@pytest.mark.parametrize(
    ("switch", "missing"),
    [
        ("capture_messages", {semconv.GEN_AI_INPUT_MESSAGES, semconv.GEN_AI_OUTPUT_MESSAGES}),
        ("capture_tools", {semconv.GEN_AI_TOOL_CALL_ARGUMENTS, semconv.GEN_AI_TOOL_DEFINITIONS}),
    ],
)
def test_switches(server: ModelServer, switch: str, missing: set[str]) -> None:
    """One kind of content is left out, the others are there."""
    tracing = Tracing()
    with instrumented(tracing, **{switch: False}, **SPAN_ONLY):
        agent(server).invoke(QUESTION)
    carried = {name for span in tracing.spans for name in span.attributes or {}}
    everything = {
        semconv.GEN_AI_INPUT_MESSAGES,
        semconv.GEN_AI_OUTPUT_MESSAGES,
        semconv.GEN_AI_TOOL_CALL_ARGUMENTS,
        semconv.GEN_AI_TOOL_DEFINITIONS,
    }
    assert carried & everything == everything - missing


def test_structured_messages(server: ModelServer) -> None:
    """By a setting messages on spans are structures, where the SDK takes them."""
    tracing = Tracing()
    with instrumented(tracing, structured_messages=True, **SPAN_ONLY):
        agent(server).invoke(QUESTION)
    found: Any = chats(tracing)[0][semconv.GEN_AI_INPUT_MESSAGES]
    assert found[1]["parts"][0]["content"] == "What is the weather in Paris?"


def test_state_is_recorded_when_asked_for() -> None:
    """Chain and graph state is off by default, and on by its switch."""
    from langchain_core.runnables import RunnableLambda

    tracing = Tracing()
    with instrumented(tracing, capture_state=True, **SPAN_ONLY):
        chain: Any = RunnableLambda(lambda state: {"out": state["in"]})
        chain.invoke({"in": 1})
    attributes = tracing.spans[0].attributes or {}
    assert attributes[semconv.STATE_INPUT] == '{"in":1}'
    assert attributes[semconv.STATE_OUTPUT] == '{"out":1}'


def test_completion_hook(server: ModelServer) -> None:
    """The hook is given everything, whatever else is recorded, sampled or not."""
    seen: list[dict[str, Any]] = []

    class Hook:
        def on_completion(self, **kwargs: Any) -> None:
            seen.append(kwargs)

    tracing = Tracing()
    with instrumented(tracing, completion_hook=Hook()):
        agent(server).invoke(QUESTION)
    assert len(seen) == 2
    assert seen[0]["inputs"][1].parts[0].content == "What is the weather in Paris?"
    assert seen[1]["outputs"][0].role == "assistant"
    assert seen[0]["tool_definitions"][0].name == "get_weather"
    assert "Paris" not in "".join(span.to_json() for span in tracing.spans)


def test_streamed_anthropic_answer_keeps_its_id(tracing: Tracing) -> None:
    """langchain-anthropic drops the id of a streamed answer; the span has it."""
    with start_anthropic_server() as server:
        options: dict[str, Any] = {"model_name": "claude-scripted-1", "api_key": "none"}
        list(ChatAnthropic(base_url=server.base_url, **options).stream("Hello"))
    response_id = chats(tracing)[0][semconv.GEN_AI_RESPONSE_ID]
    assert response_id.startswith("msg_")
