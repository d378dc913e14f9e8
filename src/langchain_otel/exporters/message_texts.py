"""Writes messages as texts: those of the GenAI conventions, as JSON or as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

MESSAGES_SHOWN: Final = 1_000
TEXTS: Final = ("text", "reasoning")


def data_of(value: object) -> Any:
    """The data that a JSON string stands for; any other value as it is."""
    if not isinstance(value, str) or not value.startswith(("{", "[", '"')):
        return value
    try:
        return orjson.loads(value)
    except ValueError:
        return value


def text_of(value: Any) -> str:
    """A value in one text: itself, or its JSON."""
    if isinstance(value, str):
        return value
    try:
        return orjson.dumps(value, default=_plain).decode()
    except (TypeError, ValueError):
        return repr(value)


def items_of(data: Any) -> Sequence[Any]:
    """The items of a list; a list of one for anything else."""
    is_list = isinstance(data, Sequence) and not isinstance(data, (str, bytes))
    return data if is_list else [data]


def last_message(data: Any) -> str:
    """What the last of the messages says: who says it, unless that is a person or a model."""
    messages = items_of(data)
    if not messages:
        return ""
    message = messages[-1]
    role = str(message.get("role", "")) if isinstance(message, Mapping) else ""
    said = message_text(message)
    return said if role in {"", "user", "assistant"} else f"{role}: {said}"


def all_messages(data: Any) -> str:
    """What every message says, and who says it."""
    messages = items_of(data)[:MESSAGES_SHOWN]
    return "\n".join(
        f"{message.get('role', '')}: {message_text(message, whole=True)}"
        if isinstance(message, Mapping)
        else text_of(message)
        for message in messages
    )


def message_text(message: Any, *, whole: bool = False) -> str:
    """What one message says: its texts and the tools that it calls; the reasoning if `whole`."""
    if not isinstance(message, Mapping):
        return text_of(message)
    parts = message.get("parts")
    if parts is None:
        return text_of(message.get("content", message))
    return " ".join(filter(None, _parts(parts, whole=whole)))


def parts_text(parts: Any) -> str:
    """What parts of a message say, as those of system instructions."""
    return " ".join(filter(None, _parts(parts, whole=True)))


def call_text(name: object, arguments: object) -> str:
    """A call of a tool as a program writes it."""
    return f"{name}({'' if arguments is None else text_of(arguments)})"


def _parts(parts: Any, *, whole: bool) -> Iterator[str]:
    for part in items_of(parts):
        if not isinstance(part, Mapping):
            yield text_of(part)
        elif part.get("type") != "reasoning" or whole:
            yield _part(part)


def _part(part: Mapping[str, Any]) -> str:
    kind = part.get("type")
    if kind in TEXTS:
        return text_of(part.get("content", ""))
    if kind == "tool_call":
        return call_text(part.get("name"), part.get("arguments"))
    if kind == "tool_call_response":
        return text_of(part.get("response", part.get("result", "")))
    return f"[{part.get('modality') or kind}]"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError
