"""Token counts: non-negative and 64 bits wide, or they are no counts; so are their sums."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from langchain_core.language_models import LLM, BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult, LLMResult
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import View
from pydantic import SecretStr

import scripted_model
from langchain_otel import semconv
from models import Model, calls, says
from openai_server import start_server
from recording import Tracing, instrumented
from versions import create_agent

pytestmark = pytest.mark.usefixtures("wrapped_once")

numpy = pytest.importorskip("numpy")

LARGEST = 2**63 - 1
INFERENCE = "gen_ai.client.inference"
NO_COUNTS = {
    "one too many": LARGEST + 1,
    "negative": -1,
    "very negative": -(2**63) - 1,
    "endless": 10**400,
    "a float beyond 64 bits": 1e30,
    "a float just beyond 64 bits": float(2**63),
    "a negative float": -2.0,
    "a fraction": 2.5,
    "not a number": float("nan"),
    "infinite": float("inf"),
    "negative and infinite": float("-inf"),
    "a bool": True,
    "a text": "7",
    "a list": [7],
    "a decimal": Decimal(7),
    "a half": Fraction(1, 2),
    "numpy: one too many": numpy.uint64(2**63),
    "numpy: negative": numpy.int64(-7),
    "numpy: a bool": numpy.bool_(1),
    "numpy: not a number": numpy.float64("nan"),
    "numpy: not a number, narrow": numpy.float32("nan"),
    "numpy: infinite": numpy.float32("inf"),
    "numpy: an array": numpy.array([7, 8]),
}
COUNTS = {
    "none": (0, 0),
    "the largest": (LARGEST, LARGEST),
    "a whole float": (7.0, 7),
    "a float of none": (0.0, 0),
    "a whole rational": (Fraction(7), 7),
    "numpy: an integer": (numpy.int64(7), 7),
    "numpy: a narrow integer": (numpy.uint8(7), 7),
    "numpy: a whole float": (numpy.float64(7), 7),
    "numpy: a narrow whole float": (numpy.float32(7), 7),
}


class Counting(BaseChatModel):
    """Says of its answers what it was given: `usage` in the message, `output` beside it."""

    usage: Any = None
    output: Any = None

    @property
    def _llm_type(self) -> str:
        return "counting"

    def _generate(self, messages: list[Any], *_: Any, **__: Any) -> ChatResult:
        message = AIMessage("hello", response_metadata={"finish_reason": "stop"})
        # Set from outside, as the packages of some providers do: nobody checks it.
        message.usage_metadata = self.usage
        return ChatResult(
            generations=[ChatGeneration(message=message)], llm_output=self.output or {}
        )


def places(count: Any) -> Iterator[Counting]:
    """Models that report a count in each place where LangChain's models do."""
    yield Counting(usage={"input_tokens": count, "output_tokens": 2, "total_tokens": 2})
    yield Counting(output={"token_usage": {"prompt_tokens": count, "completion_tokens": 2}})


def attributes(tracing: Tracing) -> dict[str, Any]:
    """Those of the last span."""
    return dict(tracing.spans[-1].attributes or {})


def encoded(tracing: Tracing) -> int:
    """The bytes of everything, as an OTLP exporter makes them."""
    data = tracing.metric_reader.get_metrics_data()
    assert data is not None
    metrics = encode_metrics(data).SerializeToString()
    return len(metrics) + len(encode_spans(tracing.spans).SerializeToString())


@pytest.mark.parametrize("kind", NO_COUNTS)
def test_what_is_no_count_is_left_out(tracing: Tracing, kind: str) -> None:
    """The rest of the answer is recorded, nothing is logged, everything can be exported."""
    for model in places(NO_COUNTS[kind]):
        model.invoke("hello")
        found = attributes(tracing)
        assert semconv.GEN_AI_USAGE_INPUT_TOKENS not in found
        assert found[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == 2
        assert found[semconv.GEN_AI_RESPONSE_FINISH_REASONS] == ("stop",)
    assert f"{INFERENCE}.usage.input_tokens" not in tracing.metrics()
    assert f"{INFERENCE}.operation.input_tokens" not in tracing.metrics()
    assert tracing.points(f"{INFERENCE}.usage.output_tokens")[0].value == 4
    assert encoded(tracing)


@pytest.mark.parametrize("kind", COUNTS)
def test_what_is_a_count_is_a_plain_integer(tracing: Tracing, kind: str) -> None:
    """Zero is a count; integers of numpy and whole floats are counts too."""
    given, expected = COUNTS[kind]
    for model in places(given):
        model.invoke("hello")
        found = attributes(tracing)[semconv.GEN_AI_USAGE_INPUT_TOKENS]
        assert (found, type(found)) == (expected, int)
    assert encoded(tracing)


@pytest.mark.parametrize("kind", NO_COUNTS)
@pytest.mark.parametrize(
    ("details", "key", "name"),
    [
        ("input_token_details", "cache_read", semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS),
        ("input_token_details", "cache_creation", semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS),
        ("input_token_details", "audio", semconv.GEN_AI_USAGE_AUDIO_INPUT_TOKENS),
        (
            "input_token_details",
            "ephemeral_5m_input_tokens",
            semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
        ),
        ("output_token_details", "reasoning", semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS),
        ("output_token_details", "image", semconv.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS),
    ],
)
def test_details_are_counts_too(
    tracing: Tracing, kind: str, details: str, key: str, name: str
) -> None:
    """What a count is made of is a count, or left out."""
    usage = {
        "input_tokens": 3,
        "output_tokens": 2,
        "total_tokens": 5,
        details: {key: NO_COUNTS[kind]},
    }
    Counting(usage=usage).invoke("hello")
    found = attributes(tracing)
    assert name not in found
    assert found[semconv.GEN_AI_USAGE_INPUT_TOKENS] == 3
    assert encoded(tracing)


def test_one_answer_does_not_end_the_metrics(tracing: Tracing) -> None:
    """After an answer with an absurd count, those after it are counted and exported."""
    absurd = Counting(usage={"input_tokens": LARGEST + 1, "output_tokens": 10**400})
    for model in (Model(), absurd, Model()):
        model.invoke("hello")
    assert encoded(tracing)
    (total,) = tracing.points(f"{INFERENCE}.usage.input_tokens")
    (each,) = tracing.points(f"{INFERENCE}.operation.input_tokens")
    assert total.value == each.sum == 6


@pytest.mark.parametrize("flavour", ["latest", "previous", "both"])
def test_sums_stay_64_bits_wide(flavour: str) -> None:
    """Counts that each are wide enough: their sum stops at the largest, and is exported."""
    tracing = Tracing()
    with instrumented(tracing, metrics=flavour):
        for _ in range(3):
            Counting(usage={"input_tokens": LARGEST, "output_tokens": 2}).invoke("hello")
        Model().invoke("hello")
        assert encoded(tracing)
        if flavour != "previous":
            totals = tracing.points(f"{INFERENCE}.usage.input_tokens")
            assert sum(point.value for point in totals) == LARGEST
            outputs = tracing.points(f"{INFERENCE}.usage.output_tokens")
            assert sum(point.value for point in outputs) == 9


def test_other_series_go_on_beside_one_that_is_full(tracing: Tracing) -> None:
    """One model's absurd count takes nothing from the sums of another one's."""

    class Other(Model):
        @property
        def _identifying_params(self) -> dict[str, Any]:
            return {"model": "other"}

    Counting(usage={"input_tokens": LARGEST, "output_tokens": 2}).invoke("hello")
    for _ in range(2):
        Other().invoke("hello")
    values = {
        point.attributes.get(semconv.GEN_AI_REQUEST_MODEL): point.value
        for point in tracing.points(f"{INFERENCE}.usage.input_tokens")
    }
    assert values["other"] == 6


def test_sums_that_a_view_adds_up_stay_64_bits_wide() -> None:
    """A view without attributes makes one sum of all series."""
    tracing = Tracing()
    tracing.metric_reader = InMemoryMetricReader()
    tracing.meter_provider = MeterProvider(
        [tracing.metric_reader],
        shutdown_on_exit=False,
        views=[View(instrument_name="*", attribute_keys=set())],
    )

    class Named(Counting):
        name_of_model: str

        @property
        def _identifying_params(self) -> dict[str, Any]:
            return {"model": self.name_of_model}

    with instrumented(tracing):
        for name in ("one", "two", "three"):
            usage = {"input_tokens": LARGEST, "output_tokens": 2}
            Named(name_of_model=name, usage=usage).invoke("hello")
        assert encoded(tracing)
        (point,) = tracing.points(f"{INFERENCE}.usage.input_tokens")
        assert point.value == LARGEST


def test_parts_are_no_more_than_the_whole(tracing: Tracing) -> None:
    """A provider whose details do not add up: the modalities of a count are the count."""
    usage = {
        "input_tokens": 10,
        "output_tokens": 2,
        "input_token_details": {"text": LARGEST, "audio": LARGEST, "image": 4},
    }
    Counting(usage=usage).invoke("hello")
    points = tracing.points(f"{INFERENCE}.usage.input_tokens")
    assert sum(point.value for point in points) == 10
    assert encoded(tracing)


def test_writes_that_are_added_up_stay_64_bits_wide(tracing: Tracing) -> None:
    """Anthropic's writes by lifetime make one count."""
    writes = {"ephemeral_5m_input_tokens": LARGEST, "ephemeral_1h_input_tokens": LARGEST}
    usage = {"input_tokens": 3, "output_tokens": 2, "input_token_details": writes}
    Counting(usage=usage).invoke("hello")
    assert attributes(tracing)[semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS] == LARGEST
    assert encoded(tracing)


@pytest.mark.parametrize(
    "absurd", [LARGEST + 1, -1, 10**400], ids=["one too many", "negative", "endless"]
)
def test_server_that_counts_absurdly(
    tracing: Tracing, monkeypatch: pytest.MonkeyPatch, absurd: Any
) -> None:
    """A model server can send any number; OpenAI's client passes it on."""
    usage = {"prompt_tokens": absurd, "completion_tokens": 2, "total_tokens": 2}
    details = {"cached_tokens": absurd}
    answers = {**usage, "prompt_tokens_details": details}
    monkeypatch.setattr(scripted_model, "_usage", lambda *_: answers)
    with start_server() as server:
        model = ChatOpenAI(
            model="gpt-5-mini",
            api_key=SecretStr("none"),
            base_url=server.base_url,
            max_retries=0,
            stream_usage=True,
        )
        model.invoke("hello")
        list(model.stream("hello"))
    for span in tracing.spans:
        found = dict(span.attributes or {})
        assert semconv.GEN_AI_USAGE_INPUT_TOKENS not in found
        assert semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS not in found
        assert found[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == 2
    assert encoded(tracing)


@tool
def look() -> str:
    """Look."""
    return "seen"


def test_sums_of_an_agent_stay_64_bits_wide(tracing: Tracing) -> None:
    """An agent's span has the sum of its model calls."""

    class Caller(Model):
        def bind_tools(self, *_: Any, **__: Any) -> Any:
            return self

        def _generate(self, messages: list[Any], *_: Any, **__: Any) -> ChatResult:
            seen = any(message.type == "tool" for message in messages)
            message = says("done") if seen else calls("look")
            message.usage_metadata = {  # type: ignore[assignment]
                "input_tokens": LARGEST,
                "output_tokens": 2,
            }
            return ChatResult(generations=[ChatGeneration(message=message)])

    create_agent(Caller(), [look], name="looker").invoke({"messages": [HumanMessage("?")]})
    found = dict(tracing.span("invoke_agent looker").attributes or {})
    assert found[semconv.GEN_AI_USAGE_INPUT_TOKENS] == LARGEST
    assert found[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == 4
    assert encoded(tracing)


@pytest.mark.parametrize("kind", NO_COUNTS)
def test_completion_models_count_alike(tracing: Tracing, kind: str) -> None:
    """Likewise where a model completes a text."""

    class Completing(LLM):
        @property
        def _llm_type(self) -> str:
            return "completing"

        def _call(self, prompt: str, *_: Any, **__: Any) -> str:
            return "completed"

        def _generate(self, prompts: list[str], *_: Any, **__: Any) -> LLMResult:
            result = super()._generate(prompts)
            usage = {"prompt_tokens": NO_COUNTS[kind], "completion_tokens": 2}
            result.llm_output = {"token_usage": usage}
            return result

    Completing().invoke("hello")
    found = attributes(tracing)
    assert semconv.GEN_AI_USAGE_INPUT_TOKENS not in found
    assert found[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == 2
    assert encoded(tracing)
