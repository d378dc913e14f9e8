"""Spreads lists as OpenInference does: an attribute for each field of each item.

A span takes so many attributes and drops the oldest beyond, so lists are given only the room that
is left: the newest messages and the first documents have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

import orjson

from langchain_otel.dialects import openinference_names as names

Item = dict[str, Any]
Fields = dict[str, Any]

MEDIA: Final = {
    "image": names.CONTENT_IMAGE,
    "audio": names.CONTENT_AUDIO,
    "video": names.CONTENT_VIDEO,
}
MARKER_FIELDS: Final = 2


def newest_first(prefix: str, messages: Sequence[Item], room: int) -> Fields:
    """The newest messages that there is room for, and how many are missing before them."""
    kept: list[Fields] = []
    for message in reversed(messages):
        fields = dict(message_fields(message))
        if len(fields) > room - MARKER_FIELDS and (kept or len(fields) > room):
            break
        room -= len(fields)
        kept.append(fields)
    missing = len(messages) - len(kept)
    if missing and not kept:
        kept = [dict(islice(message_fields(messages[-1]), max(room - MARKER_FIELDS, 0)))]
        missing -= 1
    if missing and room >= MARKER_FIELDS:
        kept.append(_marker(missing))
    return _numbered(prefix, reversed(kept))


def in_order(prefix: str, described: Iterable[Fields], room: int) -> Fields:
    """The first items that there is room for."""
    kept = []
    for fields in described:
        room -= len(fields)
        if room < 0:
            break
        kept.append(fields)
    return _numbered(prefix, kept)


def document_fields(document: Item | str) -> Fields:
    """The fields of a document, or of the text that says how many are missing."""
    if not isinstance(document, dict):
        return {names.DOCUMENT_CONTENT: str(document)}
    fields = {
        names.DOCUMENT_ID: document.get("id"),
        names.DOCUMENT_SCORE: document.get("score"),
        names.DOCUMENT_CONTENT: document.get("content"),
        names.DOCUMENT_METADATA: json_of(document["metadata"]) if "metadata" in document else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def tool_fields(definition: Item) -> Fields:
    """The field of a tool that a model may call, as OpenAI writes it."""
    if definition["type"] != "function":
        return {names.TOOL_JSON_SCHEMA: json_of(definition)}
    function = {key: value for key, value in definition.items() if key != "type"}
    return {names.TOOL_JSON_SCHEMA: json_of({"type": "function", "function": function})}


def message_fields(message: Item) -> Iterator[tuple[str, Any]]:
    """The fields of a message in the conventions' form."""
    yield names.MESSAGE_ROLE, message["role"]
    if "name" in message:
        yield names.MESSAGE_NAME, message["name"]
    calls = [part for part in message["parts"] if part["type"] == "tool_call"]
    others = [part for part in message["parts"] if part["type"] != "tool_call"]
    if len(others) == 1 and others[0]["type"] in {"text", "tool_call_response"}:
        yield from _only_part(others[0])
    else:
        yield from _each(names.MESSAGE_CONTENTS, map(_part, others))
    yield from _each(names.MESSAGE_TOOL_CALLS, map(_call, calls))


def only_text(messages: Sequence[Item]) -> str | None:
    """The text of messages that are one text; None for any others."""
    # Data of an application may have parts, too, which are no messages'.
    parts: Any = messages[0]["parts"] if len(messages) == 1 else None
    part: Any = parts[0] if isinstance(parts, list) and len(parts) == 1 else None
    is_text = isinstance(part, Mapping) and part.get("type") == "text"
    content = part.get("content") if is_text else None
    return content if isinstance(content, str) else None


def json_of(value: Any) -> str:
    """The JSON of plain data."""
    return orjson.dumps(value).decode()


def _only_part(part: Item) -> Iterator[tuple[str, Any]]:
    if part["type"] == "text":
        yield names.MESSAGE_CONTENT, part["content"]
        return
    response = part["response"]
    yield names.MESSAGE_CONTENT, response if isinstance(response, str) else json_of(response)
    if "id" in part:
        yield names.MESSAGE_TOOL_CALL_ID, part["id"]


def _part(part: Item) -> Fields:
    kind = part["type"]
    if kind in {"text", "reasoning"}:
        return {names.CONTENT_TYPE: kind, names.CONTENT_TEXT: part["content"]}
    modality = part.get("modality")
    url, name = _url(part), MEDIA.get(str(modality))
    if url is not None and name is not None:
        return {names.CONTENT_TYPE: modality, name: url}
    return {names.CONTENT_TYPE: "text", names.CONTENT_TEXT: json_of(part)}


def _url(part: Mapping[str, Any]) -> str | None:
    if part["type"] == "uri":
        return str(part["uri"])
    if part["type"] == "blob" and part["content"]:
        return f"data:{part.get('mime_type', '')};base64,{part['content']}"
    return None


def _call(part: Item) -> Fields:
    fields = {names.TOOL_CALL_ID: part.get("id"), names.TOOL_CALL_NAME: part["name"]}
    if "arguments" in part:
        arguments = part["arguments"]
        encoded = arguments if isinstance(arguments, str) else json_of(arguments)
        fields[names.TOOL_CALL_ARGUMENTS] = encoded
    return {name: value for name, value in fields.items() if value is not None}


def _marker(missing: int) -> Fields:
    text = f"…[{missing} earlier messages: see {names.INPUT_VALUE}]"
    return {names.MESSAGE_ROLE: "system", names.MESSAGE_CONTENT: text}


def _numbered(prefix: str, items: Iterable[Fields]) -> Fields:
    return dict(_each(prefix, items))


def _each(prefix: str, items: Iterable[Fields]) -> Iterator[tuple[str, Any]]:
    for number, fields in enumerate(items):
        for name, value in fields.items():
            yield f"{prefix}.{number}.{name}", value
