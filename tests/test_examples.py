"""The examples do what they show: run as a reader would run them, compared as trees."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam, ChatCompletionToolParam

from openai_server import ModelServer, start_server
from unneeded import WITHOUT_SERVERS
from versions import newest_agent
from waiting import PATIENCE

EXAMPLES = Path(__file__).parent.parent / "examples"
LANGCHAIN_OTEL = str(Path(sys.executable).with_name("langchain-otel"))
OPENTELEMETRY_INSTRUMENT = str(Path(sys.executable).with_name("opentelemetry-instrument"))
TO_TERMINAL = {
    **WITHOUT_SERVERS,
    "OTEL_TRACES_EXPORTER": "langchain_tree",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_SERVICE_NAME": "travel",
}
AGENT_TREE = """\
invoke_agent travel-agent
    model
        chat gpt-5-mini
            POST
    model
        chat gpt-5-mini
            POST
    tools
        execute_tool find_hotels
            SELECT
    tools
        execute_tool get_weather
            GET
"""
ANSWER = (
    "Here is what I found. In Lisbon it is sunny at 24 degrees. "
    "Casa do Rio for 95 euros, Pensão Luz for 110 euros.\n"
)
TOKENS = "You asked: Describe Lisbon in a few words."
SEEN = "1 tool began, 1 messages sent, 8 tokens, 1 model answered"
QUESTION: ChatCompletionMessageParam = {"role": "user", "content": "What is it like in Lisbon?"}
WEATHER_TOOL: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        },
    },
}


def run(*command: str, **variables: str) -> str:
    return run_in(EXAMPLES.parent, *command, **variables)


def run_in(directory: Path, *command: str, **variables: str) -> str:
    """What the command prints there; it may not complain about anything."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OTEL_", "OPENAI_", "LANGSMITH_", "LANGCHAIN_"))
    }
    done = subprocess.run(
        command,
        cwd=directory,
        env=inherited | {"PYTHONIOENCODING": "utf-8"} | variables,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def run_example(name: str, *arguments: str, **variables: str) -> str:
    return run(sys.executable, str(EXAMPLES / name), *arguments, **variables)


def run_instrumented(name: str, *arguments: str, **variables: str) -> str:
    program = (sys.executable, str(EXAMPLES / name), *arguments)
    return run(OPENTELEMETRY_INSTRUMENT, *program, **TO_TERMINAL | variables)


def trees_in(printed: str) -> list[str]:
    """Each printed trace as an indented tree of names, siblings in alphabetical order."""
    blocks = re.findall(r"^trace \w{32}.*\n((?:.*\n)*?)\d+ spans?  ", printed, re.MULTILINE)
    return [render(sorted_tree(block.splitlines())) for block in blocks]


Tree = list[tuple[str, "Tree"]]


def sorted_tree(lines: list[str]) -> Tree:
    """Tools called in parallel begin in any order, so the order of siblings is not compared."""
    tree: Tree = []
    while lines:
        name, below = lines[0].lstrip("│├└─ ").split("  ")[0], []
        depth = depth_of(lines.pop(0))
        while lines and depth_of(lines[0]) > depth:
            below.append(lines.pop(0))
        tree.append((name, sorted_tree(below)))
    return sorted(tree)


def depth_of(line: str) -> int:
    return len(line) - len(line.lstrip("│├└─ "))


def render(tree: Tree, indent: str = "") -> str:
    return "".join(
        f"{indent}{name}\n" + render(children, indent + "    ") for name, children in tree
    )


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with start_server() as server:
        yield server


@pytest.fixture
def client(server: ModelServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.base_url, api_key="none") as client:
        yield client


# The agent


@newest_agent
def test_the_agent_is_traced_whole_with_no_code_changed() -> None:
    """One trace: the agent, its model calls with their requests, its tools with theirs."""
    printed = run_instrumented("agent.py")
    assert printed.startswith(ANSWER)
    assert trees_in(printed) == [AGENT_TREE]
    assert len(re.findall(r"^trace \w{32}  travel$", printed, re.MULTILINE)) == 1
    assert "error" not in printed


@pytest.mark.slow
@newest_agent
def test_the_agent_works_the_same_without_tracing() -> None:
    assert run_example("agent.py") == ANSWER


def test_the_agent_knows_nothing_of_tracing() -> None:
    tree = ast.parse((EXAMPLES / "agent.py").read_text(encoding="utf-8"))
    imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [
        name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    ]
    assert not [name for name in imported if name and "otel" in name.replace("telemetry", "tel")]


@pytest.mark.slow
@newest_agent
def test_the_model_server_is_told_the_trace(server: ModelServer) -> None:
    """The requests carry the trace's id, for a server that goes on with it."""
    printed = run_instrumented(
        "agent.py", OPENAI_BASE_URL=server.base_url, OPENAI_API_KEY="none", OPENAI_MODEL="gpt-4o"
    )
    (trace_id,) = re.findall(r"^trace (\w{32})", printed, re.MULTILINE)
    told = [request.headers["traceparent"].split("-")[1] for request in server.requests]
    assert told == [trace_id, trace_id]
    assert [request.body["model"] for request in server.requests] == ["gpt-4o", "gpt-4o"]


@pytest.mark.slow
@newest_agent
def test_failures_are_shown_where_they_happened() -> None:
    """The tool that failed, the agent that it ended, and the model call that was refused."""
    printed = run_instrumented("failing_agent.py")
    failed = [line.strip("├└─│ ") for line in printed.splitlines() if "  error " in line]
    assert [line.split("  ")[0] for line in failed] == [
        *("invoke_agent weather-agent", "tools", "execute_tool get_weather"),
        "chat fail-401",
    ]
    assert [line.endswith("error ConnectionError") for line in failed] == [True] * 3 + [False]
    assert failed[-1].endswith("AuthenticationError")


@pytest.mark.slow
@newest_agent
def test_the_agent_that_asks_is_answered_from_any_directory(tmp_path: Path) -> None:
    """Both commands find the same database, again and again, and none of them leaves a file."""
    pytest.importorskip("langgraph.checkpoint.sqlite")
    places = {name: tmp_path / name for name in ("temporary", "here", "there")}
    for place in places.values():
        place.mkdir()
    program = (sys.executable, str(EXAMPLES / "human_in_the_loop.py"))
    said = [
        run_in(places[place], *program, *words, TMPDIR=str(places["temporary"]))
        for words, place in ((("ask",), "here"), (("answer", "yes"), "there")) * 2
    ]
    assert said == ["Book Adler?\n", said[1]] * 2
    assert "Adler is booked" in said[1]
    assert [list(places[name].iterdir()) for name in ("here", "there")] == [[], []]
    assert [file.suffix for file in places["temporary"].iterdir()] == [".db"]


@pytest.mark.slow
@newest_agent
def test_an_answer_is_judged_in_another_process(tmp_path: Path) -> None:
    """The evaluation stands beside the agent, and its trace is no longer than the agent took."""
    program = (sys.executable, str(EXAMPLES / "evaluation.py"))
    assert run_in(tmp_path, *program, "ask").startswith("Here is what I found.")
    for words in (("good", "It is short."), ("bad",)):
        assert not run_in(tmp_path, *program, "judge", *words)
    shown = run_in(tmp_path, LANGCHAIN_OTEL, "view", "traces.jsonl", LANGCHAIN_OTEL_TREE="content")
    (agent,) = [line for line in shown.splitlines() if line.startswith("invoke_agent")]
    assert "  helpful 1 good  helpful 0 bad  " in agent
    assert "  helpful  It is short.\n" in shown
    assert shown.count("\ntrace ") == 0


# The ways in


@pytest.mark.slow
@pytest.mark.parametrize("way", ["instrumentor", "handler", "constructor", "both"])
def test_each_way_gives_the_same_tree(way: str) -> None:
    """No span twice, and the application's own handlers get their tokens and events."""
    printed = run_example("callbacks.py", way)
    assert trees_in(printed) == ["execute_tool describe_city\n    chat gpt-5-mini\n"]
    assert printed.startswith(f"{TOKENS}\n")
    assert SEEN in printed


@pytest.mark.slow
def test_the_way_with_no_code() -> None:
    printed = run_instrumented("callbacks.py", "nothing")
    assert trees_in(printed) == ["execute_tool describe_city\n    chat gpt-5-mini\n        POST\n"]
    assert printed.startswith(f"{TOKENS}\n")
    assert SEEN in printed


@pytest.mark.slow
def test_not_traced_the_application_is_the_same() -> None:
    printed = run_example("callbacks.py", "nothing")
    assert printed == f"{TOKENS}\n{SEEN}\n"


# Attributes of an application's own


@pytest.mark.slow
def test_attributes_of_each_request() -> None:
    """Each request has its own, on all spans."""
    steps = ("ChatPromptTemplate", "chat", "invoke_workflow")
    requests = ("acme gold", "umbrella free")
    printed = run_example("attributes.py").splitlines()
    assert printed == [f"{step} {request}" for request in requests for step in steps]


# Tenants


@pytest.mark.slow
def test_each_tenant_is_traced_in_its_own_way() -> None:
    """Whether a request is answered whole, from a thread or as a stream."""
    lines = run_example("tenants.py").splitlines()
    assert [line.split(":")[0] for line in lines] == ["ours"] * 3 + ["acme"] * 3 + ["globex"] * 3
    assert set(lines[:3]) == {"ours: chat gpt-5-mini: no content"}
    assert all("My name is Ada." in line for line in lines[3:6])
    assert all("My name is [name]." in line for line in lines[6:])


# Functions of the user's


@pytest.mark.slow
def test_hooks_name_leave_out_and_add() -> None:
    """The step and the health check have no span; each span has its customer, failures more."""
    printed = run_example("hooks.py", LANGCHAIN_OTEL_TREE="full")
    trees = trees_in(run_example("hooks.py"))
    assert trees == ["invoke_workflow weather\n    get_weather\n"] * 2
    assert printed.count("app.customer  acme") == 4
    assert printed.count("app.may_retry  true") == 2
    assert printed.endswith("Nobody knows.\n")


# The model server


def test_a_chat_is_answered(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="gpt-5-mini", messages=[QUESTION])
    assert answer.choices[0].message.content == "You asked: What is it like in Lisbon?"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.id.startswith("chatcmpl-")
    assert answer.model == "gpt-5-mini-2025-08-07"
    assert answer.system_fingerprint


def test_a_streamed_chat_is_the_same_answer(client: openai.OpenAI) -> None:
    with client.chat.completions.create(
        model="gpt-4o",
        messages=[QUESTION],
        stream=True,
        stream_options={"include_usage": True},
    ) as stream:
        chunks = list(stream)
    said = [choice.delta.content for chunk in chunks for choice in chunk.choices]
    assert "".join(piece or "" for piece in said) == "You asked: What is it like in Lisbon?"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert not chunks[-1].choices
    whole = client.chat.completions.create(model="gpt-4o", messages=[QUESTION])
    assert chunks[-1].usage == whole.usage
    assert {chunk.id for chunk in chunks} == {chunks[0].id} != {whole.id}


def test_usage_comes_in_a_stream_only_when_asked_for(client: openai.OpenAI) -> None:
    with client.chat.completions.create(model="m", messages=[QUESTION], stream=True) as stream:
        assert not [chunk for chunk in stream if chunk.usage or not chunk.choices]


def ask_with_tools(
    client: openai.OpenAI, messages: list[ChatCompletionMessageParam]
) -> ChatCompletion:
    return client.chat.completions.create(
        model="gpt-5-mini", messages=messages, tools=[WEATHER_TOOL]
    )


def test_a_tool_is_called_then_its_result_is_quoted(client: openai.OpenAI) -> None:
    """The second request finds the first in the cache, as with a provider."""
    question: ChatCompletionMessageParam = {
        "role": "user",
        "content": "What is the weather in Lisbon for the next 3 days?",
    }
    first = ask_with_tools(client, [question])
    asked = first.choices[0].message.model_dump(exclude_none=True)
    (call,) = asked["tool_calls"]
    assert call["function"]["arguments"] == '{"city": "Lisbon", "days": 3}'
    assert first.choices[0].finish_reason == "tool_calls"
    result = {"role": "tool", "tool_call_id": call["id"], "content": "Sunny."}
    conversation = cast("list[ChatCompletionMessageParam]", [question, asked, result])
    second = ask_with_tools(client, conversation)
    assert second.choices[0].message.content == "Here is what I found. Sunny."
    assert first.usage
    assert second.usage
    assert second.usage.prompt_tokens_details
    assert second.usage.prompt_tokens_details.cached_tokens == first.usage.prompt_tokens
    assert second.usage.completion_tokens_details
    assert second.usage.completion_tokens_details.reasoning_tokens


def test_completions_and_embeddings_are_answered(client: openai.OpenAI) -> None:
    completion = client.completions.create(model="davinci-002", prompt="Say no more")
    assert completion.choices[0].text == "You wrote: Say no more"
    with client.completions.create(
        model="davinci-002", prompt="Say no more", stream=True
    ) as stream:
        assert "".join(chunk.choices[0].text for chunk in stream) == completion.choices[0].text
    embedded = client.embeddings.create(model="text-embedding-3-small", input=["a", "b", "a"])
    vectors = [row.embedding for row in embedded.data]
    assert len(vectors[0]) == 1536
    assert vectors[0] == vectors[2] != vectors[1]


@pytest.mark.parametrize(
    ("model", "error", "requests"),
    [
        ("fail-429", openai.RateLimitError, 3),
        ("fail-500", openai.InternalServerError, 3),
        ("fail-401", openai.AuthenticationError, 1),
    ],
)
def test_a_model_can_be_made_to_fail(
    client: openai.OpenAI,
    server: ModelServer,
    model: str,
    error: type[openai.APIStatusError],
    requests: int,
) -> None:
    """The client tries again where it would with OpenAI."""
    with pytest.raises(error):
        client.chat.completions.create(model=model, messages=[QUESTION])
    assert len(server.requests) == requests


def test_a_flaky_model_answers_the_second_time(client: openai.OpenAI, server: ModelServer) -> None:
    answer = client.chat.completions.create(model="flaky-503", messages=[QUESTION])
    assert answer.choices[0].message.content
    assert len(server.requests) == 2


def test_a_stream_can_be_cut(client: openai.OpenAI) -> None:
    with (
        client.chat.completions.create(model="cut", messages=[QUESTION], stream=True) as stream,
        pytest.raises((openai.APIConnectionError, httpx.RemoteProtocolError)),
    ):
        assert not list(stream)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/chat/completions", {"model": "gpt-5-mini"}, 400),
        ("/chat/completions", {"messages": [QUESTION]}, 400),
        ("/responses", {"model": "gpt-5-mini", "input": "Hello"}, 404),
    ],
)
def test_a_wrong_request_is_refused(
    client: openai.OpenAI, path: str, body: dict[str, object], status: int
) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        client.post(path, body=body, cast_to=object)
    assert refused.value.status_code == status


def test_the_server_runs_by_itself() -> None:
    """It says where it serves, on this machine only."""
    command = [sys.executable, str(EXAMPLES / "openai_server.py"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            said = process.stdout.readline()
            url = re.fullmatch(r"serving (http://127\.0\.0\.1:\d+/v1)\n", said)
            assert url
            with openai.OpenAI(base_url=url[1], api_key="none") as client:
                assert client.chat.completions.create(model="gpt-4.1", messages=[QUESTION]).choices
        finally:
            process.terminate()
