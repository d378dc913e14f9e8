"""Who serves a model, read from the real classes of the provider packages that are installed.

`langchain-openai` and `langchain-anthropic` are; the others in an environment of
`make test-providers`. Rows whose package is not here are not collected.
"""

import importlib
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from installed import installed
from langchain_otel import semconv
from langchain_otel.operations.embeddings import EMBEDDINGS
from langchain_otel.operations.provider import model_of, provider_of, provider_of_class, server_of
from langchain_otel.runs.reported import Started

KEYS = (
    "ANTHROPIC_API_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "CO_API_KEY",
    "COHERE_API_KEY",
    "DEEPSEEK_API_KEY",
    "FIREWORKS_API_KEY",
    "GOOGLE_API_KEY",
    "GROQ_API_KEY",
    "HUGGINGFACEHUB_API_TOKEN",
    "MISTRAL_API_KEY",
    "NVIDIA_API_KEY",
    "OPENAI_API_KEY",
    "OPENROUTER_API_KEY",
    "PPLX_API_KEY",
    "TOGETHER_API_KEY",
    "VOYAGE_API_KEY",
    "XAI_API_KEY",
)
AZURE: dict[str, Any] = {
    "azure_endpoint": "https://mine.openai.azure.com",
    "api_version": "2024-10-21",
    "api_key": "none",
}
AZURE_HOST = "mine.openai.azure.com"
LOCAL = "http://127.0.0.1:8321/v1"
BEDROCK: dict[str, Any] = {"region_name": "us-east-1"}
BEDROCK_HOST = "bedrock-runtime.us-east-1.amazonaws.com"
GATEWAY = "https://ai.example.com"
VERTEX: dict[str, Any] = {"project": "p", "location": "us-central1"}
VERTEX_HOST = "us-central1-aiplatform.googleapis.com"
ENDPOINT = "https://mine.endpoints.huggingface.cloud"

Row = tuple[str, str, dict[str, Any], str | None, int | None, str]

CHAT_MODELS: tuple[Row, ...] = (
    ("openai", "ChatOpenAI", {"model": "m"}, "api.openai.com", 443, "openai"),
    ("openai", "ChatOpenAI", {"model": "m", "base_url": LOCAL}, "127.0.0.1", 8321, "openai"),
    (
        "openai",
        "ChatOpenAI",
        {"model": "m", "base_url": f"https://{AZURE_HOST}/openai/v1"},
        AZURE_HOST,
        443,
        "azure.ai.openai",
    ),
    ("openai", "AzureChatOpenAI", AZURE, AZURE_HOST, 443, "azure.ai.openai"),
    (
        "openai",
        "AzureChatOpenAI",
        {**AZURE, "azure_endpoint": GATEWAY},
        "ai.example.com",
        443,
        "azure.ai.openai",
    ),
    ("openai", "OpenAI", {"base_url": LOCAL}, "127.0.0.1", 8321, "openai"),
    ("anthropic", "ChatAnthropic", {"model": "m"}, "api.anthropic.com", 443, "anthropic"),
    (
        "anthropic",
        "ChatAnthropic",
        {"model": "m", "base_url": "http://[::1]:99"},
        "::1",
        99,
        "anthropic",
    ),
    (
        "google_genai",
        "ChatGoogleGenerativeAI",
        {"model": "m"},
        "generativelanguage.googleapis.com",
        443,
        "gcp.gemini",
    ),
    (
        "google_genai",
        "ChatGoogleGenerativeAI",
        {"model": "m", "vertexai": True},
        "aiplatform.googleapis.com",
        443,
        "gcp.vertex_ai",
    ),
    (
        "google_genai",
        "ChatGoogleGenerativeAI",
        {"model": "m", "base_url": GATEWAY},
        "ai.example.com",
        443,
        "gcp.gen_ai",
    ),
    (
        "google_genai",
        "GoogleGenerativeAI",
        {"model": "m"},
        "generativelanguage.googleapis.com",
        443,
        "gcp.gemini",
    ),
    (
        "google_vertexai",
        "ChatVertexAI",
        {"model": "m", **VERTEX},
        VERTEX_HOST,
        443,
        "gcp.vertex_ai",
    ),
    (
        "aws",
        "ChatBedrock",
        {"model": "anthropic.m", **BEDROCK},
        BEDROCK_HOST,
        443,
        "aws.bedrock",
    ),
    (
        "aws",
        "ChatBedrockConverse",
        {"model": "anthropic.m", **BEDROCK},
        BEDROCK_HOST,
        443,
        "aws.bedrock",
    ),
    (
        "aws",
        "ChatBedrockConverse",
        {"model": "anthropic.m", "endpoint_url": "http://127.0.0.1:8000", **BEDROCK},
        "127.0.0.1",
        8000,
        "aws.bedrock",
    ),
    # Its client is made at the first call: until then nothing is known.
    ("aws", "ChatAnthropicBedrock", {"model": "m", **BEDROCK}, None, None, "aws.bedrock"),
    ("ollama", "ChatOllama", {"model": "m"}, "127.0.0.1", 11434, "ollama"),
    ("ollama", "OllamaLLM", {"model": "m", "base_url": "http://box:99"}, "box", 99, "ollama"),
    ("mistralai", "ChatMistralAI", {"model": "m"}, "api.mistral.ai", 443, "mistral_ai"),
    ("groq", "ChatGroq", {"model": "m"}, "api.groq.com", 443, "groq"),
    ("cohere", "ChatCohere", {"model": "m"}, "api.cohere.com", 443, "cohere"),
    ("deepseek", "ChatDeepSeek", {"model": "m"}, "api.deepseek.com", 443, "deepseek"),
    ("xai", "ChatXAI", {"model": "m"}, "api.x.ai", 443, "x_ai"),
    ("fireworks", "ChatFireworks", {"model": "m"}, "api.fireworks.ai", 443, "fireworks"),
    ("fireworks", "Fireworks", {"model": "m"}, "api.fireworks.ai", 443, "fireworks"),
    ("together", "ChatTogether", {"model": "m"}, "api.together.xyz", 443, "together"),
    ("together", "Together", {"model": "m"}, "api.together.xyz", 443, "together"),
    ("perplexity", "ChatPerplexity", {"model": "m"}, "api.perplexity.ai", 443, "perplexity"),
    (
        "cerebras",
        "ChatCerebras",
        {"model": "m", "api_key": "k"},
        "api.cerebras.ai",
        443,
        "cerebras",
    ),
    ("upstage", "ChatUpstage", {"model": "m", "api_key": "k"}, "api.upstage.ai", 443, "upstage"),
    (
        "nvidia_ai_endpoints",
        "ChatNVIDIA",
        {"model": "m", "base_url": LOCAL},
        "127.0.0.1",
        8321,
        "nvidia",
    ),
    (
        "huggingface",
        "HuggingFaceEndpoint",
        {"endpoint_url": ENDPOINT},
        "mine.endpoints.huggingface.cloud",
        443,
        "huggingface",
    ),
    # Which server answers is decided at each call.
    ("huggingface", "HuggingFaceEndpoint", {"repo_id": "a/b"}, None, None, "huggingface"),
    ("openrouter", "ChatOpenRouter", {"model": "a/b"}, None, None, "openrouter"),
)
OTHERS: tuple[Row, ...] = (
    ("openai", "OpenAIEmbeddings", {"base_url": LOCAL}, "127.0.0.1", 8321, "openai"),
    ("openai", "AzureOpenAIEmbeddings", AZURE, AZURE_HOST, 443, "azure.ai.openai"),
    (
        "openai",
        "AzureOpenAIEmbeddings",
        {**AZURE, "azure_endpoint": GATEWAY},
        "ai.example.com",
        443,
        "azure.ai.openai",
    ),
    (
        "google_genai",
        "GoogleGenerativeAIEmbeddings",
        {"model": "m"},
        "generativelanguage.googleapis.com",
        443,
        "gcp.gemini",
    ),
    (
        "google_vertexai",
        "VertexAIEmbeddings",
        {"model": "m", **VERTEX},
        VERTEX_HOST,
        443,
        "gcp.vertex_ai",
    ),
    ("aws", "BedrockEmbeddings", {"model_id": "m", **BEDROCK}, BEDROCK_HOST, 443, "aws.bedrock"),
    (
        "aws",
        "BedrockRerank",
        {"model_arn": "arn:aws:m", **BEDROCK},
        "bedrock-agent-runtime.us-east-1.amazonaws.com",
        443,
        "aws.bedrock",
    ),
    ("ollama", "OllamaEmbeddings", {"model": "m"}, "127.0.0.1", 11434, "ollama"),
    ("cohere", "CohereEmbeddings", {"model": "m"}, "api.cohere.com", 443, "cohere"),
    ("cohere", "CohereRerank", {"model": "m"}, "api.cohere.com", 443, "cohere"),
    ("fireworks", "FireworksEmbeddings", {"model": "m"}, "api.fireworks.ai", 443, "fireworks"),
    ("together", "TogetherEmbeddings", {"model": "m"}, "api.together.xyz", 443, "together"),
    (
        "upstage",
        "UpstageEmbeddings",
        {"model": "m", "api_key": "k"},
        "api.upstage.ai",
        443,
        "upstage",
    ),
    (
        "nvidia_ai_endpoints",
        "NVIDIAEmbeddings",
        {"model": "m", "base_url": LOCAL},
        "127.0.0.1",
        8321,
        "nvidia",
    ),
    (
        "voyageai",
        "VoyageAIEmbeddings",
        {"model": "m", "batch_size": 8},
        "api.voyageai.com",
        443,
        "voyageai",
    ),
    ("voyageai", "VoyageAIRerank", {"model": "m"}, "api.voyageai.com", 443, "voyageai"),
)


def here(rows: tuple[Row, ...]) -> list[Row]:
    return [row for row in rows if installed(f"langchain_{row[0]}")]


def name_of(row: Row) -> str:
    return f"{row[1]}-{row[3]}"


def made(row: Row) -> Any:
    """The object of a row, with keys that no server would take."""
    package, name, options, *_ = row
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kind: Callable[..., Any] = getattr(importlib.import_module(f"langchain_{package}"), name)
        if package == "google_vertexai":
            credentials: Any = importlib.import_module("google.auth.credentials")
            options = {**options, "credentials": credentials.AnonymousCredentials()}
        return kind(**options)


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in KEYS:
        monkeypatch.setenv(key, "nvapi-none" if key.startswith("NVIDIA") else "none")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", here(CHAT_MODELS), ids=name_of)
def test_server_and_provider_of_a_model(row: Row) -> None:
    """Address and port are the client's own; the provider is known by LangChain's name for it."""
    model = made(row)
    assert_server(model, row)
    assert provider_of(model._get_ls_params(), row[3]) == row[5]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", here(OTHERS), ids=name_of)
def test_server_and_provider_of_embeddings_and_rerankers(row: Row) -> None:
    """Of these LangChain names no provider: their package says it."""
    owner = made(row)
    assert_server(owner, row)
    assert provider_of_class(type(owner), row[3]) == row[5]
    assert model_of(owner)


def assert_server(owner: Any, row: Row) -> None:
    before = set(vars(owner))
    facts = server_of(owner)
    assert (facts.get(semconv.SERVER_ADDRESS), facts.get(semconv.SERVER_PORT)) == row[3:5]
    assert set(vars(owner)) == before, "a lazy property was triggered"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("package", "name", "provider"),
    [
        (package, name, provider)
        for package, name, *_, provider in here(OTHERS)
        if name in {"OpenAIEmbeddings", "VertexAIEmbeddings"}
    ],
)
def test_subclass_has_the_provider_of_its_package(package: str, name: str, provider: str) -> None:
    """A class of the application's own is its provider's, whatever it is called."""
    kind = getattr(importlib.import_module(f"langchain_{package}"), name)
    mine = type("CompanyEmbeddings", (kind,), {})
    assert provider_of_class(mine) == provider


def test_unknown_class_is_called_by_its_name() -> None:
    """As LangChain names the provider of a model that names none."""

    class HomegrownEmbeddings:
        pass

    assert provider_of_class(HomegrownEmbeddings) is None
    started = Started(None, None, None, None, owner=HomegrownEmbeddings())
    assert EMBEDDINGS.request is not None
    facts = EMBEDDINGS.request(started, None)
    assert facts == {
        semconv.GEN_AI_OPERATION_NAME: "embeddings",
        semconv.GEN_AI_PROVIDER_NAME: "homegrown",
    }


def test_unknown_provider_of_a_model() -> None:
    """The attribute is required: what nobody knows is said to be unknown."""
    assert provider_of({}) == "unknown"
    assert provider_of({"ls_provider": "somebody"}) == "somebody"


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        (None, None),
        (object(), None),
        (SimpleNamespace(client=None, base_url=None), None),
        (SimpleNamespace(base_url=""), None),
        (SimpleNamespace(base_url="http://[not an address"), None),
        (SimpleNamespace(base_url="http://host:no-port"), None),
        (SimpleNamespace(base_url=7), None),
        (SimpleNamespace(base_url="https://user:secret@host/path?key=secret"), ("host", 443)),
        (SimpleNamespace(base_url="localhost:8000"), ("localhost", 8000)),
        (
            SimpleNamespace(
                watsonx_client=SimpleNamespace(
                    credentials=SimpleNamespace(url="https://us-south.ml.cloud.ibm.com")
                )
            ),
            ("us-south.ml.cloud.ibm.com", 443),
        ),
    ],
)
def test_odd_owners(owner: Any, expected: Any) -> None:
    """Whatever is found where a server's address is looked for, there is no error and no secret."""
    facts = server_of(owner)
    assert (tuple(facts.values()) or None) == expected
