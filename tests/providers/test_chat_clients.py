"""Real clients of provider packages against a server on loopback that speaks their formats."""

import json
import os
import tomllib
from collections.abc import Iterator
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from installed import of_installed
from langchain_otel import semconv
from provider_environments import VARIABLE
from providers.chat_clients import CACHED, CLIENTS, REASONING, Client
from recording import Tracing
from servers.chat_server import ChatServer, chat_server
from servers.wires.answer import ARGUMENTS, ID, TOOL, Answer

NAME = os.environ[VARIABLE]
GAPS = tomllib.loads(Path(__file__).with_name("gaps.toml").read_text()).get(NAME, {})
PREFIX = "gen_ai."
# Each package has its own deprecations, and drops clients with open connections.
pytestmark = pytest.mark.filterwarnings("ignore")
each_call = pytest.mark.parametrize(
    ("client", "form"),
    [
        (client, form)
        for client in of_installed(CLIENTS)
        for form in GAPS.get(client.name, {}).get("forms", client.forms)
    ],
    ids=str,
)


@tool
def get_weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"sunny in {city}"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients of AWS find keys in variables, and ask once."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.delenv("HF_TOKEN", raising=False)


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as server:
        yield server


async def answered(model: Any, form: str) -> Any:
    """Ask, and read the answer to its end."""
    question = [HumanMessage("Is it sunny in Paris?")]
    if form == "invoke":
        return model.invoke(question)
    if form == "ainvoke":
        return await model.ainvoke(question)
    if form == "stream":
        return reduce(add, model.stream(question))
    return reduce(add, [chunk async for chunk in model.astream(question)])


def the_call(tracing: Tracing) -> ReadableSpan:
    (span,) = tracing.spans
    return span


def truth(client: Client, server: ChatServer, answer: Answer) -> dict[str, Any]:
    """What the server was asked and has answered, in the conventions' names."""
    said = {
        "operation.name": "chat",
        "provider.name": client.provider,
        "request.model": client.request_model,
        "response.model": client.response_model,
        "response.id": ID,
        "response.finish_reasons": (client.reasons[answer.calls_tool],),
        "usage.input_tokens": answer.input,
        "usage.output_tokens": answer.output,
        CACHED: answer.cached,
        REASONING: answer.reasoning,
        semconv.SERVER_ADDRESS: "127.0.0.1",
        semconv.SERVER_PORT: server.server_port,
    }
    return {name: value for name, value in said.items() if name not in client.without}


def deviations(found: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """What the span says otherwise, or does not say."""
    names = {name: name if name.startswith("server.") else PREFIX + name for name in said}
    values = {name: found.get(names[name]) for name in said}
    return {
        name: "absent" if values[name] is None else values[name]
        for name in said
        if values[name] != said[name]
    }


def known_gaps(client: Client, form: str) -> dict[str, Any]:
    """What the package of this environment does not hand on, or counts otherwise."""
    gaps: dict[str, dict[str, Any]] = GAPS.get(client.name, {})
    return gaps.get("both", {}) | gaps.get("streamed" if "stream" in form else "whole", {})


@each_call
@pytest.mark.parametrize("calls_tool", [False, True], ids=["words", "tool"])
async def test_span_says_what_was_answered(
    tracing: Tracing, server: ChatServer, client: Client, form: str, calls_tool: bool
) -> None:
    """Each fact is the server's; what a release of the package drops stands in gaps.toml."""
    model = client.made(server.url)
    await answered(model.bind_tools([get_weather]) if calls_tool else model, form)
    span = the_call(tracing)
    assert span.kind is SpanKind.CLIENT
    assert span.status.status_code is StatusCode.UNSET
    found = dict(span.attributes or {})
    known = known_gaps(client, form)
    said = truth(client, server, Answer(calls_tool=calls_tool))
    wrong = deviations(found, said)
    listed = {name: value for name, value in wrong.items() if known.get(name) == value}
    assert wrong == listed
    assert server.asked


@each_call
async def test_error(tracing: Tracing, server: ChatServer, client: Client, form: str) -> None:
    """A refusal is an error of the type that was raised, with the server that refused."""
    server.status = 429
    model = client.made(server.url)
    with pytest.raises(Exception) as raised:
        await answered(model, form)
    span = the_call(tracing)
    found = dict(span.attributes or {})
    kind = type(raised.value)
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    assert span.status.status_code is StatusCode.ERROR
    assert found[semconv.ERROR_TYPE] == name
    gaps = known_gaps(client, form)
    assert found[semconv.GEN_AI_PROVIDER_NAME] == gaps.get("provider.name", client.provider)
    assert found[semconv.SERVER_PORT] == server.server_port


@each_call
async def test_tool_call_in_the_answer(
    tracing_with_content: Tracing, server: ChatServer, client: Client, form: str
) -> None:
    """The call is a part of the message, with its arguments, as LangChain's own answer has it."""
    answer = await answered(client.made(server.url).bind_tools([get_weather]), form)
    found: dict[str, Any] = dict(the_call(tracing_with_content).attributes or {})
    (message,) = json.loads(found[semconv.GEN_AI_OUTPUT_MESSAGES])
    parts = [part for part in message["parts"] if part["type"] == "tool_call"]
    calls = [(part["name"], part["arguments"]) for part in parts]
    assert calls == [(call["name"], call["args"]) for call in answer.tool_calls]
    # What stands in gaps.toml is lost in the package.
    assert (TOOL, ARGUMENTS) in calls or "tool_calls" in known_gaps(client, form)
