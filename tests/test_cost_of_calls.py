"""What calls cost: each token once, as the kind that it is; what is unknown is counted, not 0."""

import asyncio
import io
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import localcontext
from pathlib import Path
from typing import Any, Final

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.embeddings import FakeEmbeddings
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Decision, Sampler, SamplingResult

from langchain_otel import OpenTelemetryCallbackHandler, health, semconv
from langchain_otel.exporters.cost_text import cost_of_calls, cost_text
from langchain_otel.exporters.tree import TreeSpanExporter
from openai_server import start_server
from priced import (
    PICTURES,
    PLAIN,
    RATES,
    SOUND,
    Seller,
    StreamingSeller,
    Writer,
    costs,
    costs_of,
    paid,
    price_file,
    unknown,
    used,
)
from recording import Tracing, instrumented
from test_wrapped_models import Wrapper
from versions import create_agent

pytestmark = pytest.mark.usefixtures("wrapped_once")

ROOT: Final = Path(__file__).parents[1]
MILLION: Final = 1_000_000
KINDS: Final[dict[str, tuple[Any, dict[str, Any]]]] = {
    "input and output": (used(1_000, 100), PLAIN),
    "nothing": (used(0, 0), {"total": 0.0}),
    "cached": (
        used(1_000, 100, in_cache_read=400),
        {"total": 0.0022, "input": 0.0012, "cache_read": 0.0002, "output": 0.0008},
    ),
    "all cached": (
        used(1_000, 100, in_cache_read=1_000),
        {"total": 0.0013, "cache_read": 0.0005, "output": 0.0008},
    ),
    "written to the cache": (
        used(1_000, 100, in_cache_read=200, in_cache_creation=400),
        {
            "total": 0.0027,
            "input": 0.0008,
            "cache_read": 0.0001,
            "cache_write": 0.001,
            "output": 0.0008,
        },
    ),
    "written for five minutes and an hour": (
        used(
            1_000,
            100,
            in_cache_read=200,
            in_cache_creation=0,
            in_ephemeral_5m_input_tokens=300,
            in_ephemeral_1h_input_tokens=100,
        ),
        {
            "total": 0.00285,
            "input": 0.0008,
            "cache_read": 0.0001,
            "cache_write": 0.00075,
            "cache_write_1h": 0.0004,
            "output": 0.0008,
        },
    ),
    "written for an hour, beside the sum": (
        used(1_000, 100, in_cache_creation=400, in_ephemeral_1h_input_tokens=400),
        {"total": 0.0036, "input": 0.0012, "cache_write_1h": 0.0016, "output": 0.0008},
    ),
    "reasoning": (
        used(1_000, 100, out_reasoning=60),
        {"total": 0.00286, "input": 0.002, "output": 0.00032, "reasoning": 0.00054},
    ),
    "sound without a price of its own": (used(1_000, 100, in_audio=300, out_audio=50), PLAIN),
    "more cached than read": (used(100, 1, in_cache_read=101), {"unknown_calls": 1}),
    "more reasoning than output": (used(100, 1, out_reasoning=2), {"unknown_calls": 1}),
    "no output": ({"input_tokens": 100}, {"unknown_calls": 1}),
    "no input": ({"output_tokens": 100}, {"unknown_calls": 1}),
    "no usage": (None, {"unknown_calls": 1}),
}


@pytest.fixture
def prices(tmp_path: Path) -> str:
    return price_file(tmp_path)


@pytest.fixture
def priced(prices: str) -> Iterator[Tracing]:
    """LangChain traced with the prices of the file."""
    tracing = Tracing()
    with instrumented(tracing, cost=prices):
        yield tracing


@pytest.fixture
def by_package() -> Iterator[Tracing]:
    """LangChain traced with the prices of genai-prices."""
    pytest.importorskip("genai_prices")
    tracing = Tracing()
    with instrumented(tracing, cost=True):
        yield tracing


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(priced: Tracing, kind: str) -> None:
    """Every token is paid for once, as what it is, on the span and in the metric."""
    usage, expected = KINDS[kind]
    Seller(usage=usage).invoke("hello")
    assert costs(priced) == expected
    kinds = {name: dollars for name, dollars in expected.items() if name in RATES}
    assert paid(priced) == kinds
    assert sum(kinds.values()) == pytest.approx(expected.get("total", 0), rel=1e-12)
    assert unknown(priced) == expected.get("unknown_calls", 0)


def test_nothing_without_being_asked() -> None:
    """Without the option no span and no metric says a word of costs."""
    tracing = Tracing()
    with instrumented(tracing):
        Seller(usage=used(1_000, 100)).invoke("hello")
    assert costs(tracing) == {}
    assert not [name for name in tracing.metrics() if "cost" in name]


MODALITIES: Final = {
    "sound": (
        used(1_000, 100, in_audio=300, out_audio=50),
        SOUND,
        {
            "total": 0.0146,
            "input": 0.0014,
            "input_audio": 0.0096,
            "output": 0.0004,
            "output_audio": 0.0032,
        },
    ),
    "pictures": (
        used(1_000, 100, in_image=300, out_image=50),
        PICTURES,
        {
            "total": 0.0068,
            "input": 0.0014,
            "input_image": 0.003,
            "output": 0.0004,
            "output_image": 0.002,
        },
    ),
    # Nothing says whether the cached tokens are those of the sound.
    "cached sound": (used(1_000, 100, in_audio=300, in_cache_read=1), SOUND, {"unknown_calls": 1}),
    "written sound": (
        used(1_000, 100, in_audio=300, in_cache_creation=1),
        SOUND,
        {"unknown_calls": 1},
    ),
    "cached, and sound in the answer": (
        used(1_000, 100, out_audio=100, in_cache_read=1_000),
        SOUND,
        {"total": 0.0069, "cache_read": 0.0005, "output_audio": 0.0064},
    ),
}


@pytest.mark.parametrize("kind", MODALITIES)
def test_sound_and_pictures(tmp_path: Path, kind: str) -> None:
    """Where they have prices of their own they are paid for by these, else as text."""
    usage, rates, expected = MODALITIES[kind]
    tracing = Tracing()
    model = {"model": "sees-and-hears", **RATES, **rates}
    with instrumented(tracing, cost=price_file(tmp_path, model)):
        Seller(name="sees-and-hears", usage=usage).invoke("hello")
    assert costs(tracing) == expected


def test_kinds_without_a_price_of_their_own(tmp_path: Path) -> None:
    """They are paid for as the input and the output that they are a part of."""
    tracing = Tracing()
    plain = {"model": "plain", "input": 2, "output": 8}
    writes = {"model": "writes", "input": 2, "cache_write": 2.5, "output": 8}
    usage = used(
        1_000,
        100,
        in_cache_read=100,
        in_ephemeral_5m_input_tokens=300,
        in_ephemeral_1h_input_tokens=100,
        out_reasoning=60,
    )
    with instrumented(tracing, cost=price_file(tmp_path, plain, writes)):
        Seller(name="plain", usage=usage).invoke("hello")
        Seller(name="writes", usage=usage).invoke("hello")
    assert costs_of(tracing.spans[0]) == {
        "total": 0.0028,
        "input": 0.001,
        "cache_read": 0.0002,
        "cache_write": 0.0006,
        "cache_write_1h": 0.0002,
        "reasoning": 0.00048,
        "output": 0.00032,
    }
    # An hour costs more than five minutes, and how much is not said.
    assert costs_of(tracing.spans[1]) == {"unknown_calls": 1}


def test_tiers_and_requests(tmp_path: Path) -> None:
    """A tier counts for the whole call once the input is longer; a request may have a price."""
    tracing = Tracing()
    tiers = [{"start": 1_000, "price": 4}, {"start": 2_000, "price": 6}]
    model = {"model": "long", "input": {"base": 2, "tiers": tiers[::-1]}, "output": 8}
    with instrumented(tracing, cost=price_file(tmp_path, {**model, "request": 0.005})):
        for tokens in (1_000, 1_001, 3_000):
            Seller(name="long", usage=used(tokens, 100)).invoke("hello")
    found = [costs_of(span) for span in tracing.spans]
    assert [each["input"] for each in found] == [0.002, 0.004004, 0.018]
    assert {each["request"] for each in found} == {0.005}
    assert found[0]["total"] == 0.0078


def test_an_application_with_few_decimal_digits(priced: Tracing) -> None:
    """The application's own way to reckon with decimals is not ours."""
    with localcontext(prec=1):
        Seller(usage=used(123_456, 7)).invoke("hello")
    assert costs(priced)["total"] == 0.246968


# Calls that are streamed, left, retried, cached


def test_a_streamed_call(priced: Tracing) -> None:
    """It costs what its last chunk says."""
    list(StreamingSeller(usage=used(1_000, 100)).stream("hello"))
    assert costs(priced) == PLAIN


def test_a_stream_that_is_left(priced: Tracing) -> None:
    """What came counts, and that it is not all; without a count nothing is known."""
    counting = StreamingSeller(usage=used(1_000, 100))
    stream = counting.stream("hello")
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert costs(priced) == {"unknown_calls": 1}


class EarlySeller(StreamingSeller):
    """Counts with its first chunk, as Anthropic does."""

    def _stream(self, *_: Any, **__: Any) -> Any:
        first, *others = super()._stream()
        first.message.usage_metadata = self.usage
        yield from (first, *others[:-1])


def test_a_stream_that_is_left_after_its_count(priced: Tracing) -> None:
    """The known part of the cost is there, and that it is a part, also in the sums."""

    def leave(_: Any) -> None:
        stream = EarlySeller(usage=used(1_000, 1)).stream("hello")
        next(stream)
        stream.close()  # type: ignore[attr-defined]

    RunnableLambda(leave, name="leaver").invoke("x")
    expected = {"total": 0.002008, "input": 0.002, "output": 0.000008, "unknown_calls": 1}
    assert costs(priced) == expected
    assert costs_of(priced.span("invoke_workflow leaver")) == {
        "total": 0.002008,
        "unknown_calls": 1,
    }
    assert paid(priced) == {"input": 0.002, "output": 0.000008}
    assert unknown(priced) == 1


def test_a_call_that_fails(priced: Tracing) -> None:
    """A refused call is paid for by nobody; one that breaks off in its answer is."""
    with pytest.raises(ValueError, match="no"):
        Seller(fails=ValueError("no")).invoke("hello")
    with pytest.raises(ValueError, match="no"):
        list(StreamingSeller(fails=ValueError("no")).stream("hello"))
    refused, broken = [costs_of(span) for span in priced.spans]
    assert refused == {}
    assert broken == {"unknown_calls": 1}
    assert unknown(priced) == 1


def test_a_call_that_is_tried_again(priced: Tracing) -> None:
    """Each attempt is a call; who is around them pays for all that answered."""
    failing = itertools.chain([ValueError("no")], itertools.repeat(None))

    class Flaky(Seller):
        def _generate(self, messages: Any, *_: Any, **__: Any) -> Any:
            error = next(failing)
            if error is not None:
                raise error
            return super()._generate(messages)

    model = Flaky(usage=used(1_000, 100)).with_retry(wait_exponential_jitter=False)
    RunnableLambda(model.invoke, name="retrier").invoke("hello")
    workflow = priced.span("invoke_workflow retrier")
    assert costs_of(workflow) == {"total": 0.0028}
    assert paid(priced) == {"input": 0.002, "output": 0.0008}


def test_an_answer_from_langchains_cache(priced: Tracing) -> None:
    """It costs nothing and is nothing unknown; who is around pays for the first one."""
    model = Seller(usage=used(1_000, 100), cache=InMemoryCache())

    def twice(_: Any) -> None:
        model.invoke("hello")
        model.invoke("hello")

    RunnableLambda(twice, name="asker").invoke("x")
    first, second, workflow = [costs_of(span) for span in priced.spans]
    assert (first, second, workflow) == (PLAIN, {}, {"total": 0.0028})
    assert paid(priced) == {"input": 0.002, "output": 0.0008}
    assert unknown(priced) == 0


def test_a_completion_model(priced: Tracing) -> None:
    """Which does not say what it used: unknown."""
    Writer().invoke("hello")
    assert costs(priced) == {"unknown_calls": 1}


# The real client of OpenAI


def test_openais_client(by_package: Tracing) -> None:
    """Its usage, its dated name and its embeddings are priced, whole and streamed."""
    with start_server() as server:
        options: dict[str, Any] = {"base_url": server.base_url, "api_key": "none"}
        model = ChatOpenAI(model="gpt-4o", stream_usage=True, **options)
        model.invoke("Hello")
        list(model.stream("Hello"))
        asyncio.run(model.ainvoke("Hello"))
        with pytest.raises(Exception, match="Incorrect API key"):
            ChatOpenAI(model="fail-401", max_retries=0, **options).invoke("Hello")
        embeddings = OpenAIEmbeddings(
            model="text-embedding-3-small", check_embedding_ctx_length=False, **options
        )
        embeddings.embed_documents(["one", "two"])
    *chats, failed, embedded = by_package.spans
    for span in chats:
        tokens: dict[str, Any] = dict(span.attributes or {})
        cached = tokens[semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS]
        fresh = tokens[semconv.GEN_AI_USAGE_INPUT_TOKENS] - cached
        out = tokens[semconv.GEN_AI_USAGE_OUTPUT_TOKENS]
        dollars = fresh * 2.5 + cached * 1.25 + out * 10
        assert costs_of(span)["total"] == pytest.approx(dollars / MILLION, rel=1e-12)
        assert dollars
    assert costs_of(failed) == {}
    counted = (embedded.attributes or {})[semconv.GEN_AI_USAGE_INPUT_TOKENS]
    assert isinstance(counted, int)
    dollars = pytest.approx(counted * 0.02 / MILLION, rel=1e-12)
    assert costs_of(embedded) == {"total": dollars, "input": dollars}
    operations = {
        point.attributes[semconv.GEN_AI_OPERATION_NAME]
        for point in by_package.points(semconv.METRIC_COST)
    }
    assert operations == {"chat", "embeddings"}
    assert unknown(by_package) == 0


# Sums


@tool
def look(question: str) -> str:
    """Look."""
    return "found"


def calling(name: str) -> AIMessage:
    call = {"name": name, "args": {"question": "?"}, "id": "1", "type": "tool_call"}
    return AIMessage("", tool_calls=[call])


def test_an_agent_with_a_subagent(priced: Tracing) -> None:
    """Who is around a call pays for it once, at every level; a price that is not known shows."""
    usage = used(1_000, 100)
    inner = create_agent(
        Seller(usage=usage, answers=[calling("look"), AIMessage("here")]), [look], name="inner"
    )
    strange = Seller(name="of nobody", usage=usage)

    @tool
    def delegate(question: str) -> str:
        """Ask somebody else."""
        strange.invoke(question)
        return str(inner.invoke({"messages": [HumanMessage(question)]})["messages"][-1].content)

    outer_model = Seller(usage=usage, answers=[calling("delegate"), AIMessage("there")])
    outer = create_agent(outer_model, [delegate], name="outer")
    chain: Any = RunnableLambda(lambda text: {"messages": [HumanMessage(text)]}) | outer
    chain.with_config(run_name="request").invoke("where?")
    sums = {span.name: costs_of(span) for span in priced.spans if span.name.startswith("invoke_")}
    assert sums.pop("invoke_agent inner") == {"total": 0.0056}
    assert sums.pop("invoke_agent outer") == {"total": 0.0112, "unknown_calls": 1}
    (workflow,) = sums.values()
    assert workflow == {"total": 0.0112, "unknown_calls": 1}
    others = [span for span in priced.spans if not span.name.startswith(("invoke_", "chat"))]
    assert others
    assert all(costs_of(span) == {} for span in others)
    assert sum(paid(priced).values()) == pytest.approx(0.0112, rel=1e-12)
    assert unknown(priced) == 1


def test_only_unknown_calls(priced: Tracing) -> None:
    """Nothing known is no sum of 0."""
    chain = ChatPromptTemplate.from_template("{x}") | Seller(name="of nobody") | StrOutputParser()
    chain.invoke({"x": "hello"})
    assert costs_of(priced.spans[-1]) == {"unknown_calls": 1}


@pytest.mark.parametrize("detail", ["all", "nodes", "semantic"])
def test_sums_at_every_level_of_detail(prices: str, detail: str) -> None:
    """Steps that have no span do not keep the cost from their workflow."""
    tracing = Tracing()
    chain = ChatPromptTemplate.from_template("{x}") | Seller(usage=used(1_000, 100))

    def ask(text: str) -> Any:
        return chain.invoke({"x": text})

    with instrumented(tracing, cost=prices, detail=detail):
        RunnableLambda(ask, name="outer").invoke("hello")
    assert costs_of(tracing.span("invoke_workflow outer")) == {"total": 0.0028}


def test_calls_at_the_same_time(priced: Tracing) -> None:
    """Many threads and tasks: the sum is exact to the last digit."""
    model = Seller(usage=used(1_000, 100))
    branches = {f"branch{number}": model for number in range(8)}
    parallel: Any = RunnableParallel(branches)

    def many(_: Any) -> None:
        for _ in range(10):
            parallel.invoke("hello")

    async def amany(_: Any) -> None:
        await asyncio.gather(*(parallel.ainvoke("hello") for _ in range(10)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(RunnableLambda(many, name="threads").invoke, range(4)))
    asyncio.run(RunnableLambda(amany, name="tasks").ainvoke("x"))
    workflows = [span for span in priced.spans if span.name in THREADS_AND_TASKS]
    assert [costs_of(span) for span in workflows] == [{"total": 0.224}] * 5
    assert paid(priced) == {"input": 0.8, "output": 0.32}


THREADS_AND_TASKS: Final = ("invoke_workflow threads", "invoke_workflow tasks")


def test_a_model_that_wraps_another(priced: Tracing) -> None:
    """The call is paid for once, by the run that made it."""
    inner = Seller(usage=used(1_000, 100))

    def ask(text: str) -> Any:
        return Wrapper(inner=inner).invoke(text)

    RunnableLambda(ask, name="asker").invoke("hello")
    by_name = {span.name: costs_of(span) for span in priced.spans}
    assert by_name == {
        "chat house-model": PLAIN,
        "chat wrapper": {},
        "invoke_workflow asker": {"total": 0.0028},
    }
    assert unknown(priced) == 0


def test_a_wrapped_model_that_says_nothing(priced: Tracing) -> None:
    """One call of unknown price is one, not one for each run that stands for it."""
    Wrapper(inner=Seller(usage=None)).invoke("hello")
    assert unknown(priced) == 1


# Who looks


def test_calls_that_are_not_sampled(prices: str) -> None:
    """The metric counts them all the same."""
    tracing = Tracing()
    tracing.tracer_provider = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    with instrumented(tracing, cost=prices):
        Seller(usage=used(1_000, 100)).invoke("hello")
        Seller(name="of nobody").invoke("hello")
    assert tracing.spans == ()
    assert paid(tracing) == {"input": 0.002, "output": 0.0008}
    assert unknown(tracing) == 1


class WithoutModels(Sampler):
    """Drops the spans of model calls."""

    def should_sample(
        self, parent_context: Any, trace_id: int, name: str, *_: Any, **__: Any
    ) -> SamplingResult:
        is_model = name.startswith("chat")
        return SamplingResult(Decision.DROP if is_model else Decision.RECORD_AND_SAMPLE)

    def get_description(self) -> str:
        return "without models"


def test_sums_of_calls_without_spans(prices: str) -> None:
    """A workflow pays for calls whose spans nobody keeps, though nobody measures."""
    tracing = Tracing()
    tracing.tracer_provider = TracerProvider(sampler=WithoutModels(), shutdown_on_exit=False)
    tracing.tracer_provider.add_span_processor(SimpleSpanProcessor(tracing.exporter))
    tracing.meter_provider = MeterProvider([], shutdown_on_exit=False)
    with instrumented(tracing, cost=prices):
        RunnableLambda(Seller(usage=used(1_000, 100)).invoke, name="asker").invoke("hello")
    assert tracing.names() == ["invoke_workflow asker"]
    assert costs_of(tracing.spans[0]) == {"total": 0.0028}


def test_series_of_models(prices: str) -> None:
    """Provider, names and kind are the attributes; they are bounded as of any metric."""
    tracing = Tracing()
    with instrumented(tracing, cost=lambda *_: {"input": 1}):
        for number in range(110):
            Seller(name=f"model-{number}", answered="same", usage=used(1, 1)).invoke("hello")
    assert sum(paid(tracing).values()) == 110
    points = tracing.points(semconv.METRIC_COST)
    assert len(points) == 101
    assert points[0].attributes == {
        semconv.GEN_AI_OPERATION_NAME: "chat",
        semconv.GEN_AI_PROVIDER_NAME: "openai",
        semconv.GEN_AI_REQUEST_MODEL: "model-0",
        semconv.GEN_AI_RESPONSE_MODEL: "same",
        semconv.COST_KIND: "input",
    }
    health.failures.clear()


def test_two_who_trace_count_once(prices: str) -> None:
    """Two that trace into the same metrics do not count a call twice."""
    tracing = Tracing()
    other = Tracing()
    handler = OpenTelemetryCallbackHandler(
        other.tracer_provider, meter_provider=tracing.meter_provider, cost=prices
    )
    with instrumented(tracing, cost=prices):
        Seller(usage=used(1_000, 100)).invoke("hello", {"callbacks": [handler]})
    assert costs(tracing) == costs(other) == PLAIN
    assert paid(tracing) == {"input": 0.002, "output": 0.0008}


def test_embeddings_that_do_not_say_what_they_used(priced: Tracing) -> None:
    """Unknown, as of a model."""
    FakeEmbeddings(size=2).embed_query("hello")
    assert costs_of(priced.spans[0]) == {"unknown_calls": 1}


# The dialect of Phoenix


def test_openinference(tmp_path: Path) -> None:
    """Model calls have OpenInference's names; parts add up to prompt and completion."""
    usage = used(
        1_000,
        100,
        in_cache_read=200,
        in_ephemeral_5m_input_tokens=300,
        in_ephemeral_1h_input_tokens=100,
        out_reasoning=60,
    )
    tracing = Tracing()
    with instrumented(tracing, cost=price_file(tmp_path), dialect="openinference"):
        RunnableLambda(Seller(usage=usage).invoke, name="asker").invoke("hello")
        Seller(name="of nobody").invoke("hello")
    call, workflow, nobody = [dict(span.attributes or {}) for span in tracing.spans]
    found = {name: value for name, value in call.items() if "cost" in name}
    assert found == pytest.approx(
        {
            "llm.cost.total": 0.00291,
            "llm.cost.prompt": 0.00205,
            "llm.cost.prompt_details.input": 0.0008,
            "llm.cost.prompt_details.cache_read": 0.0001,
            "llm.cost.prompt_details.cache_write": 0.00115,
            "llm.cost.completion": 0.00086,
            "llm.cost.completion_details.output": 0.00032,
            "llm.cost.completion_details.reasoning": 0.00054,
        },
        rel=1e-12,
    )
    assert workflow[semconv.COST_TOTAL] == 0.00291
    assert nobody[semconv.COST_UNKNOWN_CALLS] == 1
    assert not [name for name in nobody if name.startswith("llm.cost")]


# The tree in the terminal


def test_the_tree_shows_costs() -> None:
    """A few digits that say something, and whether there is more that is not known."""
    known = {semconv.COST_TOTAL: 0.000364, semconv.GEN_AI_OPERATION_NAME: "chat"}
    nobody = {semconv.COST_UNKNOWN_CALLS: 1, semconv.GEN_AI_OPERATION_NAME: "chat"}
    agent = {semconv.COST_TOTAL: 0.000364, semconv.GEN_AI_OPERATION_NAME: "invoke_agent"}
    assert cost_text([known]) == "$0.000364"
    assert cost_text([nobody]) == "$?"
    assert cost_text([{}, None]) == ""
    assert cost_of_calls([known, known, agent, nobody, None]) == "$0.000728 + $?"


@pytest.mark.parametrize(
    ("dollars", "shown"),
    [
        (0.0, "$0.00"),
        (1e-9, "$0.000000001"),
        (0.00012345, "$0.000123"),
        (0.1, "$0.10"),
        (0.25, "$0.25"),
        (0.9999, "$1.00"),
        (1.0, "$1.00"),
        (1234.5, "$1234.50"),
    ],
)
def test_digits_of_the_tree(dollars: float, shown: str) -> None:
    assert cost_text([{semconv.COST_TOTAL: dollars}]) == shown


def test_the_tree_in_the_terminal(priced: Tracing) -> None:
    """Spans have their cost, and the last line that of all calls."""
    chain = ChatPromptTemplate.from_template("{x}") | Seller(usage=used(1_000, 100))
    chain.invoke({"x": "hello"})
    out = io.StringIO()
    exporter = TreeSpanExporter(out)
    exporter.export(priced.spans)
    head, root, *_, totals, _ = out.getvalue().splitlines()
    assert head.startswith("trace ")
    assert root.endswith("$0.0028")
    assert totals.endswith("$0.0028")
    assert out.getvalue().count("$0.0028") == 3
