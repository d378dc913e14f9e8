"""States facts in the names of OpenInference, the dialect of Arize Phoenix.

A fact that OpenInference has no name for is left out if it is of the GenAI conventions, and keeps
its own name otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import orjson
from opentelemetry.context import Context, get_value

from langchain_otel import semconv
from langchain_otel.content.attribute_value import attribute_value
from langchain_otel.content.counts import total
from langchain_otel.content.encoding import to_json
from langchain_otel.content.values import Facts
from langchain_otel.dialects import openinference_names as names
from langchain_otel.dialects.dialect import Attributes
from langchain_otel.dialects.genai import attributes
from langchain_otel.dialects.openinference_costs import SPOKEN, costs
from langchain_otel.operations.mapping import LANGGRAPH
from langchain_otel.operations.prompt_template import is_template
from langchain_otel.operations.search import RERANKING
from langchain_otel.runs.reported import Started
from langchain_otel.runs.run import Run

# What `openinference.instrumentation.using_attributes` puts into the context, by the same names.
SURROUNDINGS: Final = (semconv.SESSION_ID, semconv.USER_ID, names.TAGS)
UNSPOKEN: Final = ("gen_ai.", "openai.", semconv.METADATA)

KINDS: Final = {
    semconv.CHAT: names.LLM,
    semconv.TEXT_COMPLETION: names.LLM,
    semconv.EXECUTE_TOOL: names.TOOL,
    semconv.INVOKE_AGENT: names.AGENT,
    semconv.RETRIEVAL: names.RETRIEVER,
    semconv.EMBEDDINGS: names.EMBEDDING,
}
GENERAL: Final = {
    semconv.GEN_AI_CONVERSATION_ID: semconv.SESSION_ID,
    semconv.GEN_AI_AGENT_NAME: names.AGENT_NAME,
    semconv.TAGS: names.TAGS,
}
ROWS: Final[dict[str, dict[str, str]]] = {
    names.LLM: {
        semconv.GEN_AI_REQUEST_MODEL: names.LLM_MODEL_NAME,
        semconv.GEN_AI_RESPONSE_MODEL: names.LLM_MODEL_NAME,
        semconv.GEN_AI_PROMPT_NAME: names.PROMPT_ID,
        semconv.GEN_AI_PROMPT_VERSION: names.LLM_PROMPT_TEMPLATE_VERSION,
        semconv.GEN_AI_USAGE_INPUT_TOKENS: names.LLM_TOKEN_COUNT_PROMPT,
        semconv.GEN_AI_USAGE_OUTPUT_TOKENS: names.LLM_TOKEN_COUNT_COMPLETION,
        semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: names.LLM_TOKEN_COUNT_CACHE_READ,
        semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: names.LLM_TOKEN_COUNT_CACHE_WRITE,
        semconv.GEN_AI_USAGE_AUDIO_INPUT_TOKENS: names.LLM_TOKEN_COUNT_PROMPT_AUDIO,
        semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: names.LLM_TOKEN_COUNT_REASONING,
        semconv.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS: names.LLM_TOKEN_COUNT_COMPLETION_AUDIO,
    },
    names.TOOL: {
        semconv.GEN_AI_TOOL_NAME: names.TOOL_NAME,
        semconv.GEN_AI_TOOL_CALL_ID: names.TOOL_ID,
        semconv.GEN_AI_TOOL_DESCRIPTION: names.TOOL_DESCRIPTION,
    },
    names.RERANKER: {
        semconv.GEN_AI_REQUEST_MODEL: names.RERANKER_MODEL_NAME,
        semconv.GEN_AI_RETRIEVAL_TOP_K: names.RERANKER_TOP_K,
    },
    names.EMBEDDING: {semconv.GEN_AI_REQUEST_MODEL: names.EMBEDDING_MODEL_NAME},
}
"""By the kind of the span: which facts have a word of their own."""

PARAMETERS: Final = {
    semconv.GEN_AI_REQUEST_MODEL: "model",
    semconv.GEN_AI_REQUEST_TEMPERATURE: "temperature",
    semconv.GEN_AI_REQUEST_TOP_P: "top_p",
    semconv.GEN_AI_REQUEST_TOP_K: "top_k",
    semconv.GEN_AI_REQUEST_MAX_TOKENS: "max_tokens",
    semconv.GEN_AI_REQUEST_FREQUENCY_PENALTY: "frequency_penalty",
    semconv.GEN_AI_REQUEST_PRESENCE_PENALTY: "presence_penalty",
    semconv.GEN_AI_REQUEST_SEED: "seed",
    semconv.GEN_AI_REQUEST_STOP_SEQUENCES: "stop",
    semconv.GEN_AI_REQUEST_CHOICE_COUNT: "n",
    semconv.GEN_AI_REQUEST_REASONING_LEVEL: "reasoning_effort",
    semconv.GEN_AI_REQUEST_ENCODING_FORMATS: "encoding_formats",
}
"""Facts of a request that are parameters of the call, by the names that OpenAI gives them."""

PARAMETERS_OF: Final = {
    names.LLM: names.LLM_INVOCATION_PARAMETERS,
    names.EMBEDDING: names.EMBEDDING_INVOCATION_PARAMETERS,
}
# The provider and the system (the interface that it speaks), where OpenInference has other names.
PROVIDERS: Final[dict[str, tuple[str, str | None]]] = {
    "openai": ("openai", "openai"),
    "anthropic": ("anthropic", "anthropic"),
    "cohere": ("cohere", "cohere"),
    "mistral_ai": ("mistralai", "mistralai"),
    "moonshot_ai": ("moonshot", None),
    "x_ai": ("xai", None),
    "groq": ("groq", "openai"),
    "ollama": ("ollama", "openai"),
    "azure.ai.openai": ("azure", "openai"),
    "azure.ai.inference": ("azure", "openai"),
    "aws.bedrock": ("aws", None),
    "gcp.vertex_ai": ("google", "vertexai"),
    "gcp.gen_ai": ("google", "vertexai"),
    "gcp.gemini": ("google", "vertexai"),
}
# Parts of the checkpoint's namespace, which is among the metadata.
PARTS: Final = (semconv.LANGGRAPH_TASK_ID, semconv.LANGGRAPH_SUBGRAPH_PATH)
METADATA_KEYS: Final = {attribute: key for key, (attribute, _) in LANGGRAPH.items()}


def kind_of(run: Run) -> str:
    """What kind of span a run is, by the operation that it does."""
    if run.operation is RERANKING:
        return names.RERANKER
    return KINDS.get(run.facts.get(semconv.GEN_AI_OPERATION_NAME, ""), names.CHAIN)


def started(facts: Facts, run: Run, begun: Started) -> Attributes:
    """The attributes of a span that starts."""
    kind = kind_of(run)
    found: Facts = {names.SPAN_KIND: names.PROMPT if is_template(begun) else kind}
    found |= run.recorder.redacted(_surroundings(run.ambient))
    if run.parent is None:
        found |= _session(run.identity)
    metadata = run.recorder.redacted(_context_metadata(run.ambient)) | _metadata(facts)
    if metadata:
        found[names.METADATA] = to_json(metadata)
    if kind == names.LLM:
        found |= _provider(facts)
    found = _stated(facts, kind) | _parameters(facts, kind) | found
    return attributes(found)


def ended(facts: Facts, run: Run) -> Attributes:
    """The attributes of a span that ends."""
    kind = kind_of(run)
    found = _stated(facts, kind)
    if kind == names.LLM:
        found = {name: value for name, value in found.items() if name not in SPOKEN}
        found |= _total(facts) | _finish_reason(facts) | costs(facts)
    return attributes(found)


def _stated(facts: Facts, kind: str) -> Facts:
    rows = ROWS.get(kind, GENERAL)
    found: Facts = {}
    for name, value in facts.items():
        word = GENERAL.get(name) or rows.get(name)
        if word == semconv.SESSION_ID:
            # A session of the user's is more exact than the conversation.
            found.setdefault(word, value)
        elif word is not None:
            found[word] = value
        elif not name.startswith(UNSPOKEN) and name not in (*METADATA_KEYS, *PARTS):
            found[name] = value
    return found


def _session(identity: Facts) -> Facts:
    session = identity.get(semconv.SESSION_ID) or identity.get(semconv.GEN_AI_CONVERSATION_ID)
    return {} if session is None else {semconv.SESSION_ID: session}


def _metadata(facts: Facts) -> dict[str, Any]:
    """The user's metadata and LangGraph's, by LangChain's keys."""
    found = {}
    for name, value in facts.items():
        key = METADATA_KEYS.get(name)
        if key is not None:
            found[key] = value
        elif name.startswith(semconv.METADATA):
            found[name.removeprefix(semconv.METADATA)] = value
    return found


def _surroundings(context: Context) -> Facts:
    found = {name: attribute_value(get_value(name, context)) for name in SURROUNDINGS}
    return {name: value for name, value in found.items() if value}


def _context_metadata(context: Context) -> dict[str, Any]:
    metadata = get_value(names.METADATA, context)
    if isinstance(metadata, str):
        with suppress(ValueError):
            known = orjson.loads(metadata)
            return known if isinstance(known, dict) else {}
    return {}


def _provider(facts: Facts) -> Facts:
    name = facts.get(semconv.GEN_AI_PROVIDER_NAME)
    if name is None:
        return {}
    provider, system = PROVIDERS.get(name, (name, None))
    found: Facts = {names.LLM_PROVIDER: provider}
    return found if system is None else found | {names.LLM_SYSTEM: system}


def _parameters(facts: Mapping[str, Any], kind: str) -> Facts:
    word = PARAMETERS_OF.get(kind)
    parameters = {PARAMETERS[key]: facts[key] for key in facts if key in PARAMETERS}
    return {} if word is None or not parameters else {word: to_json(parameters)}


def _total(facts: Facts) -> Facts:
    counts = [
        facts[name]
        for name in (semconv.GEN_AI_USAGE_INPUT_TOKENS, semconv.GEN_AI_USAGE_OUTPUT_TOKENS)
        if name in facts
    ]
    return {names.LLM_TOKEN_COUNT_TOTAL: total(counts)} if counts else {}


def _finish_reason(facts: Facts) -> Facts:
    reasons = facts.get(semconv.GEN_AI_RESPONSE_FINISH_REASONS)
    return {names.LLM_FINISH_REASON: reasons[0]} if reasons else {}
