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
from uuid import uuid4

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
from models import StreamingModel
from recording import Tracing, instrumented
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
# What the log says of those that double something, and how many others one line names.
DOUBLING = {
    "genai-langchain": ("spans and metrics", "=langchain for", "LangChainInstrumentor()"),
    "genai-langchain and providers": ("spans and metrics", "=langchain for", "LangChainInstrum"),
    "traceloop langchain": ("spans and metrics", "=langchain for", "LangchainInstrumentor()"),
    "openinference langchain": ("spans are", "=langchain for", "LangChainInstrumentor()"),
    "openinference providers": ("spans are", "=openai for", "OpenAIInstrumentor()"),
    "openai-v2": ("spans and metrics", "=openai for", "OpenAIInstrumentor()"),
    "openai-v2, latest conventions": ("spans and metrics", "=openai for", "OpenAIInstrumentor()"),
}
NAMED = {
    "genai-langchain and providers": 2,
    "genai providers": 2,
    "traceloop providers": 2,
    "langfuse": 1,
    "langsmith": 1,
}
WITHOUT_MODELS = frozenset(("own call", "tool"))


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


@pytest.mark.slow
@pytest.mark.xdist_group("environments")
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


@pytest.mark.slow
@pytest.mark.xdist_group("environments")
@pytest.mark.parametrize("case", PLACES)
def test_our_promises_hold_beside_other_tracers(case: str, results: dict[str, Any]) -> None:
    """No span is left current, no context fails to detach, nothing of ours fails."""
    assert results[case]["beside"]["problems"] == []


@pytest.mark.slow
@pytest.mark.xdist_group("environments")
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


@pytest.mark.slow
@pytest.mark.xdist_group("environments")
def test_what_a_covered_instrumentation_tells_is_ours(results: dict[str, Any]) -> None:
    """LangChain drops the tokens of embeddings; an instrumentation of the client knows them."""
    programs = results["genai providers/last"]["beside"]["programs"]
    (embeddings,) = programs["embeddings"]["models"]
    assert embeddings[semconv.GEN_AI_USAGE_INPUT_TOKENS] > 0
    assert embeddings[semconv.GEN_AI_RESPONSE_MODEL]


@pytest.mark.slow
@pytest.mark.xdist_group("environments")
@pytest.mark.parametrize("case", NESTED)
def test_a_second_span_of_a_model_call_is_below_ours(case: str, results: dict[str, Any]) -> None:
    """Where an instrumentation knows no mark, its span nests under ours, HTTP under it."""
    tree = results[case]["beside"]["programs"]["invoke"]["tree"]
    assert tree == ["chat gpt-4.1 <langchain_otel>", f"  {NESTED[case]}", "    POST <httpx>"]


@pytest.mark.slow
@pytest.mark.xdist_group("environments")
@pytest.mark.parametrize("case", PLACES)
def test_the_log_names_the_other_tracers(case: str, results: dict[str, Any]) -> None:
    """One warning for what doubles something, with what to do; one line names all of the others.

    LangSmith's tracer is known by its variable.
    """
    log, name = results[case]["log"], case.partition("/")[0]
    warnings = [text for level, text in log if level == "WARNING"]
    assert len(warnings) == (name in DOUBLING)
    for warning in warnings:
        assert " is active beside langchain-otel and makes " in warning
        for part in DOUBLING[name]:
            assert part in warning
        assert ("gen_ai.client.token.usage" in warning) == ("metrics" in DOUBLING[name][0])
    lines = [text for _, text in log if text.startswith("Beside langchain-otel there is: ")]
    assert [line.count(" (") for line in lines] == ([NAMED[name]] if name in NAMED else [])


@pytest.mark.slow
@pytest.mark.xdist_group("environments")
@pytest.mark.parametrize("case", [case for case in PLACES if case.split("/")[0] in DOUBLING])
def test_what_is_said_to_be_double_is(case: str, results: dict[str, Any]) -> None:
    """The metrics of both have the same names where the warning says so, and nowhere else."""
    both = set(results[case]["our metrics"]) & set(results[case]["their metrics"])
    doubled = "metrics" in DOUBLING[case.partition("/")[0]][0]
    assert ({"gen_ai.client.token.usage", "gen_ai.client.operation.duration"} <= both) is doubled
    assert bool(both) is doubled


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


@pytest.mark.parametrize("ends", ["inside", "around"])
def test_a_tracer_around_a_stream_gets_its_context_back(
    tracing: Tracing, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    """So does one that detaches in a later step of a stream, or after it; ours is right in each."""
    tokens: list[Token[Context]] = []

    def starting(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        result = wrapped(*args, **kwargs)
        tokens.append(otel_context.attach(otel_context.set_value("theirs", "on")))
        return result

    def streaming(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        yield from wrapped(*args, **kwargs)
        if tokens:
            otel_context.detach(tokens.pop())

    class Marking(StreamingModel):
        def _stream(self, *args: Any, **kwargs: Any) -> Any:
            for number, chunk in enumerate(super()._stream(*args, **kwargs)):
                if number == 1 and ends == "inside":
                    otel_context.detach(tokens.pop())
                tracing.mark()
                yield chunk

    around_start = wrapt.FunctionWrapper(vars(CallbackManager)["on_chat_model_start"], starting)
    monkeypatch.setattr(CallbackManager, "on_chat_model_start", around_start)
    around_stream = wrapt.FunctionWrapper(vars(BaseChatModel)["stream"], streaming)
    monkeypatch.setattr(BaseChatModel, "stream", around_stream)
    for _ in Marking().stream("x"):
        assert trace.get_current_span() is trace.INVALID_SPAN
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert otel_context.get_value("theirs") is None
    assert set(tracing.tree().splitlines()) == {"chat", "  marker"}


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


EXPORTS = "WARNING LangSmith is active beside langchain-otel and gets the same runs, and makes"
UNCHANGED = "INFO Beside langchain-otel there is: LangSmith (gets the same runs as without us)."


@pytest.mark.parametrize(
    ("variables", "said", "remedy"),
    [
        ({"LANGSMITH_TRACING": "true"}, UNCHANGED, ""),
        (
            {"LANGCHAIN_TRACING_V2": "true", "LANGSMITH_OTEL_ENABLED": "true"},
            EXPORTS,
            "unset LANGSMITH_OTEL_ENABLED.",
        ),
        ({"LANGSMITH_TRACING": "true", "LANGCHAIN_OTEL_ONLY": "1"}, EXPORTS, "LANGCHAIN_OTEL_ONLY"),
        (
            {"LANGSMITH_TRACING": "true", "LANGSMITH_TRACING_MODE": "hybrid"},
            EXPORTS,
            "unset LANGSMITH_TRACING_MODE.",
        ),
        (
            {
                "LANGSMITH_TRACING": "true",
                "LANGSMITH_TRACING_MODE": "langsmith",
                "LANGSMITH_OTEL_ENABLED": "true",
            },
            UNCHANGED,
            "",
        ),
    ],
)
def test_langsmith_is_known_by_its_variables(
    variables: dict[str, str],
    said: str,
    remedy: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The log says whether LangSmith makes spans of its own, when the first run starts."""
    tracing = Tracing()
    with caplog.at_level(logging.INFO, "langchain_otel"), instrumented(tracing):
        # Ours alone is told of two runs: LangSmith's own tracer would ask for a server.
        (handler,) = CallbackManager.configure().handlers
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert not caplog.records
        for run_id in (uuid4(), uuid4()):
            handler.on_chain_start({}, {}, run_id=run_id)
            handler.on_chain_end({}, run_id=run_id)
    lines = [f"{record.levelname} {record.getMessage()}" for record in caplog.records]
    (line,) = (line for line in lines if "LangSmith" in line)
    assert line.startswith(said)
    assert remedy in line
    caplog.clear()
