"""Leaves out of spans whatever may be content: only names that are known to be none are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from langchain_otel import semconv
from langchain_otel.dialects import openinference_names as oi
from langchain_otel.viewing import names
from langchain_otel.viewing.spans import Event, Link, Span

MAX_WORD: Final = 200
MAX_NAME: Final = 120
MAX_WORDS: Final = 20

# Texts that name a thing of the program or of its provider, not of whoever uses it.
WORDS: Final = frozenset({
    semconv.GEN_AI_OPERATION_NAME,
    semconv.GEN_AI_PROVIDER_NAME,
    semconv.GEN_AI_AGENT_NAME,
    semconv.GEN_AI_WORKFLOW_NAME,
    semconv.GEN_AI_REQUEST_MODEL,
    semconv.GEN_AI_REQUEST_ENCODING_FORMATS,
    semconv.GEN_AI_REQUEST_REASONING_LEVEL,
    semconv.GEN_AI_OUTPUT_TYPE,
    semconv.GEN_AI_RESPONSE_ID,
    semconv.GEN_AI_RESPONSE_MODEL,
    semconv.GEN_AI_RESPONSE_FINISH_REASONS,
    semconv.GEN_AI_EVALUATION_NAME,
    semconv.GEN_AI_EVALUATION_SCORE_LABEL,
    semconv.GEN_AI_TOOL_NAME,
    semconv.GEN_AI_TOOL_CALL_ID,
    semconv.GEN_AI_TOOL_TYPE,
    semconv.OPENAI_REQUEST_SERVICE_TIER,
    semconv.OPENAI_RESPONSE_SERVICE_TIER,
    semconv.OPENAI_RESPONSE_SYSTEM_FINGERPRINT,
    semconv.OPENAI_API_TYPE,
    semconv.MCP_METHOD_NAME,
    semconv.MCP_PROTOCOL_VERSION,
    semconv.NETWORK_TRANSPORT,
    semconv.NETWORK_PROTOCOL_NAME,
    semconv.SERVER_ADDRESS,
    semconv.ERROR_TYPE,
    semconv.EXCEPTION_TYPE,
    semconv.RUN_ID,
    semconv.RUN_OUTCOME,
    semconv.RETRIEVER_CLASS,
    semconv.LINK_TYPE,
    semconv.LANGGRAPH_NODE,
    semconv.LANGGRAPH_TASK_ID,
    semconv.LANGGRAPH_SUBGRAPH_PATH,
    semconv.LANGGRAPH_CHECKPOINT_ID,
    oi.SPAN_KIND,
    oi.AGENT_NAME,
    oi.LLM_MODEL_NAME,
    oi.LLM_PROVIDER,
    oi.LLM_SYSTEM,
    oi.LLM_FINISH_REASON,
    oi.TOOL_NAME,
    oi.RERANKER_MODEL_NAME,
    oi.EMBEDDING_MODEL_NAME,
    names.SYSTEM,
    names.TRACELOOP_KIND,
    names.LLM_REQUEST_TYPE,
    "db.system",
    "db.system.name",
    "db.operation.name",
    "http.method",
    "http.request.method",
    "http.route",
    "network.protocol.version",
    "rpc.method",
    "rpc.service",
    "rpc.system",
})  # fmt: skip
NUMBERS: Final = frozenset({
    semconv.CACHE_HIT,
    semconv.USAGE_CACHE_WRITE_1H,
    semconv.RETRY_ATTEMPT,
    semconv.MESSAGES_OMITTED,
    semconv.EVENT_LENGTH,
    semconv.LANGGRAPH_STEP,
    semconv.LANGGRAPH_RECURSION_LIMIT,
    semconv.LANGGRAPH_INTERRUPT_COUNT,
    semconv.LANGGRAPH_INTERRUPT_WAIT,
    semconv.HTTP_RESPONSE_STATUS_CODE,
    semconv.RPC_RESPONSE_STATUS_CODE,
    semconv.SERVER_PORT,
    semconv.GEN_AI_EVALUATION_SCORE_VALUE,
    semconv.GEN_AI_RETRIEVAL_TOP_K,
    semconv.GEN_AI_EMBEDDINGS_DIMENSION_COUNT,
    semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
    oi.RERANKER_TOP_K,
    names.TOTAL_TOKENS,
    *names.COSTS,
    "exception.escaped",
    "http.request.body.size",
    "http.request.resend_count",
    "http.response.body.size",
    "http.status_code",
})  # fmt: skip
# Families of counts and settings, all of them numbers.
NUMBERS_BEGIN: Final = (
    "gen_ai.request.",
    "gen_ai.usage.",
    "llm.cost.",
    "llm.token_count.",
    "llm.usage.",
    names.COST,
)
RESOURCE_WORDS: Final = frozenset({
    names.SERVICE_NAME,
    "service.version",
    "service.namespace",
    "deployment.environment",
    "deployment.environment.name",
    "telemetry.auto.version",
    "telemetry.distro.name",
    "telemetry.distro.version",
    "telemetry.sdk.language",
    "telemetry.sdk.name",
    "telemetry.sdk.version",
    "process.runtime.name",
    "process.runtime.version",
    "os.type",
})  # fmt: skip
EVENTS: Final = frozenset({
    semconv.EVENT_EXCEPTION,
    semconv.EVENT_TEXT,
    semconv.EVENT_RETRY,
    semconv.EVENT_CUSTOM,
    semconv.EVENT_AGENT_ACTION,
    semconv.EVENT_AGENT_FINISH,
    semconv.EVENT_INTERRUPT,
    semconv.EVENT_NODE_CACHED,
    semconv.GEN_AI_EVALUATION_RESULT,
    *names.MESSAGE_EVENTS,
    *names.CONTENT_EVENTS,
    names.CHOICE,
})  # fmt: skip
OTHER_EVENT: Final = "event"
# What programs call things: no sentence, no path of a file, no address.
_WORD: Final = re.compile(r"[\w .,:;/()<>\[\]{}*+#&$-]+")


def redacted(span: Span) -> Span:
    """The span without content: names, numbers, times, ids and what failed."""
    return replace(
        span,
        name=span.name if len(span.name) <= MAX_NAME else f"{span.name[:MAX_NAME]}…",
        status_message="",
        attributes=_kept(span.attributes, WORDS),
        events=tuple(map(_event, span.events)),
        links=tuple(
            Link(each.trace_id, each.span_id, _kept(each.attributes, WORDS)) for each in span.links
        ),
        resource=_kept(span.resource, RESOURCE_WORDS),
    )


def _event(event: Event) -> Event:
    name = event.name if event.name in EVENTS else OTHER_EVENT
    return Event(name, event.time, _kept(event.attributes, WORDS))


def _kept(attributes: Mapping[str, Any], words: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if _is_kept(name, value, words)}


def _is_kept(name: str, value: Any, words: frozenset[str]) -> bool:
    if isinstance(value, (bool, int, float)):
        return name in NUMBERS or name in words or name.startswith(NUMBERS_BEGIN)
    values = value if isinstance(value, list) else [value]
    return name in words and len(values) <= MAX_WORDS and all(map(_is_word, values))


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_WORD and bool(_WORD.fullmatch(value))
