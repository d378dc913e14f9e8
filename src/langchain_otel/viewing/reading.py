"""Reads off a span what a developer asks of it, whichever dialect or instrumentation wrote it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from langchain_otel import semconv
from langchain_otel.dialects import openinference_names as oi
from langchain_otel.pricing.kinds import COSTS
from langchain_otel.viewing import names
from langchain_otel.viewing.spans import Span

AGENT: Final = "agent"
MODEL: Final = "model"
TOOL: Final = "tool"
RETRIEVAL: Final = "retrieval"
EMBEDDINGS: Final = "embeddings"
WORKFLOW: Final = "workflow"
STEP: Final = "step"
OTHER: Final = "other"

UNKNOWN_ERROR: Final = "error"

OPERATIONS: Final = {
    semconv.CHAT: MODEL,
    semconv.TEXT_COMPLETION: MODEL,
    "generate_content": MODEL,
    semconv.EXECUTE_TOOL: TOOL,
    semconv.INVOKE_AGENT: AGENT,
    "create_agent": AGENT,
    semconv.INVOKE_WORKFLOW: WORKFLOW,
    semconv.RETRIEVAL: RETRIEVAL,
    semconv.EMBEDDINGS: EMBEDDINGS,
}
SPAN_KINDS: Final = {
    oi.LLM: MODEL,
    oi.CHAIN: WORKFLOW,
    oi.AGENT: AGENT,
    oi.TOOL: TOOL,
    oi.RETRIEVER: RETRIEVAL,
    oi.RERANKER: RETRIEVAL,
    oi.EMBEDDING: EMBEDDINGS,
    oi.PROMPT: STEP,
}
TRACELOOP_KINDS: Final = {"workflow": WORKFLOW, "task": STEP, "agent": AGENT, "tool": TOOL}
OURS: Final = ("langgraph.", "langchain.")

MODELS: Final = (
    semconv.GEN_AI_RESPONSE_MODEL,
    semconv.GEN_AI_REQUEST_MODEL,
    oi.LLM_MODEL_NAME,
    oi.EMBEDDING_MODEL_NAME,
    oi.RERANKER_MODEL_NAME,
)
PROVIDERS: Final = (semconv.GEN_AI_PROVIDER_NAME, names.SYSTEM, oi.LLM_PROVIDER, oi.LLM_SYSTEM)
# What is counted, and the names of the count.
TOKENS: Final = {
    "input": (
        semconv.GEN_AI_USAGE_INPUT_TOKENS,
        oi.LLM_TOKEN_COUNT_PROMPT,
        names.PROMPT_TOKENS,
    ),
    "output": (
        semconv.GEN_AI_USAGE_OUTPUT_TOKENS,
        oi.LLM_TOKEN_COUNT_COMPLETION,
        names.COMPLETION_TOKENS,
    ),
    "cached": (
        semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
        oi.LLM_TOKEN_COUNT_CACHE_READ,
        names.CACHED_TOKENS,
    ),
    "cache written": (
        semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
        oi.LLM_TOKEN_COUNT_CACHE_WRITE,
    ),
    "reasoning": (
        semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
        oi.LLM_TOKEN_COUNT_REASONING,
    ),
}

# What our own parts of a cost are called: of a call that is priced in part there is no total.
PARTS_OF_COST: Final = frozenset(COSTS.values())


@dataclass(frozen=True, slots=True)
class Facts:
    """What is said of a span beside its name and its times."""

    kind: str
    model: str
    provider: str
    error: str
    tokens: Mapping[str, int]
    cost: float | None
    unpriced: int

    @property
    def is_call(self) -> bool:
        """Whether tokens were spent by this span itself, not by spans below it."""
        is_told = bool(self.tokens) or self.cost is not None or self.unpriced > 0
        return self.kind in {MODEL, EMBEDDINGS} and is_told


def facts_of(span: Span) -> Facts:
    """The facts of a span."""
    attributes = span.attributes
    return Facts(
        kind=_kind(attributes),
        model=first_text(attributes, MODELS),
        provider=first_text(attributes, PROVIDERS),
        error=_error(span),
        tokens={
            what: count
            for what, keys in TOKENS.items()
            if (count := _count(attributes, keys)) is not None
        },
        cost=_cost(attributes),
        unpriced=_count(attributes, (semconv.COST_UNKNOWN_CALLS,)) or 0,
    )


def _kind(attributes: Mapping[str, Any]) -> str:
    for name, kinds in (
        (semconv.GEN_AI_OPERATION_NAME, OPERATIONS),
        (oi.SPAN_KIND, SPAN_KINDS),
        (names.TRACELOOP_KIND, TRACELOOP_KINDS),
    ):
        value = attributes.get(name)
        if isinstance(value, str) and value in kinds:
            return kinds[value]
    if names.LLM_REQUEST_TYPE in attributes:
        return EMBEDDINGS if attributes[names.LLM_REQUEST_TYPE] == "embedding" else MODEL
    return STEP if any(name.startswith(OURS) for name in attributes) else OTHER


def _error(span: Span) -> str:
    if span.status != "error":
        return ""
    thrown = (each.attributes for each in reversed(span.events) if each.name == "exception")
    kind = first_text(span.attributes, (semconv.ERROR_TYPE,))
    return (
        kind
        or next((first_text(each, (semconv.EXCEPTION_TYPE,)) for each in thrown), "")
        or UNKNOWN_ERROR
    )


def _cost(attributes: Mapping[str, Any]) -> float | None:
    for name in (semconv.COST_TOTAL, oi.LLM_COST_TOTAL, *names.COSTS):
        if is_number(attributes.get(name)):
            return float(attributes[name])
    parts = [
        float(value)
        for name, value in attributes.items()
        if name in PARTS_OF_COST and is_number(value)
    ]
    return sum(parts) if parts else None


def _count(attributes: Mapping[str, Any], keys: Iterable[str]) -> int | None:
    found = (attributes[key] for key in keys if is_number(attributes.get(key)))
    return next((int(value) for value in found), None)


def is_number(value: object) -> bool:
    """Whether it is a number that is finite, as all are that were read; a boolean is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 2**63


def first_text(attributes: Mapping[str, Any], keys: Iterable[str]) -> str:
    """The first of these attributes that is a text."""
    found = (attributes.get(key) for key in keys)
    return next((value for value in found if isinstance(value, str) and value), "")


def decoded(value: Any) -> Any:
    """What JSON in a text says; the text where it is none."""
    if not isinstance(value, str) or value[:1] not in {"{", "["}:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
