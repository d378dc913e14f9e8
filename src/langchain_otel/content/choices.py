"""Reads a choice of a model's answer: its message, and why the model ended it."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

TOOL_CALL: Final = "tool_call"
UNKNOWN: Final = "unknown"
MAX_REASON: Final = 64

REASON_KEYS: Final = ("finish_reason", "stop_reason", "stopReason", "finishReason", "done_reason")
REASONS: Final = {
    **dict.fromkeys(("stop", "end_turn", "stop_sequence", "eos", "eos_token"), "stop"),
    **dict.fromkeys(("complete", "completed"), "stop"),
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens", "model_length"), "length"),
    **dict.fromkeys(("incomplete", "model_context_window_exceeded"), "length"),
    **dict.fromkeys(("tool_call", "tool_calls", "tool_use", "function_call"), TOOL_CALL),
    **dict.fromkeys(("content_filter", "content_filtered", "safety"), "content_filter"),
    **dict.fromkeys(("refusal", "guardrail_intervened", "recitation"), "content_filter"),
    **dict.fromkeys(("prohibited_content", "blocklist", "spii"), "content_filter"),
    "compaction": "compaction",
    **dict.fromkeys(("error", "failed", "malformed_function_call"), "error"),
}
"""What providers say, as the conventions' schema says it; other words stay as they are."""


class Choice(NamedTuple):
    """A message, or the text of a completion model, and why it ended."""

    message: Any
    finish_reason: str


def choice_of(generation: Any) -> Choice:
    """The answer that a generation of LangChain holds."""
    message = getattr(generation, "message", None)
    info = getattr(generation, "generation_info", None)
    if message is None:
        return Choice(("assistant", generation.text), _reason(info, {}))
    return Choice(message, _reason(info, message.__dict__))


def as_choice(message: Any) -> Choice:
    """A message as an answer: the last one of an agent's state, say."""
    return Choice(message, _reason(None, getattr(message, "__dict__", {})))


def reason_in(source: Mapping[str, Any]) -> str | None:
    """Why the model ended a choice, in the provider's word, as a dict about the choice has it."""
    for key in REASON_KEYS:
        reason = source.get(key)
        if isinstance(reason, str) and reason:
            return reason
    # OpenAI's Responses API has no reason, except for an answer that is not complete.
    details = source.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    for found in (reason, source.get("status")):
        if isinstance(found, str) and found:
            return found
    return None


def _reason(info: Any, fields: Mapping[str, Any]) -> str:
    # Phoenix drops every message of an answer that has none, so an unknown reason says so.
    reason = None
    for source in (info, fields.get("response_metadata")):
        if reason is None and isinstance(source, Mapping):
            reason = reason_in(source)
    if reason is None:
        return TOOL_CALL if fields.get("tool_calls") else UNKNOWN
    known = REASONS.get(reason.lower(), reason[:MAX_REASON])
    return TOOL_CALL if known == "stop" and fields.get("tool_calls") else known
