"""Embeds texts with the clients of several providers, and says what the spans counted."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from google.oauth2.credentials import Credentials
from langchain_aws import BedrockEmbeddings
from langchain_cohere import CohereEmbeddings
from langchain_core.embeddings import Embeddings
from langchain_google_genai import GoogleGenerativeAIEmbeddings
from langchain_mistralai import MistralAIEmbeddings
from langchain_mistralai import embeddings as mistral
from langchain_ollama import OllamaEmbeddings
from langchain_openai import AzureOpenAIEmbeddings, OpenAIEmbeddings
from langchain_voyageai import VoyageAIEmbeddings
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from langchain_otel import LangChainInstrumentor
from servers.embedding_server import embedding_server

# More texts than Cohere's client sends at once, in batches of two elsewhere.
TEXTS = ["one two", "three", "four five six"]
MANY = TEXTS * 40
KEY: Any = "none"
EXPORTER = InMemorySpanExporter()


def embeddings_of(server: str) -> dict[str, tuple[Embeddings, list[str]]]:
    """By name, what embeds and which texts: so many that it takes several requests."""
    mistral.MAX_TOKENS = 2
    # Clients that count before they ask would fetch a vocabulary.
    whole_texts = Tokenizer(WordLevel({"text": 0}, unk_token="text"))
    voyage = VoyageAIEmbeddings(
        model="asked", api_key=KEY, batch_size=2, base_url=f"{server}/voyage"
    )
    voyage._client.tokenizer = lambda _: whole_texts
    openai: Any = {"api_key": KEY, "chunk_size": 2, "check_embedding_ctx_length": False}
    return {
        "openai": (OpenAIEmbeddings(model="asked", base_url=f"{server}/v1", **openai), TEXTS),
        "azure": (
            AzureOpenAIEmbeddings(model="asked", azure_endpoint=server, api_version="1", **openai),
            TEXTS,
        ),
        "cohere": (CohereEmbeddings(model="asked", cohere_api_key=KEY, base_url=server), MANY),
        "voyage": (voyage, TEXTS),
        "mistral": (
            MistralAIEmbeddings(
                model="asked", api_key=KEY, endpoint=f"{server}/mistral", tokenizer=whole_texts
            ),
            TEXTS,
        ),
        "gemini": (
            GoogleGenerativeAIEmbeddings(model="asked", google_api_key=KEY, base_url=server),
            MANY,
        ),
        "vertex": (
            GoogleGenerativeAIEmbeddings(
                model="text-embedding-005",
                project="p",
                location="l",
                credentials=Credentials("none"),
                base_url=server,
            ),
            TEXTS,
        ),
        "ollama": (OllamaEmbeddings(model="asked", base_url=server), TEXTS),
        "bedrock": (
            BedrockEmbeddings(
                model_id="amazon.titan-embed-text-v1",
                region_name="l",
                endpoint_url=server,
                aws_access_key_id=KEY,
                aws_secret_access_key=KEY,
            ),
            TEXTS,
        ),
    }


def counted() -> list[Any]:
    """The tokens and the model of each span since the last time."""
    spans = EXPORTER.get_finished_spans()
    EXPORTER.clear()
    names = ("gen_ai.usage.input_tokens", "gen_ai.response.model")
    return [[(span.attributes or {}).get(name) for name in names] for span in spans]


async def main() -> None:
    """Embed documents, each provider both ways."""
    found = {}
    with embedding_server() as server:
        for name, (embeddings, texts) in embeddings_of(server).items():
            embeddings.embed_documents(texts)
            await embeddings.aembed_documents(texts)
            found[name] = counted()
    print(json.dumps(found))


provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(EXPORTER))
LangChainInstrumentor().instrument(tracer_provider=provider)
asyncio.run(main())
