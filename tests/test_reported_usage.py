"""Token counts that provider packages keep elsewhere than in a message's `usage_metadata`."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final
from uuid import uuid4

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.language_models import BaseLLM
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import (
    ChatGeneration,
    ChatGenerationChunk,
    ChatResult,
    Generation,
    GenerationChunk,
    LLMResult,
)
from pydantic import Field

from langchain_otel import OpenTelemetryCallbackHandler, semconv
from models import Model, StreamingModel, counted
from recording import Tracing, instrumented

pytestmark = pytest.mark.usefixtures("wrapped_once")

INPUT: Final = semconv.GEN_AI_USAGE_INPUT_TOKENS
OUTPUT: Final = semconv.GEN_AI_USAGE_OUTPUT_TOKENS
READ: Final = semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS
WRITE: Final = semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS
REASONING: Final = semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS
AUDIO_IN: Final = semconv.GEN_AI_USAGE_AUDIO_INPUT_TOKENS
AUDIO_OUT: Final = semconv.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS
MODEL: Final = semconv.GEN_AI_RESPONSE_MODEL
BOTH: Final = {INPUT: 10, OUTPUT: 5}
ANTHROPIC: Final = {INPUT: 130, OUTPUT: 5, READ: 20, WRITE: 100}

Usage = dict[str, Any]

USAGES: dict[str, tuple[Usage, Usage]] = {
    "LangChain": (
        {
            **counted(10, 5),
            "input_token_details": {"cache_read": 4},
            "output_token_details": {"reasoning": 2},
        },
        {**BOTH, READ: 4, REASONING: 2},
    ),
    "OpenAI, chat": (
        {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "total_tokens": 15,
            "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 3},
            "completion_tokens_details": {
                "reasoning_tokens": 2,
                "audio_tokens": 1,
                "accepted_prediction_tokens": 0,
            },
        },
        {**BOTH, READ: 4, REASONING: 2, AUDIO_IN: 3, AUDIO_OUT: 1},
    ),
    "OpenAI, responses": (
        {
            "input_tokens": 10,
            "output_tokens": 5,
            "total_tokens": 15,
            "input_tokens_details": {"cached_tokens": 4},
            "output_tokens_details": {"reasoning_tokens": 2},
        },
        {**BOTH, READ: 4, REASONING: 2},
    ),
    "OpenAI's format, details None": (
        {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "prompt_tokens_details": None,
            "completion_tokens_details": None,
        },
        BOTH,
    ),
    "both spellings": (
        {"prompt_tokens": 10, "input_tokens": 0, "completion_tokens": 5, "output_tokens": 5},
        BOTH,
    ),
    "DeepSeek": (
        {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "total_tokens": 15,
            "prompt_cache_hit_tokens": 4,
            "prompt_cache_miss_tokens": 6,
        },
        {**BOTH, READ: 4},
    ),
    "Moonshot": (
        {"prompt_tokens": 10, "completion_tokens": 5, "cached_tokens": 4},
        {**BOTH, READ: 4},
    ),
    "Perplexity": (
        {"prompt_tokens": 10, "completion_tokens": 5, "reasoning_tokens": 2},
        {**BOTH, REASONING: 2},
    ),
    "OpenRouter": (
        {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
        },
        {**BOTH, READ: 4, WRITE: 3},
    ),
    "Anthropic": (
        {
            "input_tokens": 10,
            "output_tokens": 5,
            "cache_read_input_tokens": 20,
            "cache_creation_input_tokens": 100,
        },
        ANTHROPIC,
    ),
    "LiteLLM, of Anthropic": (
        {
            "prompt_tokens": 130,
            "completion_tokens": 5,
            "total_tokens": 135,
            "cache_read_input_tokens": 20,
            "cache_creation_input_tokens": 100,
        },
        ANTHROPIC,
    ),
    "Bedrock": (
        {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "cache_read_input_tokens": 20,
            "cache_write_input_tokens": 100,
            "total_tokens": 135,
        },
        ANTHROPIC,
    ),
    "Bedrock, Converse": (
        {
            "inputTokens": 10,
            "outputTokens": 5,
            "cacheReadInputTokens": 20,
            "cacheWriteInputTokens": 100,
            "totalTokens": 135,
        },
        ANTHROPIC,
    ),
    "Google": (
        {
            "prompt_token_count": 7,
            "tool_use_prompt_token_count": 3,
            "candidates_token_count": 3,
            "thoughts_token_count": 2,
            "cached_content_token_count": 4,
            "total_token_count": 15,
        },
        {**BOTH, READ: 4, REASONING: 2},
    ),
    "Google, streamed": (
        {**counted(10, 5), "prompt_token_count": 10, "candidates_token_count": 5},
        BOTH,
    ),
    "Tongyi": ({"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}, BOTH),
    "Hunyuan": ({"PromptTokens": 10, "CompletionTokens": 5, "TotalTokens": 15}, BOTH),
    "watsonx": ({"input_token_count": 10, "generated_token_count": 5}, BOTH),
    "Ollama": ({"prompt_eval_count": 10, "eval_count": 5}, BOTH),
    "Ollama, prompt cached": ({"eval_count": 5}, {OUTPUT: 5}),
    "a total alone": ({"total_tokens": 15}, {}),
    "no counts": ({"prompt_tokens": "many", "completion_tokens": True, "input_tokens": None}, {}),
}


class Completion(BaseLLM):
    """A completion model whose results are what the test says: one for each prompt."""

    results: Any = None
    streams: bool = False

    @property
    def _llm_type(self) -> str:
        return "test-completion"

    def _generate(self, prompts: list[str], *_: Any, **__: Any) -> LLMResult:
        return self.results  # type: ignore[no-any-return]

    def _stream(self, *_: Any, **__: Any) -> Iterator[GenerationChunk]:
        (generation,) = self.results.generations[0]
        yield GenerationChunk(text="a")
        yield GenerationChunk(text="b", generation_info=generation.generation_info)


class Chat(Model):
    """A chat model whose result is what the test says."""

    result: Any = Field(default=None)

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        return self.result  # type: ignore[no-any-return]


class StreamingChat(StreamingModel):
    """The same, streamed: the last chunk has what the result has."""

    info: Any = None

    def _chunks(self) -> Iterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=AIMessageChunk(content="a"))
        yield ChatGenerationChunk(message=AIMessageChunk(content="b"), generation_info=self.info)


def completion(*infos: Usage, llm_output: Any = None) -> Completion:
    generations = [[Generation(text="x", generation_info=info)] for info in infos]
    return Completion(results=LLMResult(generations=generations, llm_output=llm_output))


def chat(*messages: AIMessage, llm_output: Any = None) -> Chat:
    generations = [ChatGeneration(message=message) for message in messages]
    return Chat(result=ChatResult(generations=generations, llm_output=llm_output))


def usages(tracing: Tracing) -> list[Usage]:
    """The usage of each span."""
    spans = [dict(span.attributes or {}) for span in tracing.spans]
    prefix = "gen_ai.usage."
    return [{key: span[key] for key in span if key.startswith(prefix)} for span in spans]


@pytest.mark.parametrize("place", ["usage_metadata", "token_usage", "usage", "token_count", None])
@pytest.mark.parametrize("name", USAGES)
def test_information_of_a_generation(name: str, place: str | None, tracing: Tracing) -> None:
    """A completion model's usage in `generation_info`: under a name, or as it is."""
    usage, expected = USAGES[name]
    info = usage if place is None else {place: usage}
    completion(info).invoke("hello")
    assert usages(tracing) == [expected]


@pytest.mark.parametrize("place", ["token_usage", "usage", None])
@pytest.mark.parametrize("name", USAGES)
def test_metadata_of_a_message(name: str, place: str | None, tracing: Tracing) -> None:
    """A chat model's usage in `response_metadata`, or in the `llm_output` of the result."""
    usage, expected = USAGES[name]
    metadata = usage if place is None else {place: usage}
    chat(AIMessage("x", response_metadata=metadata)).invoke("hello")
    chat(AIMessage("x"), llm_output=metadata).invoke("hello")
    assert usages(tracing) == [expected] * 2


@pytest.mark.parametrize("place", ["token_usage", "usage"])
async def test_streamed(place: str, tracing: Tracing) -> None:
    """The last chunk's usage, sync and async, of chat and completion models."""
    info = {"finish_reason": "stop", "model_name": "answering", place: USAGES["Tongyi"][0]}
    model = StreamingChat(info=info)
    for _ in model.stream("hello"):
        pass
    async for _ in model.astream("hello"):
        pass
    for _ in completion(info).stream("hello"):
        pass
    async for _ in completion(info).astream("hello"):
        pass
    assert usages(tracing) == [BOTH] * 4
    for span in tracing.spans:
        assert (span.attributes or {})[MODEL] == "answering"


async def test_model_and_tokens_of_a_completion(tracing: Tracing) -> None:
    """Ollama reports which model has answered beside its counts."""
    info = {"model": "llama3.1", "done": True, "done_reason": "stop", **USAGES["Ollama"][0]}
    await completion(info).ainvoke("hello")
    (span,) = tracing.spans
    attributes = dict(span.attributes or {})
    assert attributes[MODEL] == "llama3.1"
    assert attributes[semconv.GEN_AI_RESPONSE_FINISH_REASONS] == ("stop",)
    assert usages(tracing) == [BOTH]


def test_the_message_wins(tracing: Tracing) -> None:
    """A message's own usage is what counts; others do not add to it, whatever they say."""
    message = AIMessage("x", usage_metadata=counted(7, 3))
    message.response_metadata["token_usage"] = USAGES["OpenAI, chat"][0]
    chat(message, llm_output={"token_usage": USAGES["OpenAI, chat"][0]}).invoke("hello")
    assert usages(tracing) == [{INPUT: 7, OUTPUT: 3}]


@pytest.mark.parametrize("place", ["token_usage", "usage"])
def test_details_that_the_message_lacks(place: str, tracing: Tracing) -> None:
    """What counts the same and says more completes a message's usage."""
    usage, expected = USAGES["OpenAI, chat"]
    message = AIMessage("x", usage_metadata=counted(10, 5))
    chat(message, llm_output={place: usage}).invoke("hello")
    message = AIMessage("x", usage_metadata=counted(10, 5), response_metadata={place: usage})
    chat(message).invoke("hello")
    assert usages(tracing) == [expected] * 2


def test_choices_have_the_usage_of_them_all(tracing: Tracing) -> None:
    """Several choices of one request repeat its usage: it counts once."""
    usage = USAGES["OpenAI, chat"][0]
    messages = [AIMessage("x", usage_metadata=counted(10, 5)) for _ in range(3)]
    chat(*messages).invoke("hello")
    chat(*messages, llm_output={"token_usage": usage}).invoke("hello")
    infos = [{"usage_metadata": dict(counted(10, 5))} for _ in range(2)]
    generations = [[Generation(text="x", generation_info=info) for info in infos]]
    Completion(results=LLMResult(generations=generations)).invoke("hello")
    assert usages(tracing) == [BOTH, USAGES["OpenAI, chat"][1], BOTH]


def test_totals_are_of_all_choices(tracing: Tracing) -> None:
    """What the result counts is right where choices count each its own."""
    messages = [AIMessage("x", usage_metadata=counted(10, tokens)) for tokens in (2, 3)]
    totals = {"prompt_tokens": 10, "completion_tokens": 5}
    chat(*messages, llm_output={"token_usage": totals}).invoke("hello")
    assert usages(tracing) == [BOTH]


@pytest.mark.parametrize("place", ["token_usage", "usage", None])
def test_prompts_of_a_batch(place: str | None, tracing: Tracing) -> None:
    """Each prompt has a span with its own usage, or the first has that of all: never twice."""
    infos = [{"usage_metadata": dict(counted(10, 5))}, {"usage_metadata": dict(counted(20, 6))}]
    own = completion(*infos, llm_output={"token_usage": dict(counted(30, 11))})
    own.generate(["one", "two"])
    totals = dict(counted(30, 11))
    shared = completion({}, {}, llm_output=totals if place is None else {place: totals})
    shared.generate(["one", "two"])
    assert usages(tracing) == [
        BOTH,
        {INPUT: 20, OUTPUT: 6},
        {INPUT: 30, OUTPUT: 11},
        {},
    ]


def test_several_prompts_in_one_run() -> None:
    """A run of several prompts, which a handler may be called with, has the sum."""
    tracing = Tracing()
    handler = OpenTelemetryCallbackHandler(tracer_provider=tracing.tracer_provider)
    infos = [{"usage_metadata": dict(counted(10, 5))}, {"usage_metadata": dict(counted(20, 6))}]
    generations = [[Generation(text="x", generation_info=info)] for info in infos]
    for llm_output in (None, {"token_usage": dict(counted(31, 12))}):
        run_id = uuid4()
        handler.on_llm_start({}, ["one", "two"], run_id=run_id)
        handler.on_llm_end(LLMResult(generations=generations, llm_output=llm_output), run_id=run_id)
    assert usages(tracing) == [{INPUT: 30, OUTPUT: 11}, {INPUT: 31, OUTPUT: 12}]


def test_cached_answers_count_nothing(tracing: Tracing) -> None:
    """An answer from LangChain's cache has cost nothing, wherever its usage stands."""
    model = chat(AIMessage("x", response_metadata={"token_usage": USAGES["Tongyi"][0]}))
    model.cache = InMemoryCache()
    for _ in range(2):
        model.invoke("hello")
    assert usages(tracing) == [BOTH, {}]
    assert (tracing.spans[1].attributes or {})[semconv.CACHE_HIT] is True


def test_metrics_have_them_too() -> None:
    """What the span has is what metrics count."""
    tracing = Tracing()
    with instrumented(tracing):
        completion({"usage_metadata": USAGES["Google"][0]}).invoke("hello")
    (point,) = tracing.points(semconv.METRIC_TOTAL_INPUT)
    assert point.value == 10
    (point,) = tracing.points(semconv.METRIC_TOTAL_CACHE_READ)
    assert point.value == 4


def test_absurd_places_cost_nothing(tracing: Tracing) -> None:
    """What stands where a usage is looked for may be anything."""
    for odd in ("", 7.5, [1], {"a": {}}, None, object()):
        info = {"token_usage": odd, "usage_metadata": odd, "input_tokens": odd}
        completion(info, llm_output={"usage": odd}).invoke("hello")
        chat(AIMessage("x", response_metadata=dict(info))).invoke("hello")
    assert usages(tracing) == [{}] * 12


def test_partial_answers(tracing: Tracing) -> None:
    """A stream that is left has the usage that came."""

    async def leave() -> None:
        model = StreamingChat(info={"token_usage": USAGES["Tongyi"][0]})
        async for chunk in model.astream("hello"):
            if chunk.content == "b":
                break

    asyncio.run(leave())
    assert usages(tracing) == [BOTH]
