"""Models that report what a test says they used, and prices that are easy to reckon with."""

import json
from pathlib import Path
from typing import Any, Final

from langchain_core.language_models import LLM, BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from opentelemetry.sdk.trace import ReadableSpan

from langchain_otel import semconv
from recording import Tracing

# US dollars for a million tokens: what a test expects can be reckoned in the head.
RATES: Final[dict[str, float]] = {
    "input": 2,
    "cache_read": 0.5,
    "cache_write": 2.5,
    "cache_write_1h": 4,
    "output": 8,
    "reasoning": 9,
}
SOUND: Final[dict[str, float]] = {"input_audio": 32, "output_audio": 64}
PICTURES: Final[dict[str, float]] = {"input_image": 10, "output_image": 40}

# Of a call with 1,000 tokens in and 100 out.
PLAIN: Final = {"total": 0.0028, "input": 0.002, "output": 0.0008}


def price_file(folder: Path, *models: Any, **fields: Any) -> str:
    """A file with the prices of `house-model`, and of other models."""
    house = {"provider": "openai", "model": "house-model", **RATES}
    content = {
        "date": "2026-11-01",
        "source": "contract 4711",
        "models": [house, *models],
        **fields,
    }
    path = folder / "prices.json"
    path.write_text(json.dumps(content))
    return str(path)


def used(input_tokens: int, output_tokens: int, **details: int) -> dict[str, Any]:
    """A usage as LangChain reports it; details begin with `in_` or `out_`."""
    parts: dict[str, dict[str, int]] = {"in": {}, "out": {}}
    for name, tokens in details.items():
        side, _, kind = name.partition("_")
        parts[side][kind] = tokens
    return {
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "total_tokens": input_tokens + output_tokens,
        "input_token_details": parts["in"],
        "output_token_details": parts["out"],
    }


class Seller(BaseChatModel):
    """Says of its answers what they used; `answered` is the model's name in the answer."""

    usage: Any = None
    provider: str = "openai"
    name: str = "house-model"
    answered: str | None = None
    tier: str | None = None
    answers: list[Any] = []  # noqa: RUF012 # a field of pydantic
    fails: Any = None

    @property
    def _llm_type(self) -> str:
        return "seller"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.name}

    def _get_ls_params(self, stop: Any = None, **_: Any) -> Any:
        return {"ls_provider": self.provider, "ls_model_name": self.name}

    def bind_tools(self, tools: Any, **options: Any) -> Any:
        return self.bind(tools=[convert_to_openai_tool(each) for each in tools], **options)

    def _metadata(self) -> dict[str, Any]:
        given = {"model_name": self.answered, "service_tier": self.tier}
        return {name: value for name, value in given.items() if value is not None}

    def _generate(self, messages: list[Any], *_: Any, **__: Any) -> ChatResult:
        if self.fails is not None:
            raise self.fails
        message = self.answers.pop(0) if self.answers else AIMessage("hello")
        message.response_metadata = self._metadata()
        message.usage_metadata = self.usage
        return ChatResult(generations=[ChatGeneration(message=message)])


class StreamingSeller(Seller):
    """The same, streamed: the usage comes last."""

    def _stream(self, *_: Any, **__: Any) -> Any:
        for word in ("one", "two"):
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))
        if self.fails is not None:
            raise self.fails
        last = AIMessageChunk(
            content="", usage_metadata=self.usage, response_metadata=self._metadata()
        )
        yield ChatGenerationChunk(message=last)


class Writer(LLM):
    """A completion model that reports no usage."""

    @property
    def _llm_type(self) -> str:
        return "writer"

    def _call(self, prompt: str, *_: Any, **__: Any) -> str:
        return "hello"


def costs_of(span: ReadableSpan) -> dict[str, Any]:
    """What a span says of costs, without the prefix of the names."""
    prefix = semconv.COST_TOTAL.removesuffix("total")
    attributes = span.attributes or {}
    return {
        name.removeprefix(prefix): value
        for name, value in attributes.items()
        if name.startswith(prefix)
    }


def costs(tracing: Tracing) -> dict[str, Any]:
    """The same of the only model call."""
    (span,) = [span for span in tracing.spans if span.name.startswith(("chat", "text_completion"))]
    return costs_of(span)


def paid(tracing: Tracing) -> dict[str, float]:
    """The metric by kind, whatever the model."""
    found: dict[str, float] = {}
    for point in tracing.metrics().get(semconv.METRIC_COST, ("", []))[1]:
        kind = point.attributes[semconv.COST_KIND]
        found[kind] = found.get(kind, 0) + point.value
    return found


def unknown(tracing: Tracing) -> int:
    """How many calls of unknown price the metric has."""
    points = tracing.metrics().get(semconv.METRIC_COST_UNKNOWN, ("", []))[1]
    return sum(point.value for point in points)
