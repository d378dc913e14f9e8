"""Lists the chat clients of provider packages: where each asks a server, and what it hands on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

KEY: Final[Any] = "none"
CLAUDE: Final = "anthropic.claude-3-5-sonnet-20240620-v1:0"

Options = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Client:
    """A class of a package, its options for a server, and how its provider names things."""

    package: str
    name: str
    options: Callable[[str], Options]
    provider: str
    # Why an answer of words ends, and one that calls a tool.
    reasons: tuple[str, str] = ("stop", "tool_calls")
    request_model: str | None = "asked"
    # Where the provider has no name for the model that answered, it is the one that was asked.
    response_model: str = "served"
    # What the provider's format has no place for.
    without: frozenset[str] = field(default=frozenset())
    forms: tuple[str, ...] = ("invoke", "ainvoke", "stream", "astream")

    def made(self, url: str) -> Any:
        """The client, pointed at a server; it gets those of the options that its release knows."""
        kind = getattr(import_module(self.package), self.name)
        options = self.options(url)
        fields = kind.model_fields.items()
        named = ((name for name in (info.alias, key) if name in options) for key, info in fields)
        chosen = (next(names, None) for names in named)
        return kind(**{name: options[name] for name in chosen if name is not None})

    def __str__(self) -> str:
        return self.name


def like_openai(path: str = "/v1") -> Callable[[str], Options]:
    """The options of most."""

    def options(url: str) -> Options:
        same = {"model": "asked", "api_key": KEY, "max_retries": 0, "stream_usage": True}
        own = {"api_base": f"{url}{path}", "xai_api_base": f"{url}{path}"}
        return {**same, "base_url": f"{url}{path}", **own}

    return options


def azure(url: str) -> Options:
    return {
        "azure_endpoint": url,
        "azure_deployment": "asked",
        "api_version": "2024-10-21",
        "api_key": KEY,
        "max_retries": 0,
        "model_kwargs": {"stream_options": {"include_usage": True}},
    }


def bedrock(url: str) -> Options:
    return {"model": CLAUDE, "model_id": CLAUDE, "region_name": "us-east-1", "endpoint_url": url}


def gemini(url: str) -> Options:
    address = {"base_url": url, "client_options": {"api_endpoint": url}, "transport": "rest"}
    return {"model": "asked", "google_api_key": KEY, "max_retries": 1, **address}


def vertex(url: str) -> Options:
    anonymous = import_module("google.auth.credentials").AnonymousCredentials()
    address = {"api_endpoint": url, "api_transport": "rest", "location": "us-central1"}
    same = {"model_name": "asked", "project": "p", "max_retries": 1}
    return {**same, **address, "credentials": anonymous}


def huggingface(url: str) -> Options:
    endpoint = import_module("langchain_huggingface").HuggingFaceEndpoint
    return {"llm": endpoint(endpoint_url=f"{url}/v1"), "model_id": "asked"}


def mistral(url: str) -> Options:
    address = {"endpoint": f"{url}/with-choice", "base_url": f"{url}/with-choice"}
    return {"model": "asked", "api_key": KEY, "max_retries": 1, **address}


def nvidia(url: str) -> Options:
    return {"model": "asked", "base_url": f"{url}/v1", "api_key": "nvapi-none"}


def perplexity(url: str) -> Options:
    """The class takes no address; the clients that it holds do."""
    kinds: Any = ("OpenAI", "OpenAI")
    sdk: Any = import_module("openai")
    if "async_client" in import_module("langchain_perplexity").ChatPerplexity.model_fields:
        sdk, kinds = import_module("perplexity"), ("Perplexity", "AsyncPerplexity")
    clients = [getattr(sdk, kind)(base_url=url, api_key=KEY, max_retries=0) for kind in kinds]
    both = {"client": clients[0], "async_client": clients[1]}
    return {"model": "asked", "api_key": KEY, **both}


CACHED: Final = "usage.cache_read.input_tokens"
REASONING: Final = "usage.reasoning.output_tokens"
RESPONSE_ID: Final = "response.id"
BEDROCK: Final[dict[str, Any]] = {
    "reasons": ("end_turn", "tool_use"),
    "request_model": CLAUDE,
    "response_model": CLAUDE,
}

CLIENTS: Final = (
    Client("langchain_openai", "ChatOpenAI", like_openai(), "openai"),
    Client("langchain_openai", "AzureChatOpenAI", azure, "azure.ai.openai"),
    Client(
        "langchain_anthropic",
        "ChatAnthropic",
        like_openai(""),
        "anthropic",
        ("end_turn", "tool_use"),
        without=frozenset({REASONING}),
    ),
    Client(
        "langchain_google_genai",
        "ChatGoogleGenerativeAI",
        gemini,
        "gcp.gen_ai",
        ("STOP", "STOP"),
    ),
    # Over HTTP it has no async calls.
    Client(
        "langchain_google_vertexai",
        "ChatVertexAI",
        vertex,
        "gcp.vertex_ai",
        ("STOP", "STOP"),
        forms=("invoke", "stream"),
    ),
    Client(
        "langchain_aws",
        "ChatBedrockConverse",
        bedrock,
        "aws.bedrock",
        without=frozenset({REASONING, RESPONSE_ID}),
        **BEDROCK,
    ),
    Client(
        "langchain_aws",
        "ChatBedrock",
        bedrock,
        "aws.bedrock",
        without=frozenset({REASONING}),
        **BEDROCK,
    ),
    Client("langchain_mistralai", "ChatMistralAI", mistral, "mistral_ai"),
    Client(
        "langchain_cohere",
        "ChatCohere",
        lambda url: {"model": "asked", "cohere_api_key": KEY, "base_url": url},
        "cohere",
        ("COMPLETE", "TOOL_CALL"),
        without=frozenset({CACHED, REASONING, "response.model"}),
    ),
    Client(
        "langchain_ollama",
        "ChatOllama",
        lambda url: {"model": "asked", "base_url": url},
        "ollama",
        ("stop", "stop"),
        without=frozenset({CACHED, REASONING, RESPONSE_ID}),
    ),
    Client("langchain_groq", "ChatGroq", like_openai("/with-choice"), "groq"),
    Client("langchain_fireworks", "ChatFireworks", like_openai(), "fireworks"),
    Client("langchain_together", "ChatTogether", like_openai(), "together"),
    Client("langchain_deepseek", "ChatDeepSeek", like_openai(), "deepseek"),
    Client("langchain_xai", "ChatXAI", like_openai("/beside"), "x_ai"),
    Client(
        "langchain_huggingface", "ChatHuggingFace", huggingface, "huggingface", request_model=None
    ),
    Client("langchain_nvidia_ai_endpoints", "ChatNVIDIA", nvidia, "nvidia"),
    Client("langchain_perplexity", "ChatPerplexity", perplexity, "perplexity"),
    Client("langchain_openrouter", "ChatOpenRouter", like_openai(), "openrouter"),
    Client("langchain_cerebras", "ChatCerebras", like_openai(), "cerebras"),
    Client("langchain_upstage", "ChatUpstage", like_openai(), "upstage"),
)
