"""Knows who serves a model: the conventions' provider name, and the server's address."""

from typing import Any, Final

from langchain_otel import semconv
from langchain_otel.mapping import text
from langchain_otel.operations import Facts

# LangChain's `ls_provider` to the well-known values; what is not here goes through as it is.
PROVIDERS: Final = {
    "amazon_bedrock": "aws.bedrock",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "azure": "azure.ai.openai",
    "azure_openai": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "google_vertexai": "gcp.vertex_ai",
    "vertexai": "gcp.vertex_ai",
    "google_genai": "gcp.gen_ai",
    "google_generativeai": "gcp.gemini",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "moonshot": "moonshot_ai",
    "xai": "x_ai",
    "watsonx": "ibm.watsonx.ai",
    "ibm": "ibm.watsonx.ai",
}
UNKNOWN_PROVIDER: Final = "unknown"

# Where a model keeps its client, and the client the resource belongs to; never a property, which
# might build a client.
CLIENT_FIELDS: Final = ("root_client", "root_async_client", "client", "async_client")
DEFAULT_PORTS: Final = {"https": 443, "http": 80}


def provider_of(metadata: dict[str, Any]) -> str:
    """The provider's name; the attribute is required, so an unknown one says so."""
    name = text(metadata.get("ls_provider"))
    return UNKNOWN_PROVIDER if name is None else PROVIDERS.get(name, name)


def server_of(owner: object) -> Facts:
    """The address and port that the model's own client talks to; nothing where it is unknown."""
    fields = getattr(owner, "__dict__", {})
    for name in CLIENT_FIELDS:
        client = fields.get(name)
        url = getattr(getattr(client, "_client", client), "base_url", None)
        host = getattr(url, "host", None)
        if isinstance(host, str) and host:
            port = getattr(url, "port", None) or DEFAULT_PORTS.get(getattr(url, "scheme", ""))
            facts: Facts = {semconv.SERVER_ADDRESS: host}
            return facts if port is None else facts | {semconv.SERVER_PORT: port}
    return {}
