"""The real OpenAI client against a server on loopback: what model spans carry."""

from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAI
from openai import RateLimitError
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from langchain_otel import semconv
from openai_server import ModelServer, start_server
from recording import Tracing
from versions import create_agent, http_instrumentors, without_edges


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with start_server() as server:
        yield server


KEY: dict[str, Any] = {"api_key": "none"}


def chat_model(server: ModelServer, **options: Any) -> ChatOpenAI:
    options = {"model": "gpt-5-mini", "max_retries": 0, **KEY, **options}
    return ChatOpenAI(base_url=server.base_url, **options)


def chat_span(tracing: Tracing) -> ReadableSpan:
    (span,) = [span for span in tracing.spans if span.name.startswith("chat ")]
    return span


def test_chat_span_carries_request_and_response(tracing: Tracing, server: ModelServer) -> None:
    """Every core attribute of an inference span, from the request and from the answer."""
    model = chat_model(
        server,
        model="gpt-4.1",
        temperature=0.5,
        max_tokens=100,
        top_p=0.9,
        seed=7,
        frequency_penalty=0.1,
        presence_penalty=0.2,
        n=2,
        stop=["END"],
    )
    model.invoke("Hello", config={"metadata": {"thread_id": "thread-1"}})
    span = chat_span(tracing)
    attributes = dict(span.attributes or {})
    assert span.name == "chat gpt-4.1"
    assert span.kind is SpanKind.CLIENT
    assert span.status.status_code is StatusCode.UNSET
    assert attributes.pop(semconv.GEN_AI_RESPONSE_ID).startswith("chatcmpl-")  # type: ignore[union-attr]
    assert attributes.pop(semconv.RUN_ID)
    response_model = str(attributes[semconv.GEN_AI_RESPONSE_MODEL])
    assert response_model.startswith("gpt-4.1-20")
    for usage in (semconv.GEN_AI_USAGE_INPUT_TOKENS, semconv.GEN_AI_USAGE_OUTPUT_TOKENS):
        assert attributes.pop(usage)
    for detail in (
        semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
        semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
    ):
        assert isinstance(attributes.pop(detail), int)
    assert attributes == {
        semconv.GEN_AI_OPERATION_NAME: "chat",
        semconv.GEN_AI_PROVIDER_NAME: "openai",
        semconv.GEN_AI_REQUEST_MODEL: "gpt-4.1",
        semconv.GEN_AI_REQUEST_TEMPERATURE: 0.5,
        semconv.GEN_AI_REQUEST_MAX_TOKENS: 100,
        semconv.GEN_AI_REQUEST_TOP_P: 0.9,
        semconv.GEN_AI_REQUEST_SEED: 7,
        semconv.GEN_AI_REQUEST_FREQUENCY_PENALTY: 0.1,
        semconv.GEN_AI_REQUEST_PRESENCE_PENALTY: 0.2,
        semconv.GEN_AI_REQUEST_CHOICE_COUNT: 2,
        semconv.GEN_AI_REQUEST_STOP_SEQUENCES: ("END",),
        semconv.GEN_AI_CONVERSATION_ID: "thread-1",
        semconv.GEN_AI_RESPONSE_MODEL: response_model,
        semconv.GEN_AI_RESPONSE_FINISH_REASONS: ("stop", "stop"),
        semconv.SERVER_ADDRESS: "127.0.0.1",
        semconv.SERVER_PORT: server.server_port,
        semconv.GEN_AI_USAGE_AUDIO_INPUT_TOKENS: 0,
        semconv.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS: 0,
        semconv.OPENAI_API_TYPE: "chat_completions",
        semconv.OPENAI_RESPONSE_SERVICE_TIER: "default",
        semconv.OPENAI_RESPONSE_SYSTEM_FINGERPRINT: attributes[
            semconv.OPENAI_RESPONSE_SYSTEM_FINGERPRINT
        ],
    }


def test_usage_is_the_providers(tracing: Tracing, server: ModelServer) -> None:
    """The tokens on the span are those of the answer, details included."""
    answer = chat_model(server).invoke("Hello")
    usage = answer.usage_metadata
    assert usage is not None
    attributes = chat_span(tracing).attributes or {}
    assert attributes[semconv.GEN_AI_USAGE_INPUT_TOKENS] == usage["input_tokens"]
    assert attributes[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == usage["output_tokens"]
    assert (
        attributes[semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS]
        == usage["input_token_details"]["cache_read"]
    )
    assert (
        attributes[semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS]
        == usage["output_token_details"]["reasoning"]
    )


@pytest.mark.parametrize("streamed", [False, True])
async def test_streaming_is_told_by_its_chunks(
    tracing: Tracing, server: ModelServer, streamed: bool
) -> None:
    """`request.stream` and the time to the first chunk are there when there were chunks."""
    model = chat_model(server, stream_usage=True)
    if streamed:
        async for _ in model.astream("Hello"):
            pass
    else:
        await model.ainvoke("Hello")
    span = chat_span(tracing)
    attributes = span.attributes or {}
    assert (attributes.get(semconv.GEN_AI_REQUEST_STREAM) is True) is streamed
    assert (semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK in attributes) is streamed
    assert attributes[semconv.GEN_AI_USAGE_OUTPUT_TOKENS]
    assert attributes[semconv.GEN_AI_RESPONSE_FINISH_REASONS] == ("stop",)
    assert str(attributes[semconv.GEN_AI_RESPONSE_ID]).startswith("chatcmpl-")
    assert attributes[semconv.OPENAI_API_TYPE] == "chat_completions"
    if streamed:
        first = attributes[semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK]
        assert isinstance(first, float)
        (duration,) = tracing.points("gen_ai.client.inference.duration")
        assert 0 < first < duration.sum


def test_sampler_sees_what_it_decides_by(tracing: Tracing, server: ModelServer) -> None:
    """The sampling-relevant attributes are there when the span starts."""
    seen: list[dict[str, Any]] = []

    class Watcher:
        def on_start(self, span: Any, parent_context: Any = None) -> None:
            seen.append(dict(span.attributes))

        def on_end(self, span: Any) -> None: ...
        def _on_ending(self, span: Any) -> None: ...
        def shutdown(self) -> None: ...
        def force_flush(self, timeout_millis: int = 0) -> bool:
            return True

    tracing.tracer_provider.add_span_processor(Watcher())  # type: ignore[arg-type]
    chat_model(server).invoke("Hello")
    (at_start,) = seen
    assert at_start[semconv.GEN_AI_OPERATION_NAME] == "chat"
    assert at_start[semconv.GEN_AI_PROVIDER_NAME] == "openai"
    assert at_start[semconv.GEN_AI_REQUEST_MODEL] == "gpt-5-mini"
    assert at_start[semconv.SERVER_ADDRESS] == "127.0.0.1"
    assert at_start[semconv.SERVER_PORT] == server.server_port


def test_completion_model(tracing: Tracing, server: ModelServer) -> None:
    """A text completion model is an operation of its own, with the same core attributes."""
    model = OpenAI(model="gpt-3.5-turbo-instruct", base_url=server.base_url, **KEY)
    model.invoke("Hello")
    span = tracing.span("text_completion gpt-3.5-turbo-instruct")
    attributes = span.attributes or {}
    assert span.kind is SpanKind.CLIENT
    assert attributes[semconv.GEN_AI_OPERATION_NAME] == "text_completion"
    assert attributes[semconv.GEN_AI_PROVIDER_NAME] == "openai"
    assert attributes[semconv.GEN_AI_USAGE_INPUT_TOKENS]
    assert attributes[semconv.GEN_AI_USAGE_OUTPUT_TOKENS]
    assert attributes[semconv.GEN_AI_RESPONSE_FINISH_REASONS] == ("stop",)
    assert attributes[semconv.SERVER_ADDRESS] == "127.0.0.1"


def test_provider_error(tracing: Tracing, server: ModelServer) -> None:
    """A refused call is red, with the error's class; its text stays inside."""
    with pytest.raises(RateLimitError):
        chat_model(server, model="fail-429").invoke("Hello")
    span = chat_span(tracing)
    assert span.status.status_code is StatusCode.ERROR
    assert not span.status.description
    assert str((span.attributes or {})[semconv.ERROR_TYPE]).endswith("RateLimitError")
    assert (span.attributes or {})[semconv.GEN_AI_RESPONSE_FINISH_REASONS] == ("error",)
    (event,) = span.events
    assert dict(event.attributes or {}).keys() == {semconv.EXCEPTION_TYPE}


def test_http_request_names_the_model_span(tracing: Tracing, server: ModelServer) -> None:
    """The client's HTTP span is the model span's child, and so says the traceparent it sends."""
    instrumentors = http_instrumentors()
    for instrumentor in instrumentors:
        instrumentor.instrument(tracer_provider=tracing.tracer_provider)
    try:
        chat_model(server).invoke("Hello")
        list(chat_model(server).stream("Hello"))
    finally:
        for instrumentor in instrumentors:
            instrumentor.uninstrument()
    assert tracing.tree() == "\n".join(["chat gpt-5-mini", "  POST"] * 2)
    posts = [span for span in tracing.spans if span.name == "POST"]
    sent = [request.headers["traceparent"].split("-")[2] for request in server.requests]
    assert sent == [format(span.context.span_id, "016x") for span in posts if span.context]


def test_agent_with_tools(tracing: Tracing, server: ModelServer) -> None:
    """An agent, its nodes, its model calls and its tools: one trace, each with what is its own."""

    @tool
    def get_weather(city: str) -> str:
        """Tell the weather in a city."""
        tracing.mark("looked up")
        return f"sunny in {city}"

    agent = create_agent(chat_model(server), [get_weather], name="weather-agent")
    agent.invoke(
        {"messages": [HumanMessage("What is the weather in Paris?")]},
        {"configurable": {"thread_id": "t-1"}, "tags": ["demo"], "metadata": {"tenant": "acme"}},
    )
    assert without_edges(tracing.tree()) == (
        "invoke_agent weather-agent\n"
        "  model\n"
        "    chat gpt-5-mini\n"
        "  tools\n"
        "    execute_tool get_weather\n"
        "      looked up\n"
        "  model\n"
        "    chat gpt-5-mini"
    )
    agent_span = tracing.span("invoke_agent weather-agent")
    assert agent_span.kind is SpanKind.INTERNAL
    assert agent_span.attributes is not None
    assert agent_span.attributes[semconv.GEN_AI_AGENT_NAME] == "weather-agent"
    assert agent_span.attributes[semconv.GEN_AI_CONVERSATION_ID] == "t-1"
    assert agent_span.attributes[semconv.TAGS] == ("demo",)
    assert agent_span.attributes[semconv.METADATA + "tenant"] == "acme"
    tool_span = tracing.span("execute_tool get_weather")
    assert tool_span.kind is SpanKind.INTERNAL
    assert dict(tool_span.attributes or {}) == {
        semconv.GEN_AI_OPERATION_NAME: "execute_tool",
        semconv.GEN_AI_TOOL_NAME: "get_weather",
        semconv.GEN_AI_TOOL_TYPE: "function",
        semconv.GEN_AI_TOOL_DESCRIPTION: "Tell the weather in a city.",
        semconv.GEN_AI_TOOL_CALL_ID: (tool_span.attributes or {})[semconv.GEN_AI_TOOL_CALL_ID],
        semconv.GEN_AI_AGENT_NAME: "weather-agent",
        semconv.GEN_AI_CONVERSATION_ID: "t-1",
    }
    node = tracing.span("tools")
    assert {name.split(".")[0] for name in node.attributes or {}} == {"langgraph"}


def test_content_only_when_asked(tracing_with_content: Tracing, server: ModelServer) -> None:
    """With content on, messages stand on the span as JSON in the conventions' form."""
    chat_model(server).invoke([SystemMessage("Be kind"), HumanMessage("Hello there")])
    attributes = chat_span(tracing_with_content).attributes or {}
    assert attributes[semconv.GEN_AI_INPUT_MESSAGES] == (
        '[{"role":"system","parts":[{"type":"text","content":"Be kind"}]},'
        '{"role":"user","parts":[{"type":"text","content":"Hello there"}]}]'
    )
    assert str(attributes[semconv.GEN_AI_OUTPUT_MESSAGES]).startswith(
        '[{"role":"assistant","parts":[{"type":"text","content":"'
    )
