"""Reads a model's response: its id and model, why it ended, what only OpenAI adds."""

from __future__ import annotations

from typing import Any, Final

from langchain_otel import semconv
from langchain_otel.content.choices import reason_in
from langchain_otel.content.fields import fields_of, mapping_of
from langchain_otel.content.values import Facts, text
from langchain_otel.operations.mapping import Table, facts_from

# LangChain's own ids, put where a provider gave none.
LANGCHAIN_ID_PREFIXES: Final = ("run-", "lc_run-", "lc_")
UNFINISHED: Final[Facts] = {semconv.GEN_AI_RESPONSE_FINISH_REASONS: ["error"]}
"""What the conventions want where an answer failed, was cancelled or cut short."""

ANSWER: Final[Table] = {
    "model_id": (semconv.GEN_AI_RESPONSE_MODEL, text),
    "model": (semconv.GEN_AI_RESPONSE_MODEL, text),
    "model_name": (semconv.GEN_AI_RESPONSE_MODEL, text),
    "system_fingerprint": (semconv.OPENAI_RESPONSE_SYSTEM_FINGERPRINT, text),
    "service_tier": (semconv.OPENAI_RESPONSE_SERVICE_TIER, text),
}
"""`llm_output` of a result and `response_metadata` of its messages."""

IDENTITY: Final[Table] = {
    "id": (semconv.GEN_AI_RESPONSE_ID, text),
    "response_id": (semconv.GEN_AI_RESPONSE_ID, text),
    "model": (semconv.GEN_AI_RESPONSE_MODEL, text),
    "model_version": (semconv.GEN_AI_RESPONSE_MODEL, text),
}
"""What providers' own answers, chunks and events say of themselves."""

# How OpenAI's two interfaces name their answers.
API_TYPES: Final = {"chatcmpl-": "chat_completions", "resp_": "responses"}


def identity(source: Any, message_id: Any = None) -> Facts:
    """The answer's id and model, and what only OpenAI adds."""
    if type(source) is not dict:
        source = mapping_of(source)
    facts = facts_from(source, ANSWER)
    for found in (source.get("id"), message_id):
        if found is None or (type(found) is str and found.startswith(LANGCHAIN_ID_PREFIXES)):
            continue
        response_id = text(found)
        if response_id is not None and not response_id.startswith(LANGCHAIN_ID_PREFIXES):
            return facts | response_identity(response_id)
    return facts


def answer_identity(answer: Any) -> Facts:
    """The id and the model that a provider's own answer names, before LangChain converts it."""
    fields = mapping_of(answer) if isinstance(answer, dict) else fields_of(answer)
    # Anthropic's first event holds a message.
    facts = facts_from(fields, IDENTITY) or facts_from(fields_of(fields.get("message")), IDENTITY)
    response_id = facts.get(semconv.GEN_AI_RESPONSE_ID)
    return facts if response_id is None else facts | response_identity(response_id)


def response_identity(response_id: str) -> Facts:
    """The provider's id of an answer, and the interface that gives such ids."""
    facts: Facts = {semconv.GEN_AI_RESPONSE_ID: response_id}
    for prefix, api_type in API_TYPES.items():
        if response_id.startswith(prefix):
            facts[semconv.OPENAI_API_TYPE] = api_type
    return facts


def finish_reason(information: Any, metadata: Any) -> str | None:
    """Why a choice of the answer ended: as the generation reports it, or else its message."""
    for given in (information, metadata):
        if given is not None:
            source = given if type(given) is dict else mapping_of(given)
            reason = reason_in(source) if source else None
            if reason is not None:
                return text(reason)
    return None
