"""Redacts what a user has written: texts of content, and facts that are none."""

from __future__ import annotations

from typing import Any

from langchain_otel import health, semconv
from langchain_otel.async_exceptions import let_through
from langchain_otel.content.policy import Policy, Redact
from langchain_otel.content.values import Facts


def redacted(facts: Facts, policy: Policy) -> Facts:
    """Facts that are no content, and that a user has written: every text as redaction leaves it."""
    if policy.redact is None:
        return facts
    found = {name: _redacted_fact(policy.redact, name, value) for name, value in facts.items()}
    return {name: value for name, value in found.items() if value is not None}


def redacted_annotations(facts: Facts, policy: Policy) -> Facts:
    """The facts of a run's start with the user's tags and metadata as redaction leaves them."""
    written = {
        name: value
        for name, value in facts.items()
        if name == semconv.TAGS or name.startswith(semconv.METADATA)
    }
    others = {name: value for name, value in facts.items() if name not in written}
    return others | redacted(written, policy)


def redacted_text(redact: Redact, text: str, attribute: str) -> str | None:
    """A text of an attribute as redaction leaves it; None where it leaves it out, or fails."""
    try:
        found = redact(text, attribute)
    except Exception as error:
        let_through(error)
        # Its text may quote what is to be redacted.
        health.function_failed("redact", type(error).__name__, "the text is left out", None)
        return None
    return found if isinstance(found, str) else None


def _redacted_fact(redact: Redact, name: str, value: Any) -> Any:
    if isinstance(value, str):
        return redacted_text(redact, value, name)
    if not isinstance(value, (list, tuple)):
        return value
    kept = [_redacted_fact(redact, name, item) for item in value]
    return [item for item in kept if item is not None] or None
