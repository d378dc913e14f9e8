"""Other tracers beside us: they see no change, each model call has one span, ours stay right.

The other tracers are the real ones, each in a process of its own: `programs/beside.py`.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextvars import Token
from pathlib import Path
from typing import Any

import pytest
import wrapt
from langchain_core.callbacks import BaseCallbackHandler, CallbackManager
from langchain_core.embeddings import Embeddings
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool, tool
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context

from environments import ROOT
from langchain_otel import LangChainInstrumentor, semconv
from recording import Tracing
from test_environments import environment_with, wheel

__all__ = ["wheel"]

telemetry: Any = pytest.importorskip("opentelemetry.util.genai.handler")
invocation: Any = pytest.importorskip("opentelemetry.util.genai.invocation")
if not hasattr(invocation, "CLIENT_INFERENCE_CONTEXT_KEY"):
    pytest.skip("these utilities have no mark", allow_module_level=True)
CLIENT_INFERENCE_CONTEXT_KEY: str = invocation.CLIENT_INFERENCE_CONTEXT_KEY

PROGRAM = ROOT / "tests" / "programs" / "beside.py"
COMMON = (
    "langchain",
    "langchain-anthropic",
    "langchain-openai",
    "opentelemetry-instrumentation-httpx",
)
ENVIRONMENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "all": (
        (
            "langfuse",
            "openinference-instrumentation-langchain",
            "openinference-instrumentation-openai",
            "opentelemetry-instrumentation-anthropic",
            "opentelemetry-instrumentation-genai-anthropic",
            "opentelemetry-instrumentation-genai-langchain",
            "opentelemetry-instrumentation-genai-openai",
            "opentelemetry-instrumentation-langchain",
            "opentelemetry-instrumentation-openai",
        ),
        (
            "genai-langchain/first",
            "genai-langchain/last",
            "genai-langchain and providers/last",
            "traceloop langchain/first",
            "traceloop langchain/last",
            "openinference langchain/last",
            "langfuse/last",
            "langsmith/last",
            "langsmith handler/last",
            "genai providers/last",
            "traceloop providers/last",
            "openinference providers/last",
        ),
    ),
    # It cannot be imported with a newer opentelemetry-util-genai.
    "openai-v2": (
        ("opentelemetry-instrumentation-openai-v2", "opentelemetry-util-genai<1"),
        ("openai-v2/last", "openai-v2, latest conventions/last"),
    ),
}
PLACES = {case: place for place, (_, cases) in ENVIRONMENTS.items() for case in cases}
COVERED = ("genai providers/last", "traceloop providers/last")
NESTED = {
    "openinference providers/last": "ChatCompletion <openinference.instrumentation.openai>",
    "openai-v2/last": "chat gpt-4.1 <openai_v2>",
    "openai-v2, latest conventions/last": "chat gpt-4.1 <openai_v2>",
}
NAMED = {
    "genai providers/last": 2,
    "genai-langchain and providers/last": 3,
    "traceloop providers/last": 2,
}
WITHOUT_MODELS = frozenset(("own call", "tool"))

environments = pytest.mark.xdist_group("environments")


@pytest.fixture(scope="session")
def results(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each of the other tracers saw, alone and beside us."""
    found: dict[str, Any] = {}
    for name, (requirements, cases) in ENVIRONMENTS.items():
        place = tmp_path_factory.mktemp("beside") / name
        python = environment_with(wheel, (*COMMON, *requirements), place) / "python"
        done = subprocess.run(
            [python, "-W", "ignore", PROGRAM, *cases],
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT / 'examples'}",
            },
        )
        assert done.returncode == 0, done.stderr
        found |= json.loads(done.stdout)
    return found


@environments
@pytest.mark.parametrize("case", PLACES)
def test_other_tracers_see_no_change(case: str, results: dict[str, Any]) -> None:
    """The same runs and spans as without us, with the same fields, in the same places."""
    without, beside = (results[case][which]["programs"] for which in ("without", "beside"))
    told = 0
    for name in without:
        is_covered = case in COVERED and name not in WITHOUT_MODELS
        # A provider's calls of embeddings are covered, also where LangChain's tracer has no span.
        is_covered |= case == "genai-langchain and providers/last" and name == "embeddings"
        expected = [] if is_covered else without[name]["account"]
        assert beside[name]["account"] == expected, name
        told += len(without[name]["account"])
    assert told > 10, "it saw next to nothing: nothing is compared"


@environments
@pytest.mark.parametrize("case", PLACES)
def test_our_promises_hold_beside_other_tracers(case: str, results: dict[str, Any]) -> None:
    """No span is left current, no context fails to detach, nothing of ours fails."""
    assert results[case]["beside"]["problems"] == []


@environments
@pytest.mark.parametrize("case", COVERED)
def test_a_model_call_has_one_span(case: str, results: dict[str, Any]) -> None:
    """Instrumentations that look for a mark make no span below ours; HTTP spans stay."""
    programs = results[case]["beside"]["programs"]
    for name in ("invoke", "stream", "ainvoke", "astream"):
        assert programs[name]["tree"] == ["chat gpt-4.1 <langchain_otel>", "  POST <httpx>"]
    lines = [line for name in programs if name != "own call" for line in programs[name]["tree"]]
    assert not [line for line in lines if "openai" in line.partition("<")[2]]
    own = [line for line in programs["own call"]["tree"] if "openai" in line.partition("<")[2]]
    assert len(own) == 1, "the user's own call of the client keeps its span"


@environments
def test_what_a_covered_instrumentation_tells_is_ours(results: dict[str, Any]) -> None:
    """LangChain drops the tokens of embeddings; an instrumentation of the client knows them."""
    programs = results["genai providers/last"]["beside"]["programs"]
    (embeddings,) = programs["embeddings"]["models"]
    assert embeddings[semconv.GEN_AI_USAGE_INPUT_TOKENS] > 0
    assert embeddings[semconv.GEN_AI_RESPONSE_MODEL]


@environments
@pytest.mark.parametrize("case", NESTED)
def test_a_second_span_of_a_model_call_is_below_ours(case: str, results: dict[str, Any]) -> None:
    """Where an instrumentation knows no mark, its span nests under ours, HTTP under it."""
    tree = results[case]["beside"]["programs"]["invoke"]["tree"]
    assert tree == ["chat gpt-4.1 <langchain_otel>", f"  {NESTED[case]}", "    POST <httpx>"]


@environments
@pytest.mark.parametrize("case", PLACES)
def test_one_log_line_names_the_other_tracers(case: str, results: dict[str, Any]) -> None:
    """One line says who is there and what it means; LangSmith's tracer is known by its variable."""
    log = results[case]["log"]
    if case == "langsmith handler/last":
        assert log == []
        return
    (line,) = log
    assert line.startswith("Beside langchain-otel there is: ")
    assert line.count(" (") == NAMED.get(case, 1)


class Client:
    """A provider's client as opentelemetry-util-genai's instrumentations see it."""

    def __init__(self, tracing: Tracing) -> None:
        self.telemetry = telemetry.TelemetryHandler(
            tracer_provider=tracing.tracer_provider, meter_provider=tracing.meter_provider
        )

    def complete(self) -> str:
        with self.telemetry.inference(
            "example", request_model="m-1", server_address="models.example", server_port=443
        ) as call:
            call.response_id = "answer-1"
            call.input_tokens, call.output_tokens = 3, 4
        return "done"

    def embed(self, count: int) -> list[list[float]]:
        with self.telemetry.embedding("example", request_model="e-1") as call:
            call.input_tokens = count
        return [[0.0, 1.0]]


class Model(BaseChatModel):
    """A model that hands its calls to a client, `times` for each."""

    client: Any
    times: int = 1
    inner: Any = None

    @property
    def _llm_type(self) -> str:
        return "model"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        if self.inner is not None:
            self.inner.invoke("x")
        for _ in range(self.times):
            self.client.complete()
        return ChatResult(generations=[ChatGeneration(message=AIMessage("done"))])

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        self.client.complete()
        for word in ("do", "ne"):
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))


class Vectors(Embeddings):
    """Embeddings that need two requests of the client."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self.client.embed(2) + self.client.embed(3)

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


@pytest.mark.parametrize("streams", [False, True], ids=["invoke", "stream"])
def test_a_covered_call_makes_no_span_and_tells_us(tracing: Tracing, streams: bool) -> None:
    """The client's instrumentation leaves span and metrics out; what it tells is on our span."""
    model = Model(client=Client(tracing))
    if streams:
        for _ in model.stream("x"):
            assert otel_context.get_value(CLIENT_INFERENCE_CONTEXT_KEY) is None
    else:
        model.invoke("x")
    attributes = dict(tracing.span("chat").attributes or {})
    assert tracing.names() == ["chat"]
    assert attributes[semconv.SERVER_ADDRESS] == "models.example"
    assert attributes[semconv.SERVER_PORT] == 443
    assert attributes[semconv.GEN_AI_RESPONSE_ID] == "answer-1"
    assert attributes[semconv.GEN_AI_USAGE_INPUT_TOKENS] == 3
    # Ours are the only ones: each count was recorded once.
    assert {point.count for point in tracing.points("gen_ai.client.token.usage")} == {1}


def test_tokens_of_several_requests_are_added_up(tracing: Tracing) -> None:
    """A call that needs several requests has the tokens of all."""
    client = Client(tracing)
    Model(client=client, times=2).invoke("x")
    Vectors(client).embed_documents(["a", "b"])
    assert tracing.names() == ["chat", "embeddings"]
    chat, embeddings = (dict(span.attributes or {}) for span in tracing.spans)
    assert chat[semconv.GEN_AI_USAGE_INPUT_TOKENS] == 6
    assert chat[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == 8
    assert embeddings[semconv.GEN_AI_USAGE_INPUT_TOKENS] == 5


def test_only_the_call_itself_is_covered(tracing: Tracing) -> None:
    """A step inside a model's body is not the model's call: its own requests keep their spans."""
    client = Client(tracing)
    step: Any = RunnableLambda(lambda _: client.complete(), name="step")
    Model(client=client, inner=step).invoke("x")
    assert tracing.tree() == "chat\n  step\n    chat m-1"


def test_a_handler_sees_no_mark_when_a_model_starts(tracing: Tracing) -> None:
    """A tracer that makes its span in a callback, as ours does, is not taken for one below ours."""
    seen: list[Any] = []

    class Handler(BaseCallbackHandler):
        def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
            seen.append(otel_context.get_value(CLIENT_INFERENCE_CONTEXT_KEY))
            seen.append(trace.get_current_span())

    list(Model(client=Client(tracing), callbacks=[Handler()]).stream("x"))
    assert seen == [None, trace.INVALID_SPAN]


def test_a_mark_of_somebody_else_stays_and_is_read(tracing: Tracing) -> None:
    """Whoever has announced the call before us is told of it, and so are we."""
    theirs = invocation.InferenceData()
    token = otel_context.attach(otel_context.set_value(CLIENT_INFERENCE_CONTEXT_KEY, theirs))
    Model(client=Client(tracing)).invoke("x")
    otel_context.detach(token)
    assert theirs.response_id == "answer-1"
    attributes = tracing.span("chat").attributes or {}
    assert attributes[semconv.GEN_AI_RESPONSE_ID] == "answer-1"


@tool
def add(a: int, b: int) -> int:
    """Add."""
    return a + b


def test_a_tracer_around_ours_gets_its_context_back(
    tracing: Tracing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that attaches when a run starts, and detaches when we have left, gets nothing."""
    tokens: list[Token[Context]] = []

    def starting(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        result = wrapped(*args, **kwargs)
        tokens.append(otel_context.attach(otel_context.set_value("theirs", "on")))
        return result

    def running(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        result = wrapped(*args, **kwargs)
        otel_context.detach(tokens.pop())
        return result

    around_start = wrapt.FunctionWrapper(vars(CallbackManager)["on_tool_start"], starting)
    monkeypatch.setattr(CallbackManager, "on_tool_start", around_start)
    monkeypatch.setattr(BaseTool, "run", wrapt.FunctionWrapper(vars(BaseTool)["run"], running))
    assert add.invoke({"a": 1, "b": 2}) == 3
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert otel_context.get_value("theirs") is None
    assert tracing.names() == ["execute_tool add"]


def test_methods_that_others_have_wrapped_stay_methods(
    tracing: Tracing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrapper below ours has the object and the arguments apart, as without us."""
    seen: list[Any] = []

    def running(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        seen.append((instance, args))
        return wrapped(*args, **kwargs)

    with tracing.off():
        monkeypatch.setattr(BaseTool, "run", wrapt.FunctionWrapper(vars(BaseTool)["run"], running))
    assert add.invoke({"a": 1, "b": 2}) == 3
    assert seen == [(add, ({"a": 1, "b": 2},))]
    LangChainInstrumentor().uninstrument()
    monkeypatch.undo()


def test_nothing_is_said_or_imported_where_nobody_is() -> None:
    """Without other tracers there is no log line, and their packages are not imported."""
    program = """
import logging, sys
logging.basicConfig(level=logging.INFO)
from langchain_core.language_models import FakeListChatModel
from langchain_otel import LangChainInstrumentor
LangChainInstrumentor().instrument()
FakeListChatModel(responses=["x"]).invoke("x")
others = ("opentelemetry.util.genai", "langfuse", "openinference")
assert not [name for name in sys.modules if name.startswith(others)]
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
    )
    assert done.returncode == 0, done.stderr
    assert "Beside" not in done.stderr


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"LANGSMITH_TRACING": "true"}, "LangSmith (gets the same runs as without us)"),
        (
            {"LANGCHAIN_TRACING_V2": "true", "LANGSMITH_OTEL_ENABLED": "true"},
            "LangSmith (gets the same runs, and makes spans of them too)",
        ),
    ],
)
def test_langsmith_is_known_by_its_variables(
    variables: dict[str, str],
    said: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The line says whether LangSmith exports spans of its own."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with caplog.at_level(logging.INFO, "langchain_otel"):
        LangChainInstrumentor().instrument()
    LangChainInstrumentor().uninstrument()
    (record,) = caplog.records
    assert said in record.getMessage()
