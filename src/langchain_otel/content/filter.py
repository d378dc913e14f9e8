"""Filters content: every content fact passes here before it goes anywhere."""

from __future__ import annotations

from typing import Any, Final

import orjson

from langchain_otel import semconv
from langchain_otel.content.json_data import Value, plain
from langchain_otel.content.limits import Fitting, Limits
from langchain_otel.content.media import is_data_url
from langchain_otel.content.message_list import Messages
from langchain_otel.content.policy import Budget, Policy
from langchain_otel.content.values import Facts

SWITCHES: Final = {
    semconv.GEN_AI_INPUT_MESSAGES: "messages",
    semconv.GEN_AI_OUTPUT_MESSAGES: "messages",
    semconv.GEN_AI_SYSTEM_INSTRUCTIONS: "messages",
    semconv.EVENT_DATA: "messages",
    semconv.GEN_AI_TOOL_CALL_ARGUMENTS: "tools",
    semconv.GEN_AI_TOOL_CALL_RESULT: "tools",
    semconv.GEN_AI_TOOL_DEFINITIONS: "tools",
    semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: "documents",
    semconv.GEN_AI_RETRIEVAL_DOCUMENTS: "documents",
    semconv.EMBEDDINGS_INPUT: "documents",
    semconv.RERANKING_DOCUMENTS: "documents",
    semconv.PROMPT_TEMPLATE: "prompt_variables",
    semconv.STATE_INPUT: "state",
    semconv.STATE_OUTPUT: "state",
    semconv.EXCEPTION_MESSAGE: "exceptions",
    semconv.EXCEPTION_STACKTRACE: "exceptions",
}
"""Which switch of the policy an attribute is under, by its name."""

NUMBERS: Final = frozenset((bool, int, float))
# Words of the schema in a tool's definition, which say nothing of a user.
DEFINITION_WORDS: Final = ("type", "name")


def permitted(facts: Facts, policy: Policy, budget: Budget | None = None) -> Facts:
    """What may be recorded of content facts: by kind, redacted, cut, and within the budget.

    Texts and numbers are themselves afterwards; anything else is a `Value` or `Messages`, of which
    a dialect takes the `data()` or the `json()`.
    `budget` is what the span, or the log record, has left; without one, as much as a span may have.
    """
    budget = Budget(policy) if budget is None else budget
    found: Facts = {}
    for name, value in facts.items():
        if _is_on(name, policy):
            kept = _kept(name, value, Limits(policy, name, budget))
            if kept is not None:
                found[name] = kept
    return found


def permitted_text(
    text: str, attribute: str, policy: Policy, budget: Budget | None = None
) -> str | None:
    """What may be recorded of a text that is no fact: an exception's, an event's."""
    if not _is_on(attribute, policy):
        return None
    return Limits(policy, attribute, budget).fitted_text(text)


def _is_on(name: str, policy: Policy) -> bool:
    switch = SWITCHES.get(name)
    if switch is None:
        return policy.prompt_variables or not name.startswith(semconv.GEN_AI_PROMPT_VARIABLE)
    return bool(getattr(policy, switch))


def _kept(name: str, value: Any, limits: Limits) -> Any:
    kind = type(value)
    if kind is Messages:
        return value.within(limits) if value.items else None
    if kind is str and (limits.binary or not is_data_url(value)):
        return limits.fitted_text(value)
    if kind in NUMBERS:
        return plain(value)
    if name == semconv.GEN_AI_TOOL_DEFINITIONS:
        return _definitions(value, limits)
    return limits.fitted(value)


def _definitions(definitions: Any, limits: Limits) -> Value | None:
    found = []
    fitting = Fitting(limits)
    for definition in definitions:
        words = {word: definition[word] for word in DEFINITION_WORDS}
        limits.budget.take(len(orjson.dumps(words)))
        if not limits.budget.left:
            limits.note_limit()
            break
        rest = {key: item for key, item in definition.items() if key not in words}
        kept = fitting.fit(rest) if rest else None
        found.append(words if kept is None else words | kept.data())
    return Value(found, orjson.dumps(found)) if found else None
