"""Knows the conversation that a run belongs to."""

from typing import Any, Final

from langchain_otel import semconv
from langchain_otel.mapping import text
from langchain_otel.operations import Facts

KEYS: Final = ("thread_id", "session_id", "conversation_id")


def conversation_of(metadata: dict[str, Any] | None) -> Facts:
    """The conversation id among a run's metadata; only a real id, never one that we make."""
    for key in KEYS:
        value = metadata.get(key) if metadata else None
        if value is not None:
            identifier = text(value) or text(str(value))
            return {semconv.GEN_AI_CONVERSATION_ID: identifier} if identifier else {}
    return {}
