"""Voyage's embeddings against a server on loopback: it has no chat client."""

from importlib import import_module
from typing import Any
from urllib.parse import urlparse

import pytest

from langchain_otel import semconv
from recording import Tracing
from servers.embedding_server import embedding_server

TEXTS = ["one two", "three", "four five six"]


def embeddings_at(url: str) -> Any:
    """The client in batches of two; a class of old takes no address, but its SDK does."""
    tokenizers, models = import_module("tokenizers"), import_module("tokenizers.models")
    words = tokenizers.Tokenizer(models.WordLevel({"text": 0}, unk_token="text"))
    kind = import_module("langchain_voyageai").VoyageAIEmbeddings
    embeddings = kind(model="asked", api_key="none", batch_size=2)
    for client in (embeddings._client, embeddings._aclient):
        client._params["base_url"] = f"{url}/voyage"
        # It would fetch a vocabulary.
        client.tokenizer = lambda _: words
    return embeddings


@pytest.mark.filterwarnings("ignore")
async def test_tokens_and_server(tracing: Tracing) -> None:
    """The span has the tokens of all requests, and the server that answered them."""
    with embedding_server() as url:
        embeddings = embeddings_at(url)
        vectors = embeddings.embed_documents(TEXTS)
        assert await embeddings.aembed_documents(TEXTS) == vectors
    said = {
        semconv.GEN_AI_PROVIDER_NAME: "voyageai",
        semconv.GEN_AI_REQUEST_MODEL: "asked",
        semconv.GEN_AI_USAGE_INPUT_TOKENS: 6,
        semconv.SERVER_ADDRESS: "127.0.0.1",
        semconv.SERVER_PORT: urlparse(url).port,
    }
    assert len(tracing.spans) == 2
    for span in tracing.spans:
        found = span.attributes or {}
        assert {name: found.get(name) for name in said} == said
