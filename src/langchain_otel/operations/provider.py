"""Finds who serves a model: the provider's name, the server's address, the model's name."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from langchain_otel import semconv
from langchain_otel.content.fields import (
    ancestors,
    fields_of,
    module_of,
    namespace,
    slot_of,
    text_of,
)
from langchain_otel.content.remembered import BoundedMap, remember
from langchain_otel.content.values import Facts, text

Path = tuple[str, ...]

# LangChain's `ls_provider` to the well-known values; what is not here goes through as it is.
PROVIDERS: Final = {
    "amazon_bedrock": "aws.bedrock",
    "anthropic-bedrock": "aws.bedrock",
    "anthropic-mantle": "aws.bedrock",
    "aws": "aws.bedrock",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "openai-mantle": "aws.bedrock",
    "azure": "azure.ai.openai",
    "azure_openai": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "anthropicvertex": "gcp.vertex_ai",
    "google_vertexai": "gcp.vertex_ai",
    "vertexai": "gcp.vertex_ai",
    "google_genai": "gcp.gen_ai",
    "google_generativeai": "gcp.gemini",
    "huggingfaceendpoint": "huggingface",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "moonshot": "moonshot_ai",
    "nvidia_ai_endpoints": "nvidia",
    "NVIDIA": "nvidia",
    "openai-codex": "openai",
    "xai": "x_ai",
    "watsonx": "ibm.watsonx.ai",
    "ibm": "ibm.watsonx.ai",
}
UNKNOWN_PROVIDER: Final = "unknown"

# Servers that say better than the client who answers: one client speaks to several providers.
# A subdomain counts as its domain, a region in front of a name as the name.
HOSTS: Final = {
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "openai.azure.com": "azure.ai.openai",
    "services.ai.azure.com": "azure.ai.inference",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.moonshot.ai": "moonshot_ai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
}

# Packages `langchain_*` of several providers: they do not say who serves a class of theirs.
SHARED_PACKAGES: Final = frozenset(("classic", "community", "core", "experimental", "tests"))
# Classes of a provider's package that belong to another provider.
CLASSES: Final = {"AzureOpenAIEmbeddings": "azure"}

# Where the provider packages keep the server: a field of the model, then what leads from there to
# a parsed URL or to a text. Fields only: a property might build a client.
SERVERS: Final[tuple[Path, ...]] = (
    ("root_client", "_base_url"),  # langchain-openai
    ("root_async_client", "_base_url"),
    ("client", "_client", "_base_url"),  # a resource of a client, a client, or ollama's
    ("async_client", "_client", "_base_url"),
    ("_client", "_client", "_base_url"),  # langchain-anthropic once its client is built, ollama
    ("_async_client", "_client", "_base_url"),
    ("client", "_base_url"),  # an HTTP client: langchain-mistralai
    ("async_client", "_base_url"),
    ("client", "_api_client", "_http_options", "base_url"),  # langchain-google-genai
    ("client", "client", "_api_client", "_http_options", "base_url"),  # its completion model
    ("client", "_endpoint", "host"),  # boto: langchain-aws
    ("client", "_client_wrapper", "_base_url"),  # langchain-cohere
    ("client", "_params", "base_url"),  # langchain-voyageai's reranker
    ("_client", "_params", "base_url"),  # its embeddings
    ("client", "sdk_configuration", "server_url"),  # langchain-openrouter
    ("client_options", "api_endpoint"),  # langchain-google-vertexai
    ("watsonx_client", "credentials", "url"),  # langchain-ibm
    ("sync_client", "http", "client", "_base_url"),  # langgraph's remote graph
    ("client", "http", "client", "_base_url"),
    ("llm", "endpoint_url"),  # langchain-huggingface's chat model
    ("endpoint_url",),
    ("base_url",),
)
ANTHROPIC_PACKAGE: Final = "langchain_anthropic"
ANTHROPIC_URL: Final = ("anthropic_api_url",)
FIELDS: Final = frozenset(path[0] for path in (*SERVERS, ANTHROPIC_URL))
PRIVATE: Final = "__pydantic_private__"
DECLARED: Final = ("__pydantic_fields__", "__private_attributes__")
"""Where a class of Pydantic's has the names of its objects' fields, the inherited ones too."""

# An endpoint without a scheme is that of a gRPC client, which speaks TLS.
DEFAULT_PORTS: Final = {
    "https": 443,
    "http": 80,
    "": 443,
    "mysql": 3306,
    "postgresql": 5432,
    "redis": 6379,
    "rediss": 6379,
}
MAX_URLS: Final = 256
URL_PACKAGES: Final = ("httpx", "pydantic", "yarl")
MODEL_FIELDS: Final = ("model", "model_name", "model_id", "repo_id", "model_arn")


def provider_of(metadata: Mapping[str, Any], address: str | None = None) -> str:
    """The provider's name, by the server's address where that says it.

    The attribute is required, so an unknown one says so.
    """
    at_address = None if address is None else _provider_at(address)
    if at_address is not None:
        return at_address
    name = text(metadata.get("ls_provider"))
    return UNKNOWN_PROVIDER if name is None else PROVIDERS.get(name, name)


def provider_of_class(kind: type, address: str | None = None) -> str | None:
    """The provider's name of a class of which LangChain says none, by its package."""
    at_address = None if address is None else _provider_at(address)
    if at_address is not None:
        return at_address
    for base in kind.__mro__:
        package = base.__module__.partition(".")[0]
        name = CLASSES.get(base.__name__) or package.removeprefix("langchain_")
        if package not in (name, "langchain") and name not in SHARED_PACKAGES:
            return PROVIDERS.get(name, name)
    return None


def server_of(owner: object) -> Facts:
    """The address and port that the model's own client talks to; nothing where it is unknown."""
    kind = type(owner)
    known = _paths.get(id(kind))
    paths = _paths_of(kind) if known is None else known[0]
    if not paths:
        return {}
    fields = fields_of(owner)
    # Pydantic's private attributes count as fields.
    private = slot_of(owner, PRIVATE)
    if type(private) is dict and not FIELDS.isdisjoint(private):
        fields = private | fields
    for path in paths:
        if path[0] in fields and (facts := server_at(_reached(fields, path))):
            return facts
    return {}


_paths: Final[dict[int, tuple[tuple[Path, ...], object]]] = {}
"""Where objects of a class may have a server, by the id of the class, for as long as it lives."""


def _paths_of(kind: type) -> tuple[Path, ...]:
    names = _declared(kind)
    paths = tuple(path for path in SERVERS if names is None or path[0] in names)
    if module_of(kind).startswith(ANTHROPIC_PACKAGE):
        paths += (ANTHROPIC_URL,)
    remember(_paths, id(kind), kind, paths)
    return paths


def _declared(kind: type) -> set[str] | None:
    """The names that objects of a class may have fields under; None where that is any."""
    names = namespace(kind)
    if any(key not in names for key in DECLARED):
        return None
    # A cached property keeps its value as a field.
    return set().union(*map(namespace, ancestors(kind)), *(names[key] for key in DECLARED))


def model_of(owner: object) -> str | None:
    """The name of the model that an embeddings object or a reranker asks for."""
    fields = fields_of(owner)
    return next((name for key in MODEL_FIELDS if (name := text(fields.get(key)))), None)


def _reached(fields: Mapping[str, Any], path: Path) -> Any:
    value = fields.get(path[0])
    for name in path[1:]:
        if value is None:
            return None
        value = (value if type(value) is dict else fields_of(value)).get(name)
    return value


def server_at(url: Any) -> Facts:
    """The address and port that a URL leads to, a text or a parsed one."""
    if url is None:
        return {}
    if type(url) is str:
        return _server(_split(url))
    known = _parsed.get(id(url))
    if known is not None and known[0] is url:
        return known[1].copy()
    # Parsed by a client's own library: only of those is the type known.
    if not module_of(type(url)).startswith(URL_PACKAGES):
        return {}
    facts = _server(Url(url.host, url.port, url.scheme))
    _parsed.put(id(url), (url, facts))
    return facts.copy()


_parsed: Final[BoundedMap[int, tuple[object, Facts]]] = BoundedMap(MAX_URLS)
"""Where the URLs of clients lead to, which never change: each call asks its client's again."""


def _server(url: Url | None) -> Facts:
    host = None if url is None else text_of(url.host)
    if url is None or not host:
        return {}
    port = url.port or DEFAULT_PORTS.get(url.scheme)
    facts: Facts = {semconv.SERVER_ADDRESS: host}
    return facts if port is None else facts | {semconv.SERVER_PORT: port}


class Url:
    """The server that a URL names."""

    __slots__ = ("host", "port", "scheme")

    def __init__(self, host: str | None, port: int | None, scheme: str) -> None:
        self.host = host
        self.port = port
        self.scheme = scheme


@lru_cache(MAX_URLS)
def _split(url: str) -> Url | None:
    with suppress(ValueError):
        parts = urlsplit(url if "://" in url else f"//{url}")
        return Url(parts.hostname, parts.port, parts.scheme)
    return None


def _provider_at(address: str) -> str | None:
    return (
        HOSTS.get(address)
        or HOSTS.get(address.partition(".")[2])
        or HOSTS.get(address.rpartition("-")[2])
    )
