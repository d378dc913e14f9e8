"""Reads a choice of a model's answer: its message, and why the model ended it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, islice
from typing import Any, Final

from langchain_otel.content.fields import (
    MAX_ITEMS,
    entry,
    fields_of,
    first_items,
    mapping_of,
    size_of,
)
from langchain_otel.content.values import EMPTY

TOOL_CALL: Final = "tool_call"
UNKNOWN: Final = "unknown"
MAX_REASON: Final = 64

REASON_KEYS: Final = ("finish_reason", "stop_reason", "stopReason", "finishReason", "done_reason")
# Each chunk of a stream from Vertex AI has it but the last, and LangChain joins them.
UNSPECIFIED: Final = "FINISH_REASON_UNSPECIFIED"
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


class Choice:
    """A message, or the text of a completion model, and why it ended."""

    __slots__ = ("finish_reason", "message")

    def __init__(self, message: Any, finish_reason: str) -> None:
        self.message = message
        self.finish_reason = finish_reason


Reported = tuple[Any, dict[str, Any]]
"""What LangChain's generation says of a choice (`generation_info`), and its message's fields."""


def reported_by(generations: Any) -> list[list[Reported]]:
    """What the generations of a result say of each choice, for each of its prompts."""
    if type(generations) is list and len(generations) == 1:
        # One answer to one prompt, as most results are.
        (choices,) = generations
        if type(choices) is list and len(choices) == 1:
            return [[_reported(choices[0])]]
    return [list(map(_reported, first_items(each))) for each in first_items(generations)]


def _reported(generation: Any) -> Reported:
    fields = fields_of(generation)
    return fields.get("generation_info"), fields_of(fields.get("message"))


def generations_of(result: Any) -> list[Any]:
    """The generations that a result of LangChain's holds, of all its prompts, in order."""
    generations = fields_of(result).get("generations")
    if type(generations) is list and len(generations) == 1:
        return first_items(generations[0])
    listed = first_items(generations)
    return list(islice(chain.from_iterable(map(first_items, listed)), MAX_ITEMS))


def choice_of(generation: Any) -> Choice:
    """The choice of the answer that a generation of LangChain holds."""
    fields = fields_of(generation)
    message, info = fields.get("message"), fields.get("generation_info")
    if message is None:
        return Choice(("assistant", fields.get("text")), _reason(info, EMPTY))
    return Choice(message, _reason(info, fields_of(message)))


def as_choice(message: Any) -> Choice:
    """A message as a choice: the last one of an agent's state, say."""
    return Choice(message, _reason(None, fields_of(message)))


def reason_in(source: Mapping[str, Any]) -> str | None:
    """Why the model ended a choice, in the provider's word, as a dict about the choice has it."""
    for key in REASON_KEYS:
        reason = source.get(key)
        if type(reason) is str and (said := reason.replace(UNSPECIFIED, "")):
            return said
    # OpenAI's Responses API has no reason, except for an answer that is not complete.
    details = source.get("incomplete_details")
    reason = None if details is None else entry(details, "reason")
    for found in (reason, source.get("status")):
        if type(found) is str and found:
            return found
    return None


def _reason(info: Any, fields: Mapping[str, Any]) -> str:
    # Phoenix drops every message of an answer that has none, so an unknown reason says so.
    calls = fields.get("tool_calls")
    has_calls = calls is not None and size_of(calls) > 0
    for given in (info, fields.get("response_metadata")):
        if given is None:
            continue
        source = given if type(given) is dict else mapping_of(given)
        reason = reason_in(source) if source else None
        if reason is not None:
            known = REASONS.get(reason.lower(), reason[:MAX_REASON])
            return TOOL_CALL if known == "stop" and has_calls else known
    return TOOL_CALL if has_calls else UNKNOWN
