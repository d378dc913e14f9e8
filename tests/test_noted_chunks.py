"""The chunks of a stream are noted whoever takes part in it, and other handlers get them all."""

import asyncio
import json
from contextlib import closing, suppress
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from opentelemetry.sdk.trace import TracerProvider

from langchain_otel import OpenTelemetryCallbackHandler, semconv
from langchain_otel.sources.recording_handler import RecordingHandler
from models import StreamingModel
from recording import Tracing

WORDS = ["one", "two", "three"]


class Tokens(BaseCallbackHandler):
    """Another handler."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
        self.seen.append(token)


class AsyncTokens(AsyncCallbackHandler):
    """Another one, asynchronous."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    async def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
        self.seen.append(token)


class OwnTokens(OpenTelemetryCallbackHandler):
    """Ours, with a word of its own for each token."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.seen: list[Any] = []

    def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
        self.seen.append(token)
        super().on_llm_new_token(token, **kwargs)


class Refusing(StreamingModel):
    """Gives no chunk but the one that says that there is none to come."""

    def _chunks(self) -> Any:
        yield ChatGenerationChunk(message=AIMessageChunk(content="", chunk_position="last"))


def read(model: Any, config: Any = None, most: int | None = None) -> None:
    with closing(model.stream("hi", config)) as chunks:
        for number, _ in enumerate(chunks, 1):
            if number == most:
                return


def aread(model: Any, config: Any = None, most: int | None = None) -> None:
    async def all_chunks() -> None:
        chunks = model.astream("hi", config)
        number = 0
        async for _ in chunks:
            number += 1
            if number == most:
                break
        await chunks.aclose()

    asyncio.run(all_chunks())


READS: Any = {"stream": read, "astream": aread}


@pytest.mark.parametrize("reading", READS)
def test_a_stream_has_the_time_of_its_first_chunk(reading: str, tracing: Tracing) -> None:
    READS[reading](StreamingModel())
    (span,) = tracing.spans
    assert span.attributes is not None
    assert span.attributes[semconv.GEN_AI_REQUEST_STREAM] is True
    assert semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK in span.attributes


@pytest.mark.skipif(
    "chunk_position" not in AIMessageChunk.model_fields, reason="no chunk says there that it ends"
)
@pytest.mark.parametrize("reading", READS)
def test_a_stream_of_nothing_has_none(reading: str, tracing: Tracing) -> None:
    with suppress(ValueError):
        READS[reading](Refusing())
    (span,) = tracing.spans
    assert semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK not in (span.attributes or {})


@pytest.mark.parametrize("reading", READS)
@pytest.mark.parametrize("other", [Tokens, AsyncTokens])
def test_other_handlers_get_every_token(other: Any, reading: str, tracing: Tracing) -> None:
    if other is AsyncTokens and reading == "stream":
        pytest.skip("LangChain runs it in a loop of its own")
    handler = other()
    READS[reading](StreamingModel(words=WORDS), {"callbacks": [handler]})
    given = list(handler.seen)
    with tracing.off():
        bare = other()
        READS[reading](StreamingModel(words=WORDS), {"callbacks": [bare]})
    assert given == bare.seen
    assert len(given) >= len(WORDS)


@pytest.mark.parametrize("reading", READS)
def test_a_handler_derived_from_ours_gets_them_too(reading: str, tracing: Tracing) -> None:
    """What a stream came to is noted once by each, though both record it."""
    own = Tracing()
    handler = OwnTokens(tracer_provider=own.tracer_provider, capture_message_content="SPAN_ONLY")
    READS[reading](StreamingModel(words=WORDS), {"callbacks": [handler]}, 2)
    assert [token for token in handler.seen if token][:2] == handler.seen[:2]
    for spans in (own.spans, tracing.spans):
        (span,) = spans
        assert semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK in (span.attributes or {})
    assert _answer(own).strip() == "".join(handler.seen).strip()


@pytest.mark.parametrize("reading", READS)
def test_two_recorders_note_a_stream_that_is_left(reading: str, tracing: Tracing) -> None:
    own = Tracing()
    handler = OpenTelemetryCallbackHandler(
        tracer_provider=own.tracer_provider, capture_message_content="SPAN_ONLY"
    )
    READS[reading](StreamingModel(words=WORDS), {"callbacks": [handler]}, 2)
    assert _answer(own) == "".join(WORDS[:2])
    assert len(tracing.spans) == 1


@pytest.mark.parametrize("reading", READS)
def test_a_handler_alone_notes_a_stream_that_is_left(reading: str) -> None:
    own = Tracing()
    handler = OpenTelemetryCallbackHandler(
        tracer_provider=own.tracer_provider, capture_message_content="SPAN_ONLY"
    )
    READS[reading](StreamingModel(words=WORDS), {"callbacks": [handler]}, 2)
    assert _answer(own) == "".join(WORDS[:2])


def test_a_handler_without_a_run_costs_nobody_a_chunk(tracing: Tracing) -> None:
    """The same provider twice: one records, and the other has nothing to note."""
    handler = OpenTelemetryCallbackHandler(tracer_provider=tracing.tracer_provider)
    read(StreamingModel(words=WORDS), {"callbacks": [handler]})
    (span,) = tracing.spans
    assert semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK in (span.attributes or {})
    assert isinstance(tracing.tracer_provider, TracerProvider)


def _answer(tracing: Tracing) -> str:
    (span,) = tracing.spans
    assert span.attributes is not None
    content = str(span.attributes[semconv.GEN_AI_OUTPUT_MESSAGES])
    (message,) = json.loads(content)
    return "".join(part.get("content", "") for part in message["parts"])


@pytest.mark.parametrize("reading", READS)
def test_langchain_calls_no_handler_of_ours_for_a_chunk(
    reading: str, tracing: Tracing, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[Any] = []
    monkeypatch.setattr(RecordingHandler, "on_llm_new_token", lambda *_, **__: called.append(1))
    own = OpenTelemetryCallbackHandler(tracer_provider=Tracing().tracer_provider)
    READS[reading](StreamingModel(words=WORDS), {"callbacks": [own]})
    assert not called
    assert semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK in (tracing.spans[0].attributes or {})
