"""Metrics: exact names, units, buckets and attributes, also where the span is not sampled."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from time import perf_counter, sleep
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAI
from langgraph.graph import START, MessagesState, StateGraph
from openai import OpenAIError
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from langchain_otel import semconv
from models import Model, Retriever, StreamingModel
from openai_server import ModelServer, start_server
from recording import Tracing, instrumented

SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
AGENT_SECONDS = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6]
WORKFLOW_SECONDS = [1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200]
TOKENS = [
    *(1, 4, 16, 64, 256, 1024, 4096, 16384, 65536),
    *(262144, 1048576, 4194304, 16777216, 67108864),
]
CALLS = [1, 2, 4, 8, 16, 32, 64, 128]

INFERENCE = "gen_ai.client.inference"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with start_server() as server:
        yield server


def chat(server: ModelServer, **options: Any) -> ChatOpenAI:
    options = {"model": "gpt-5-mini", "api_key": "none", "max_retries": 0, **options}
    return ChatOpenAI(base_url=server.base_url, stream_usage=True, **options)


LASTS = 0.02
"""The seconds that bodies take at least."""


@tool
def add(a: int, b: int) -> int:
    """Add."""
    sleep(LASTS)
    return a + b


class SlowRetriever(Retriever):
    """Takes a while."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> Any:
        sleep(LASTS)
        return super()._get_relevant_documents(query, run_manager=run_manager)


def test_metrics_of_a_streamed_call(tracing: Tracing, server: ModelServer) -> None:
    """All client metrics of a model call: name, unit, boundaries, attributes; by default under the
    names of the latest conventions and under the previous ones.
    """
    chunks = list(chat(server).stream("Hello"))
    units = {name: (metric.unit, metric.boundaries) for name, metric in tracing.metrics().items()}
    assert units == {
        f"{INFERENCE}.duration": ("s", SECONDS),
        f"{INFERENCE}.time_to_first_chunk": ("s", SECONDS),
        f"{INFERENCE}.time_per_output_chunk": ("s", SECONDS),
        f"{INFERENCE}.operation.input_tokens": ("{token}", TOKENS),
        f"{INFERENCE}.operation.output_tokens": ("{token}", TOKENS),
        f"{INFERENCE}.usage.input_tokens": ("{token}", None),
        f"{INFERENCE}.usage.output_tokens": ("{token}", None),
        f"{INFERENCE}.usage.cache_read.input_tokens": ("{token}", None),
        f"{INFERENCE}.usage.reasoning.output_tokens": ("{token}", None),
        "gen_ai.client.operation.duration": ("s", SECONDS),
        "gen_ai.client.operation.time_to_first_chunk": ("s", SECONDS),
        "gen_ai.client.operation.time_per_output_chunk": ("s", SECONDS),
        "gen_ai.client.token.usage": ("{token}", TOKENS),
    }
    span = tracing.spans[0]
    assert span.attributes is not None
    common = {
        name: span.attributes[name]
        for name in (
            semconv.GEN_AI_OPERATION_NAME,
            semconv.GEN_AI_PROVIDER_NAME,
            semconv.GEN_AI_REQUEST_MODEL,
            semconv.GEN_AI_RESPONSE_MODEL,
            semconv.SERVER_ADDRESS,
            semconv.SERVER_PORT,
        )
    }
    for metric in ("time_to_first_chunk", "time_per_output_chunk"):
        (point,) = tracing.points(f"{INFERENCE}.{metric}")
        assert point.attributes == common
    (duration,) = tracing.points(f"{INFERENCE}.duration")
    assert duration.attributes.items() >= common.items()
    assert semconv.ERROR_TYPE not in duration.attributes
    (between,) = tracing.points(f"{INFERENCE}.time_per_output_chunk")
    # LangChain's own end-of-stream chunk is no chunk, and the first one has none before it.
    counted = [
        chunk
        for chunk in chunks
        if chunk.content or getattr(chunk, "chunk_position", None) != "last"
    ]
    assert between.count == len(counted) - 1


def test_token_totals(tracing: Tracing, server: ModelServer) -> None:
    """Sums over calls equal the sums of the spans, and name a modality."""
    for _ in range(3):
        chat(server).invoke("Hello")
    for fact, metric in (
        (semconv.GEN_AI_USAGE_INPUT_TOKENS, "usage.input_tokens"),
        (semconv.GEN_AI_USAGE_OUTPUT_TOKENS, "usage.output_tokens"),
        (semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, "usage.reasoning.output_tokens"),
    ):
        expected = sum(int(str((span.attributes or {})[fact])) for span in tracing.spans)
        points = tracing.points(f"{INFERENCE}.{metric}")
        assert sum(point.value for point in points) == expected
        assert all(semconv.GEN_AI_TOKEN_MODALITY in point.attributes for point in points)


OTHER_PROGRAMS: dict[str, tuple[Callable[[], Any], str, list[float]]] = {
    "tool": (lambda: add.invoke({"a": 1, "b": 2}), "gen_ai.execute_tool.duration", SECONDS),
    "retriever": (
        lambda: SlowRetriever().invoke("x"),
        "gen_ai.client.operation.duration",
        SECONDS,
    ),
}


@pytest.mark.parametrize("program", OTHER_PROGRAMS)
def test_duration_of_other_operations(tracing: Tracing, program: str) -> None:
    """A duration for each operation that the conventions name, like the span's."""
    run, name, boundaries = OTHER_PROGRAMS[program]
    begin = perf_counter()
    run()
    most = perf_counter() - begin
    assert tracing.metrics()[name].boundaries == boundaries
    (point,) = tracing.points(name)
    (span,) = tracing.spans
    seconds = ((span.end_time or 0) - (span.start_time or 0)) / 1e9
    # The two clocks differ by what the system sets right, far less than a body lasts.
    assert LASTS <= point.sum <= most
    assert LASTS / 2 <= seconds <= most + LASTS / 2


def test_workflow_duration(tracing: Tracing) -> None:
    """A graph is a workflow, and so is a chain that is not a part of one; steps have no metric."""
    builder = StateGraph(MessagesState)
    builder.add_node("node", lambda state: state)
    builder.add_edge(START, "node")
    builder.compile(name="steps").invoke({"messages": []})
    RunnableLambda(lambda x: x).invoke("x")
    names = ["gen_ai.invoke_workflow.duration", "gen_ai.workflow.duration"]
    assert sorted(tracing.metrics()) == names
    for name in names:
        graph, chain = tracing.points(name)
        assert (graph.attributes, graph.count) == ({semconv.GEN_AI_WORKFLOW_NAME: "steps"}, 1)
        assert (chain.attributes, chain.count) == ({}, 1)


def test_failure_is_on_the_duration(tracing: Tracing, server: ModelServer) -> None:
    """The same error type on span and metric; nothing else is recorded of a call without answer."""
    with pytest.raises(OpenAIError):
        chat(server, model="fail-429").invoke("Hello")
    names = ["gen_ai.client.operation.duration", f"{INFERENCE}.duration"]
    assert sorted(tracing.metrics()) == sorted(names)
    (point,) = tracing.points(f"{INFERENCE}.duration")
    (span,) = tracing.spans
    assert point.attributes[semconv.ERROR_TYPE] == (span.attributes or {})[semconv.ERROR_TYPE]


def test_unsampled_runs_are_measured(server: ModelServer) -> None:
    """Metrics do not depend on sampling."""
    tracing = Tracing()
    tracing.tracer_provider.sampler = ALWAYS_OFF
    with instrumented(tracing):
        chat(server).invoke("Hello")
    assert not tracing.spans
    (point,) = tracing.points(f"{INFERENCE}.duration")
    assert point.attributes[semconv.GEN_AI_RESPONSE_MODEL]
    assert tracing.points(f"{INFERENCE}.usage.input_tokens")[0].value > 0


def test_runs_with_other_attributes_have_points_of_their_own(tracing: Tracing) -> None:
    """Models that succeed and fail by turns: each is counted under its own attributes."""
    works, fails = Model(), Model(fails=ValueError("broken"))
    for model in (works, fails, works, fails, works):
        with suppress(ValueError):
            model.invoke("hello")
    counts = {
        (point.attributes or {}).get(semconv.ERROR_TYPE): point.count
        for point in tracing.points(f"{INFERENCE}.duration")
    }
    assert counts == {None: 3, "ValueError": 2}
    (tokens,) = tracing.points(f"{INFERENCE}.usage.input_tokens")
    assert tokens.value == 3 * 3


def test_exemplars_lead_to_the_span(tracing: Tracing, server: ModelServer) -> None:
    """A duration is recorded with its span's context."""
    chat(server).invoke("Hello")
    (point,) = tracing.points(f"{INFERENCE}.duration")
    (exemplar,) = point.exemplars
    assert tracing.spans[0].context is not None
    assert exemplar.span_id == tracing.spans[0].context.span_id


def test_cached_answer_counts_nothing(tracing: Tracing) -> None:
    """An answer from LangChain's own cache is marked, and is no call."""
    model = Model(cache=InMemoryCache())
    for _ in range(2):
        model.invoke("hello")
    called, cached = tracing.spans
    assert semconv.CACHE_HIT not in (called.attributes or {})
    assert (cached.attributes or {})[semconv.CACHE_HIT] is True
    assert semconv.GEN_AI_USAGE_INPUT_TOKENS not in (cached.attributes or {})
    assert tracing.points(f"{INFERENCE}.duration")[0].count == 1


@pytest.mark.parametrize("flavour", ["latest", "previous", "both"])
def test_flavours(flavour: str, server: ModelServer) -> None:
    """The names of earlier versions, which dashboards still read, by a setting."""
    tracing = Tracing()
    with instrumented(tracing, metrics=flavour):
        list(chat(server).stream("Hello"))
        Retriever().invoke("x")
    names = set(tracing.metrics())
    latest = {name for name in names if name.startswith(INFERENCE)}
    previous = {
        "gen_ai.client.token.usage",
        "gen_ai.client.operation.time_to_first_chunk",
        "gen_ai.client.operation.time_per_output_chunk",
    }
    assert bool(latest) is (flavour != "previous")
    assert (names & previous == previous) is (flavour != "latest")
    operations = {
        point.attributes[semconv.GEN_AI_OPERATION_NAME]
        for point in tracing.points("gen_ai.client.operation.duration")
    }
    assert operations == ({"retrieval"} if flavour == "latest" else {"retrieval", "chat"})
    if flavour != "latest":
        usage = tracing.points("gen_ai.client.token.usage")
        types = {point.attributes[semconv.GEN_AI_TOKEN_TYPE] for point in usage}
        assert types == {"input", "output"}


def test_several_choices_are_counted_once(tracing: Tracing, server: ModelServer) -> None:
    """Usage of an answer with several choices, and of several prompts, is not summed twice."""
    chat(server, n=3).invoke("Hello")
    OpenAI(
        model="gpt-3.5-turbo-instruct",
        base_url=server.base_url,
        api_key="none",  # type: ignore[arg-type]
    ).generate(["one", "two"])
    sent = [request.path for request in server.requests]
    assert len(sent) == 2
    spans = [span for span in tracing.spans if span.name.startswith("chat")]
    (point,) = [
        point
        for point in tracing.points(f"{INFERENCE}.operation.input_tokens")
        if point.attributes[semconv.GEN_AI_OPERATION_NAME] == "chat"
    ]
    assert point.sum == (spans[0].attributes or {})[semconv.GEN_AI_USAGE_INPUT_TOKENS]


def test_abandoned_stream_is_measured(tracing: Tracing) -> None:
    """What came before a stream was left counts."""
    stream = StreamingModel().stream("hello")
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert tracing.points(f"{INFERENCE}.usage.output_tokens")[0].value == 1
