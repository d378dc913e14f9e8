"""Tokens and model of embeddings, which only the answer to the provider's client has."""

from collections.abc import Iterator
from threading import Barrier, Thread
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from openai import APIStatusError, AsyncOpenAI, OpenAI
from openai.resources.embeddings import AsyncEmbeddings
from openai.resources.embeddings import Embeddings as OpenAIClient
from opentelemetry.sdk.trace import ReadableSpan

from langchain_otel import OpenTelemetryCallbackHandler, semconv
from openai_server import ModelServer, start_server
from recording import Tracing, instrumented

KEY: dict[str, Any] = {"api_key": "none", "max_retries": 0, "check_embedding_ctx_length": False}
TOKENS = semconv.GEN_AI_USAGE_INPUT_TOKENS
MODEL = semconv.GEN_AI_RESPONSE_MODEL


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with start_server() as server:
        yield server


def provider(server: ModelServer, **options: Any) -> OpenAIEmbeddings:
    return OpenAIEmbeddings(base_url=server.base_url, **{"model": "m", **KEY, **options})


def counted(span: ReadableSpan) -> tuple[Any, Any]:
    attributes = span.attributes or {}
    return attributes.get(TOKENS), attributes.get(MODEL)


def spent(server: ModelServer) -> int:
    """What the server counts for one word, which is what each of several costs."""
    client = OpenAI(base_url=server.base_url, api_key="none")
    tokens = client.embeddings.create(input=["word"], model="m").usage.prompt_tokens
    assert tokens > 0
    return tokens


@pytest.mark.parametrize("batch", [1, 2, 3, 100])
async def test_requests_of_one_call_add_up(
    tracing: Tracing, server: ModelServer, batch: int
) -> None:
    """However many requests the client makes of a call, the span has the tokens of all."""
    one = spent(server)
    before = len(server.requests)
    embeddings = provider(server, chunk_size=batch)
    embeddings.embed_documents(["word"] * 3)
    assert len(server.requests) - before == -(-3 // batch)
    await embeddings.aembed_documents(["word"] * 3)
    embeddings.embed_query("word")
    await embeddings.aembed_query("word")
    await embeddings.async_client._client.close()
    assert [counted(span) for span in tracing.spans] == [
        *[(3 * one, "m")] * 2,
        *[(one, "m")] * 2,
    ]


def test_calls_at_once_keep_their_own(tracing: Tracing, server: ModelServer) -> None:
    """Calls of one object in several threads have each the tokens of their own requests."""
    one = spent(server)
    embeddings = provider(server, chunk_size=1)
    together = Barrier(4)

    def embed(number: int) -> None:
        together.wait()
        embeddings.embed_documents(["word"] * number)

    threads = [Thread(target=embed, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counted(span)[0] for span in tracing.spans) == [one, 2 * one, 3 * one, 4 * one]


def test_every_recorder_has_them(tracing: Tracing, server: ModelServer) -> None:
    """Where two record one call, both have its tokens, and neither twice."""
    other = Tracing()
    handler: BaseCallbackHandler = OpenTelemetryCallbackHandler(
        tracer_provider=other.tracer_provider
    )
    embeddings = provider(server, chunk_size=1)

    def embed(texts: list[str]) -> None:
        embeddings.embed_documents(texts)

    RunnableLambda(embed).invoke(["word"] * 2, {"callbacks": [handler]})
    for each in (tracing, other):
        assert counted(each.span("embeddings m")) == (2 * spent(server), "m")


def test_tokens_of_a_call_that_fails_half_way(
    tracing: Tracing, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was answered before the failure was paid for."""
    client = OpenAIClient.create
    embeddings = provider(server, chunk_size=1)
    asked = []

    def create(self: Any, **options: Any) -> Any:
        asked.append(options)
        return client(self, **(options if len(asked) < 3 else {**options, "model": "fail-500"}))

    monkeypatch.setattr(OpenAIClient, "create", create)
    with pytest.raises(APIStatusError):
        embeddings.embed_documents(["word"] * 4)
    monkeypatch.undo()
    (span,) = tracing.spans
    assert counted(span) == (2 * spent(server), "m")


def test_what_others_ask_is_not_taken(tracing: Tracing, server: ModelServer) -> None:
    """The client alone makes no span, and a model's tokens are none of the embeddings before it."""
    embeddings = provider(server)
    model = ChatOpenAI(base_url=server.base_url, model="m", api_key=KEY["api_key"])

    def ask(_: Any) -> None:
        embeddings.embed_query("word")
        model.invoke("a long question in many words")

    RunnableLambda(ask).invoke(1)
    assert counted(tracing.span("embeddings m")) == (spent(server), "m")
    assert tracing.tree() == "invoke_workflow ask\n  embeddings m\n  chat m"


def test_client_is_given_back(server: ModelServer) -> None:
    """Afterwards the client has the very functions that it had."""
    before = OpenAIClient.create, AsyncEmbeddings.create
    with instrumented(Tracing()):
        assert OpenAIClient.create is not before[0]
        assert AsyncEmbeddings.create is not before[1]
    assert (OpenAIClient.create, AsyncEmbeddings.create) == before


async def test_raw_answers_are_left_alone(tracing: Tracing, server: ModelServer) -> None:
    """What the client gives back in other shapes is what it would be without us."""
    client = OpenAI(base_url=server.base_url, api_key="none")
    answer = client.embeddings.with_raw_response.create(input="word", model="m")
    assert answer.parse().model == "m"
    async with AsyncOpenAI(base_url=server.base_url, api_key="none") as other:
        assert (await other.embeddings.create(input="word", model="m")).model == "m"
    assert tracing.spans == ()


def test_token_metric_of_the_previous_conventions(server: ModelServer) -> None:
    """They count the tokens of embeddings like those of models."""
    tracing = Tracing()
    with instrumented(tracing, metrics="both"):
        provider(server).embed_query("word")
    (point,) = tracing.points(semconv.METRIC_PREVIOUS_TOKENS)
    assert point.sum == spent(server)
