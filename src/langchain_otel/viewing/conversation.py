"""Puts together what was said: the messages of a span, whichever instrumentation wrote them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from langchain_otel import semconv
from langchain_otel.dialects import openinference_names as oi
from langchain_otel.viewing import names
from langchain_otel.viewing.parts import (
    Part,
    call_part,
    content_parts,
    items_of,
    left_over,
    openinference_parts,
    result_part,
)
from langchain_otel.viewing.plain import dict_of, text_of
from langchain_otel.viewing.reading import decoded
from langchain_otel.viewing.spans import Event, Span

Message = dict[str, Any]

MAX_WORDS: Final = 12
INPUT: Final = "input"
OUTPUT: Final = "output"
# Attributes with JSON of messages: the conventions', pydantic-ai's.
MESSAGES: Final = {
    semconv.GEN_AI_INPUT_MESSAGES: INPUT,
    semconv.GEN_AI_OUTPUT_MESSAGES: OUTPUT,
    "pydantic_ai.all_messages": INPUT,
}
# Fields of a message that are shown, or say nothing; what else there is, is shown as it is.
KNOWN: Final = frozenset({
    "role", "name", "content", "contents", "tool_calls", "tool_call_id", "id", "type", "index",
    "finish_reason", *names.MESSAGE_FIELDS,
})  # fmt: skip
# Attributes that are flattened: one for each field of a message.
FLATTENED: Final = {
    oi.LLM_INPUT_MESSAGES: INPUT,
    oi.LLM_OUTPUT_MESSAGES: OUTPUT,
    names.PROMPT: INPUT,
    names.COMPLETION: OUTPUT,
}


def messages_of(span: Span) -> list[Message]:
    """Every message, what was written to a model before what it answered."""
    system = list(content_parts(span.attributes.get(semconv.GEN_AI_SYSTEM_INSTRUCTIONS)))
    found = [_message("system", system, INPUT)] if system else []
    for name, direction in MESSAGES.items():
        found += _said(span.attributes.get(name), direction)
    for name, direction in FLATTENED.items():
        entries = items_of(nested(span.attributes, name))
        found += [_flattened(dict_of(each), direction) for each in entries]
    for event in span.events:
        found += _of_event(event)
    return sorted(found, key=lambda message: bool(message["direction"] == OUTPUT))


def is_message_attribute(name: str) -> bool:
    """Whether messages are put together from this attribute."""
    return (
        name in MESSAGES
        or name == semconv.GEN_AI_SYSTEM_INSTRUCTIONS
        or any(is_item(name, prefix) for prefix in FLATTENED)
    )


def is_item(name: str, prefix: str) -> bool:
    """Whether an attribute is a field of an item of a list that was flattened."""
    return name.startswith(f"{prefix}.") and name[len(prefix) + 1 : len(prefix) + 2].isdigit()


def is_message_event(event: Event) -> bool:
    """Whether messages are put together from this event of a span."""
    return (
        event.name in names.MESSAGE_EVENTS
        or event.name == names.CHOICE
        or event.name in names.CONTENT_EVENTS
    )


def nested(attributes: Mapping[str, Any], prefix: str) -> Any:
    """What the attributes below a prefix were before they were flattened; places are names."""
    tree: dict[str, Any] = {}
    start = f"{prefix}."
    for name, value in attributes.items():
        if name.startswith(start):
            *path, last = name[len(start) :].split(".", MAX_WORDS)
            branch = tree
            for word in path:
                below = branch.get(word)
                if not isinstance(below, dict):
                    below = branch[word] = {}
                branch = below
            branch.setdefault(last, value)
    return tree or attributes.get(prefix)


def _said(value: Any, direction: str) -> list[Message]:
    """Messages in JSON, a list of them or one; what is none of these is what somebody said."""
    said = decoded(value)
    role = "user" if direction == INPUT else "assistant"
    return [
        _written(each, direction)
        if isinstance(each, dict)
        else _message(role, list(content_parts(each)), direction)
        for each in (said if isinstance(said, list) else [said])
        if each not in (None, "")
    ]


def _message(role: Any, parts: list[Part], direction: str, name: Any = None) -> Message:
    message = {"role": text_of(role) or "message", "parts": parts, "direction": direction}
    return message | {"name": text_of(name)} if name else message


def _written(message: dict[str, Any], direction: str) -> Message:
    """A message in JSON: the conventions' with parts, or a provider's with content and calls."""
    if isinstance(message.get("parts"), list):
        parts = list(content_parts(message["parts"]))
        return _message(message.get("role"), parts, direction, message.get("name"))
    return _message(message.get("role"), list(_provided(message)), direction, message.get("name"))


def _provided(message: dict[str, Any]) -> Iterator[Part]:
    call_id = message.get("tool_call_id") or message.get("id")
    if message.get("role") == "tool":
        yield result_part(call_id, message.get("content"))
        return
    yield from content_parts(message.get("content"))
    for call in items_of(message.get("tool_calls")):
        fields = dict_of(call)
        function = dict_of(fields.get("function")) or fields
        yield call_part(function.get("name"), fields.get("id"), function.get("arguments"))
    yield from left_over(message, KNOWN)


def _flattened(entry: dict[str, Any], direction: str) -> Message:
    if "message" not in entry:
        return _written(entry, direction)
    message = dict_of(entry["message"])
    parts = [*openinference_parts(message), *left_over(message, KNOWN)]
    if message.get("role") == "tool":
        text = "\n".join(part["text"] for part in parts)
        parts = [result_part(message.get("tool_call_id"), text)]
    return _message(message.get("role"), parts, direction, message.get("name"))


def _of_event(event: Event) -> list[Message]:
    if event.name in names.CONTENT_EVENTS:
        name = names.CONTENT_EVENTS[event.name]
        direction = INPUT if name == names.PROMPT else OUTPUT
        return _said(event.attributes.get(name), direction)
    fields = dict(event.attributes)
    if event.name == names.CHOICE:
        inner = decoded(fields.get("message"))
        choice = inner if isinstance(inner, dict) else fields | {"content": inner}
        return [_written({"role": "assistant"} | choice, OUTPUT)]
    if event.name in names.MESSAGE_EVENTS:
        return [_written({"role": names.MESSAGE_EVENTS[event.name]} | fields, INPUT)]
    return []
