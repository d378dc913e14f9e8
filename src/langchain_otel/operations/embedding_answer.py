"""Reads what the answer of a provider's embeddings says: how many tokens, which model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_otel import semconv
from langchain_otel.content.counts import count, total
from langchain_otel.content.fields import fields_of, first_items, is_mapping, mapping_of
from langchain_otel.content.values import Facts, text
from langchain_otel.operations.usage import INPUT, provider_usage

PLACES: Final = ((), ("usage",), ("usage_metadata",), ("meta", "billed_units"))
"""Where answers keep their usage: in themselves, or inside, as OpenAI, Google and Cohere do."""

# Of embeddings all tokens are input.
TOTAL: Final = "total_tokens"


def answer_facts(answer: Any) -> Facts:
    """The facts of an answer, an object of the provider's client or the JSON that came."""
    fields = _fields(answer)
    facts: Facts = {}
    model = text(fields.get("model"))
    if model is not None:
        facts[semconv.GEN_AI_RESPONSE_MODEL] = model
    tokens = _tokens(fields)
    if tokens is not None:
        facts[INPUT] = tokens
    return facts


def add_answer(facts: Facts, answer: Facts) -> Facts:
    """The facts of several answers, as of the requests that a call is made of."""
    known, tokens = facts.get(INPUT), answer.get(INPUT)
    added = {} if known is None or tokens is None else {INPUT: total((known, tokens))}
    return {**facts, **answer, **added}


def _tokens(fields: Mapping[str, Any]) -> int | None:
    for place in PLACES:
        usage = fields
        for name in place:
            usage = _fields(usage.get(name))
        tokens = provider_usage(usage).get(INPUT, count(usage.get(TOTAL)))
        if tokens is not None:
            return int(tokens)
    return _tokens_by_text(fields.get("embeddings"))


def _tokens_by_text(embeddings: Any) -> int | None:
    """The sum of what Google's Vertex AI counts, for each text by itself."""
    listed = first_items(embeddings)
    statistics = [_fields(_fields(each).get("statistics")) for each in listed]
    counts = [count(each.get("token_count")) for each in statistics]
    known = [tokens for tokens in counts if tokens is not None]
    return total(known) if known else None


def _fields(value: Any) -> Mapping[str, Any]:
    """What a dict or an object holds, without asking an object for anything."""
    return mapping_of(value) if is_mapping(value) else fields_of(value)
