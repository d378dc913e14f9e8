"""The real Anthropic client against a server on loopback: addresses, tokens, thoughts, streams."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anthropic import APIStatusError, RateLimitError
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import tool
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from langchain_otel import semconv
from langchain_otel.operations.cache_lifetimes import asked_lifetimes
from langchain_otel.runs.reported import Started
from priced import costs_of, price_file
from recording import Tracing, instrumented
from servers.anthropic_server import ModelServer, start_server
from versions import create_agent, has, without_edges

pytestmark = pytest.mark.usefixtures("wrapped_once")

# Of no real model: those are deprecated one after the other, with a warning.
MODEL = "claude-scripted-1"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with start_server() as server:
        yield server


def chat_model(server: ModelServer, **options: Any) -> Any:
    options = {"model_name": MODEL, "api_key": "none", "max_retries": 0, **options}
    return ChatAnthropic(base_url=server.base_url, **options)


def chat_spans(tracing: Tracing) -> list[ReadableSpan]:
    return [span for span in tracing.spans if span.name.startswith("chat ")]


def chat_attributes(tracing: Tracing) -> dict[str, Any]:
    (attributes,) = all_attributes(tracing)
    return attributes


def all_attributes(tracing: Tracing) -> list[dict[str, Any]]:
    return [dict(span.attributes or {}) for span in chat_spans(tracing)]


async def call(model: Any, form: str, messages: Any) -> Any:
    """The answer, however it is asked for."""
    if form == "invoke":
        return model.invoke(messages)
    if form == "ainvoke":
        return await model.ainvoke(messages)
    if form == "stream":
        chunks = list(model.stream(messages))
    else:
        chunks = [chunk async for chunk in model.astream(messages)]
    answer = chunks[0]
    for chunk in chunks[1:]:
        answer += chunk
    return answer


FORMS = ("invoke", "ainvoke", "stream", "astream")


def test_span_carries_request_and_response(tracing: Tracing, server: ModelServer) -> None:
    """Every core attribute of an inference span; the server is known before any client is built."""
    model = chat_model(server, temperature=0.5, top_k=5, max_tokens=100)
    answer = model.invoke([SystemMessage("Be brief"), HumanMessage("Hello there")])
    (span,) = chat_spans(tracing)
    attributes = chat_attributes(tracing)
    attributes.pop(semconv.RUN_ID)
    assert span.name == f"chat {MODEL}"
    assert span.kind is SpanKind.CLIENT
    assert span.status.status_code is StatusCode.UNSET
    assert attributes == {
        semconv.GEN_AI_OPERATION_NAME: "chat",
        semconv.GEN_AI_PROVIDER_NAME: "anthropic",
        semconv.GEN_AI_REQUEST_MODEL: MODEL,
        semconv.GEN_AI_REQUEST_TEMPERATURE: 0.5,
        semconv.GEN_AI_REQUEST_TOP_K: 5,
        semconv.GEN_AI_REQUEST_MAX_TOKENS: 100,
        semconv.GEN_AI_RESPONSE_ID: answer.response_metadata["id"],
        semconv.GEN_AI_RESPONSE_MODEL: MODEL,
        semconv.GEN_AI_RESPONSE_FINISH_REASONS: ("end_turn",),
        semconv.GEN_AI_USAGE_INPUT_TOKENS: answer.usage_metadata["input_tokens"],
        semconv.GEN_AI_USAGE_OUTPUT_TOKENS: answer.usage_metadata["output_tokens"],
        semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: 0,
        semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: 0,
        semconv.SERVER_ADDRESS: "127.0.0.1",
        semconv.SERVER_PORT: server.server_port,
    }
    assert answer.response_metadata["id"].startswith("msg_")


@pytest.mark.parametrize("form", FORMS)
async def test_streaming(tracing: Tracing, server: ModelServer, form: str) -> None:
    """However it is asked for, the same tokens and reason; a stream says that it is one."""
    answer = await call(chat_model(server), form, "Hello there")
    attributes = chat_attributes(tracing)
    streamed = "stream" in form
    assert (attributes.get(semconv.GEN_AI_REQUEST_STREAM) is True) is streamed
    assert (semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK in attributes) is streamed
    assert attributes[semconv.GEN_AI_RESPONSE_FINISH_REASONS] == ("end_turn",)
    assert attributes[semconv.GEN_AI_RESPONSE_MODEL] == MODEL
    assert attributes[semconv.GEN_AI_USAGE_INPUT_TOKENS] == 2
    assert attributes[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == answer.usage_metadata["output_tokens"]
    assert attributes[semconv.SERVER_PORT] == server.server_port


def cached(text: str, ttl: str) -> dict[str, Any]:
    return {"type": "text", "text": text, "cache_control": {"type": "ephemeral", "ttl": ttl}}


@pytest.mark.parametrize("ttls", [("5m",), ("1h",), ("1h", "5m")])
@pytest.mark.parametrize("form", FORMS)
async def test_cached_tokens_count_once(
    tracing: Tracing, server: ModelServer, form: str, ttls: tuple[str, ...]
) -> None:
    """The input is all of the prompt: what was read from the cache, written to it, and the rest."""
    model = chat_model(server)
    system = SystemMessage([cached(f"rule number {n}", ttl) for n, ttl in enumerate(ttls)])
    for _ in range(2):
        await call(model, form, [system, HumanMessage("Hello there")])
    writes, reads = all_attributes(tracing)
    in_cache = writes[semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS]
    fresh = writes[semconv.GEN_AI_USAGE_INPUT_TOKENS] - in_cache
    assert in_cache > 0
    assert fresh > 0
    assert writes[semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS] == 0
    assert reads[semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS] == in_cache
    assert reads[semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS] == 0
    assert reads[semconv.GEN_AI_USAGE_INPUT_TOKENS] == in_cache + fresh


@pytest.mark.parametrize("form", FORMS)
async def test_thinking(tracing_with_content: Tracing, server: ModelServer, form: str) -> None:
    """Thoughts are counted within the output, and told apart from the answer."""
    model = chat_model(server, max_tokens=2048, thinking={"type": "enabled", "budget_tokens": 1024})
    await call(model, form, "Hello")
    attributes = chat_attributes(tracing_with_content)
    if has("langchain_anthropic.chat_models", "OutputTokenDetails"):
        reasoning = attributes[semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS]
        assert 0 < reasoning < attributes[semconv.GEN_AI_USAGE_OUTPUT_TOKENS]
    (message,) = json.loads(attributes[semconv.GEN_AI_OUTPUT_MESSAGES])
    assert [(part["type"], part["content"]) for part in message["parts"]] == [
        ("reasoning", "Let me think."),
        ("text", "You asked: Hello"),
    ]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("options", "reason"),
    [({"max_tokens": 1}, "max_tokens"), ({"stop": ["asked"]}, "stop_sequence")],
)
async def test_finish_reasons(
    tracing: Tracing, server: ModelServer, form: str, options: dict[str, Any], reason: str
) -> None:
    """Why an answer ended is told in the provider's own words."""
    await call(chat_model(server, **options), form, "Hello")
    attributes = chat_attributes(tracing)
    assert attributes[semconv.GEN_AI_RESPONSE_FINISH_REASONS] == (reason,)


@pytest.mark.parametrize("form", ["invoke", "ainvoke", "stream"])
async def test_agent_with_tools(
    tracing_with_content: Tracing, server: ModelServer, form: str
) -> None:
    """An agent calls a tool by Anthropic's blocks: the call's id leads from one to the other."""

    @tool
    def get_weather(city: str) -> str:
        """Tell the weather in a city."""
        return f"sunny in {city}"

    agent = create_agent(chat_model(server), [get_weather], name="weather-agent")
    asked: Any = {"messages": [HumanMessage("Paris")]}
    if form == "ainvoke":
        await agent.ainvoke(asked)
    elif form == "stream":
        list(agent.stream(asked, stream_mode="messages"))
    else:
        agent.invoke(asked)
    assert without_edges(tracing_with_content.tree()) == (
        "invoke_agent weather-agent\n"
        "  model\n"
        f"    chat {MODEL}\n"
        "  tools\n"
        "    execute_tool get_weather\n"
        "  model\n"
        f"    chat {MODEL}"
    )
    first, last = all_attributes(tracing_with_content)
    assert first[semconv.GEN_AI_RESPONSE_FINISH_REASONS] == ("tool_use",)
    assert last[semconv.GEN_AI_RESPONSE_FINISH_REASONS] == ("end_turn",)
    called = tracing_with_content.span("execute_tool get_weather").attributes or {}
    (message,) = json.loads(first[semconv.GEN_AI_OUTPUT_MESSAGES])
    spoken, call_part = message["parts"]
    assert spoken == {"type": "text", "content": "Let me look it up."}
    assert call_part["id"] == called[semconv.GEN_AI_TOOL_CALL_ID]
    assert call_part["arguments"] == {"city": "Paris"}


@pytest.mark.parametrize("form", FORMS)
async def test_error(tracing: Tracing, server: ModelServer, form: str) -> None:
    """A refused call is red, with the error's class, and knows its server all the same."""
    with pytest.raises(RateLimitError):
        await call(chat_model(server, model_name="fail-429"), form, "Hello")
    (span,) = chat_spans(tracing)
    assert span.status.status_code is StatusCode.ERROR
    attributes = chat_attributes(tracing)
    assert str(attributes[semconv.ERROR_TYPE]).endswith("RateLimitError")
    assert attributes[semconv.SERVER_PORT] == server.server_port


async def test_a_stream_that_is_cut(tracing: Tracing, server: ModelServer) -> None:
    """A connection that drops in the middle is a failure, with what had come before."""
    with pytest.raises(Exception, match=r"peer closed|incomplete|closed") as caught:
        await call(chat_model(server, model_name="cut"), "astream", "Hello there, how are you?")
    assert not isinstance(caught.value, (APIStatusError, asyncio.CancelledError))
    (span,) = chat_spans(tracing)
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})[semconv.GEN_AI_REQUEST_STREAM] is True


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ttls", [("5m",), ("1h",), ("1h", "5m")])
async def test_what_is_written_costs_by_its_lifetime(
    server: ModelServer, form: str, ttls: tuple[str, ...], tmp_path: Path
) -> None:
    """An hour costs more than five minutes."""
    rates = {"input": 1, "cache_read": 10, "cache_write": 100, "cache_write_1h": 1000, "output": 0}
    tracing = Tracing()
    system = SystemMessage([cached(f"rule number {n}", ttl) for n, ttl in enumerate(ttls)])
    with instrumented(tracing, cost=price_file(tmp_path, {"model": MODEL, **rates})):
        for _ in range(2):
            await call(chat_model(server), form, [system, HumanMessage("Hello there")])
    writes, reads = tracing.spans
    tokens = (writes.attributes or {})[semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS]
    assert isinstance(tokens, int)
    each = tokens / len(ttls) / 1_000_000
    found = costs_of(writes)
    if len(ttls) > 1 and "stream" in form:
        # A streamed answer does not say how many were written for how long.
        assert found == {"unknown_calls": 1}
    else:
        assert found.get("cache_write", 0) == pytest.approx(100 * each * ("5m" in ttls))
        assert found.get("cache_write_1h", 0) == pytest.approx(1000 * each * ("1h" in ttls))
    assert costs_of(reads)["cache_read"] == pytest.approx(10 * tokens / 1_000_000)


@pytest.mark.parametrize("place", ["message", "tool"])
def test_where_a_request_asks_for_an_hour(server: ModelServer, tmp_path: Path, place: str) -> None:
    """In a block, or in a tool."""
    rates = {"input": 1, "cache_write": 100, "cache_write_1h": 1000, "output": 0}
    tracing = Tracing()
    control = {"type": "ephemeral", "ttl": "1h"}
    block = {"type": "text", "text": "a rule"}
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    searches: dict[str, Any] = {"name": "search", "description": "x", "input_schema": schema}
    options: dict[str, Any] = {}
    if place == "tool":
        options = {"tools": [{**searches, "cache_control": control}]}
    else:
        block["cache_control"] = control  # type: ignore[assignment]
    with instrumented(tracing, cost=price_file(tmp_path, {"model": MODEL, **rates})):
        list(chat_model(server).stream([HumanMessage([block])], **options))
    found = costs_of(tracing.spans[0])
    assert found["cache_write_1h"] > 0
    assert "cache_write" not in found


LIFETIMES: dict[str, tuple[Any, Any, set[str]]] = {
    "nowhere": ({}, [[HumanMessage("hello")]], set()),
    "for the whole request": ({"cache_control": {"ttl": "1h"}}, [], {"1h"}),
    "without a lifetime": ({"cache_control": {"type": "ephemeral"}}, None, {"5m"}),
    "Bedrock": ({}, [[HumanMessage([{"cachePoint": {"ttl": "1h"}}])]], {"1h"}),
    "in both": (
        {"tools": [{"name": "x", "cache_control": {}}, "y"]},
        [[SystemMessage([cached("x", "1h"), "text"])]],
        {"1h", "5m"},
    ),
    "strange": ({"tools": 7, "cache_control": "1h"}, [7, [None, "x"], "text"], {"5m"}),
}


@pytest.mark.parametrize("case", LIFETIMES)
def test_lifetimes_of_requests(case: str) -> None:
    """Every mark is read, wherever it stands and whatever else does."""
    params, payload, expected = LIFETIMES[case]
    options = {"invocation_params": params}
    assert asked_lifetimes(Started(None, payload, None, None, options)) == expected
