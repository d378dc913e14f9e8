"""Knows what the GenAI conventions allow and want on each kind of span and in each metric.

Restated from the conventions: `wanted` is what LangChain makes knowable and the conventions ask
for, so that it must be there on at least one span of the kind; `content` only where it was asked
for; anything else that is `allowed` may be there.
"""

from dataclasses import dataclass
from typing import Final

M: Final = frozenset(
    (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "gen_ai.response.model",
        "server.address",
        "server.port",
    )
)
MODEL: Final = M | {
    "error.type",
    "gen_ai.conversation.id",
    "gen_ai.output.type",
    "gen_ai.request.choice.count",
    "gen_ai.request.seed",
    "gen_ai.request.stream",
    "gen_ai.request.top_k",
    "gen_ai.request.frequency_penalty",
    "gen_ai.request.presence_penalty",
    "gen_ai.request.temperature",
    "gen_ai.request.top_p",
    "gen_ai.request.max_tokens",
    "gen_ai.request.stop_sequences",
    "gen_ai.request.reasoning.level",
    "gen_ai.prompt.name",
    "gen_ai.prompt.version",
    "gen_ai.response.finish_reasons",
    "gen_ai.response.id",
    "gen_ai.response.time_to_first_chunk",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.reasoning.output_tokens",
    "openai.request.service_tier",
    "openai.response.service_tier",
    "openai.response.system_fingerprint",
    "openai.api.type",
}
MODALITIES: Final = frozenset(
    f"gen_ai.usage.{modality}.{direction}_tokens"
    for modality in ("text", "image", "audio")
    for direction in ("input", "output")
)
MESSAGES: Final = frozenset(("gen_ai.input.messages", "gen_ai.output.messages"))
INSTRUCTIONS: Final = frozenset(("gen_ai.system_instructions", "gen_ai.tool.definitions"))
# Not in the conventions' tables: which agent a call is made for, to be found without its ancestors.
AGENT: Final = frozenset(("gen_ai.agent.name",))
# A core attribute, beside `error.type` where a client's exception carries it.
STATUS: Final = frozenset(("http.response.status_code",))
VARIABLES: Final = frozenset(("gen_ai.prompt.variable.name",))
MCP: Final = frozenset(
    (
        "jsonrpc.request.id",
        "mcp.method.name",
        "mcp.protocol.version",
        "mcp.session.id",
        "network.protocol.name",
        "network.transport",
        "rpc.response.status_code",
        "server.address",
        "server.port",
    )
)
"""What is said of a tool that an MCP server has: it has one span, not a second of the protocol."""


@dataclass(frozen=True)
class Kind:
    """A kind of span: its SpanKind, and the attributes wanted and allowed on it."""

    span_kind: str
    wanted: frozenset[str]
    content: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()


KINDS: Final = {
    "chat": Kind(
        "CLIENT",
        MODEL,
        MESSAGES | {"gen_ai.tool.definitions"} | VARIABLES,
        MODALITIES
        | AGENT
        | STATUS
        | {"gen_ai.request.previous_response.id", "gen_ai.system_instructions"},
    ),
    "text_completion": Kind(
        "CLIENT",
        M
        | {
            "gen_ai.response.finish_reasons",
            "gen_ai.usage.input_tokens",
            "gen_ai.usage.output_tokens",
        },
        MESSAGES,
        MODEL | MODALITIES | AGENT | STATUS,
    ),
    "embeddings": Kind(
        "CLIENT",
        (M - {"gen_ai.response.model"}) | {"gen_ai.embeddings.dimension.count"},
        allowed=AGENT
        | STATUS
        | frozenset(
            (
                "error.type",
                "gen_ai.request.encoding_formats",
                "gen_ai.response.model",
                "gen_ai.usage.input_tokens",
            )
        ),
    ),
    "retrieval": Kind(
        "CLIENT",
        frozenset(("gen_ai.operation.name", "gen_ai.retrieval.top_k", "gen_ai.provider.name")),
        frozenset(("gen_ai.retrieval.query.text", "gen_ai.retrieval.documents")),
        AGENT
        | STATUS
        | frozenset(
            (
                "error.type",
                "gen_ai.data_source.id",
                "gen_ai.request.model",
                "server.address",
                "server.port",
            )
        ),
    ),
    "execute_tool": Kind(
        "INTERNAL",
        frozenset(
            (
                "gen_ai.operation.name",
                "gen_ai.tool.name",
                "error.type",
                "gen_ai.agent.name",
                "gen_ai.conversation.id",
                "gen_ai.tool.call.id",
                "gen_ai.tool.description",
                "gen_ai.tool.type",
            )
        ),
        frozenset(("gen_ai.tool.call.arguments", "gen_ai.tool.call.result")),
        MCP | STATUS,
    ),
    "invoke_agent": Kind(
        "INTERNAL",
        frozenset(
            (
                "gen_ai.operation.name",
                "gen_ai.agent.name",
                "gen_ai.conversation.id",
                "gen_ai.request.model",
                "gen_ai.response.finish_reasons",
                "gen_ai.usage.input_tokens",
                "gen_ai.usage.output_tokens",
            )
        ),
        MESSAGES | INSTRUCTIONS,
        frozenset(("error.type", "gen_ai.agent.description", "gen_ai.output.type")) | STATUS,
    ),
    "invoke_workflow": Kind(
        "INTERNAL",
        frozenset(("gen_ai.operation.name", "gen_ai.workflow.name", "gen_ai.conversation.id")),
        MESSAGES,
        frozenset(("error.type",)) | STATUS,
    ),
}

OWN: Final = ("langchain.", "langgraph.")

METRICS: Final = {
    "gen_ai.client.inference.duration": M | {"error.type"},
    "gen_ai.client.inference.time_to_first_chunk": M,
    "gen_ai.client.inference.time_per_output_chunk": M,
    "gen_ai.client.inference.operation.input_tokens": M,
    "gen_ai.client.inference.operation.output_tokens": M,
    "gen_ai.client.inference.usage.input_tokens": M | {"gen_ai.token.modality"},
    "gen_ai.client.inference.usage.output_tokens": M | {"gen_ai.token.modality"},
    "gen_ai.client.inference.usage.cache_read.input_tokens": M | {"gen_ai.token.modality"},
    "gen_ai.client.inference.usage.cache_write.input_tokens": M | {"gen_ai.token.modality"},
    "gen_ai.client.inference.usage.reasoning.output_tokens": M | {"gen_ai.token.modality"},
    "gen_ai.client.operation.duration": M - {"gen_ai.response.model"},
    "gen_ai.invoke_agent.duration": {"gen_ai.agent.name", "gen_ai.request.model"},
    "gen_ai.invoke_agent.inference_calls": {"gen_ai.agent.name"},
    "gen_ai.invoke_agent.tool_calls": {"gen_ai.agent.name"},
    "gen_ai.invoke_workflow.duration": {"gen_ai.workflow.name"},
    "gen_ai.execute_tool.duration": {
        "gen_ai.tool.name",
        "gen_ai.tool.type",
        "gen_ai.agent.name",
        "error.type",
    },
}
"""The client-side metrics, each with the attributes that are wanted on it."""

METRIC_EXTRA: Final = frozenset(
    (
        "error.type",
        "openai.response.service_tier",
        "openai.response.system_fingerprint",
        "gen_ai.response.model",
    )
)
