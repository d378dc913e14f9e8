"""Converts one message, of LangChain or in its place, to a role and parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from orjson import dumps

from langchain_otel.content.blocks import (
    media_parts,
    parts_of,
    tool_response,
)
from langchain_otel.content.fields import fields_of, first_items, is_mapping, mapping_of, text_of
from langchain_otel.content.limits import Limits
from langchain_otel.content.media import Part, blob_part
from langchain_otel.content.text_parts import reasoning_parts, refusal_parts, text_parts
from langchain_otel.content.tool_calls import tool_call

Message = dict[str, Any]

USER: Final = "user"
ASSISTANT: Final = "assistant"
TOOL: Final = "tool"

ROLES: Final = {
    "human": USER,
    "HumanMessageChunk": USER,
    "user": USER,
    "ai": ASSISTANT,
    "AIMessageChunk": ASSISTANT,
    "assistant": ASSISTANT,
    "model": ASSISTANT,
    "system": "system",
    "SystemMessageChunk": "system",
    "developer": "system",
    "tool": TOOL,
    "ToolMessageChunk": TOOL,
    "function": TOOL,
    "FunctionMessageChunk": TOOL,
}
# An instruction to a graph's state, which is no message of the conversation.
MAX_ROLE: Final = 64
REMOVAL: Final = "remove"
MESSAGE_FIELDS: Final = (
    "content",
    "name",
    "tool_calls",
    "invalid_tool_calls",
    "tool_call_id",
    "status",
    "additional_kwargs",
)


class Said(NamedTuple):
    """What a user or an assistant says that is no message: the input of a chain, say."""

    role: str
    value: Any


def message_data(message: Any, limits: Limits) -> Message | None:
    """The conventions' form of a message; None for what is no message.

    Reads LangChain's messages by their `__dict__`: their properties cost, and may be a user's.
    """
    if type(message) is Said:
        return _said(message, limits)
    fields = fields_of(message)
    if "content" not in fields:
        fields = _fields_of(message)
    kind = fields.get("type")
    if type(kind) is not str:
        kind = text_of(kind) or ""
    if kind == REMOVAL:
        return None
    role = ROLES.get(kind) or (text_of(fields.get("role")) or kind or USER)[:MAX_ROLE]
    if role == TOOL:
        return _described(role, [_tool_result(fields, limits)], fields, limits)
    calls = _tool_calls(fields, limits)
    extra = fields.get("additional_kwargs")
    if type(extra) is not dict:
        extra = mapping_of(extra)
    before = _reasoning(extra, limits) if extra else []
    after = _extra_parts(extra, limits, has_calls=bool(calls)) if extra else []
    content = parts_of(fields["content"], limits, has_tool_calls=bool(calls))
    return _described(role, before + content + after + calls, fields, limits)


def _said(said: Said, limits: Limits) -> Message | None:
    value = limits.value(said.value)
    if value is None:
        return None
    text = value if isinstance(value, str) else dumps(value).decode()
    return {"role": said.role, "parts": [{"type": "text", "content": text}]}


def text_message(role: str, text: str, limits: Limits) -> Message:
    """A message that is a text."""
    return {"role": role, "parts": text_parts(text, limits)}


def _described(role: str, parts: list[Part], fields: Mapping[str, Any], limits: Limits) -> Message:
    name = fields.get("name")
    if name is None:
        return {"role": role, "parts": parts}
    name = name if type(name) is str else text_of(name)
    kept = limits.text(name) if name else None
    if kept is None:
        return {"role": role, "parts": parts}
    return {"role": role, "parts": parts, "name": kept}


def _fields_of(message: Any) -> dict[str, Any]:
    # What LangChain takes for a message: a text, a pair, a dict as OpenAI or Google write it.
    if is_mapping(message):
        return _fields_in(mapping_of(message))
    pair = first_items(message, 3) if issubclass(type(message), tuple) else ()
    if len(pair) != 2:
        return {"role": USER, "content": message}
    role = text_of(pair[0]) or USER
    return {"role": ROLES.get(role, role), "content": pair[1]}


def _fields_in(message: dict[str, Any]) -> dict[str, Any]:
    named = text_of(message.get("role")) or text_of(message.get("type")) or USER
    role = ROLES.get(named, named)
    known: dict[str, Any] = {key: message[key] for key in MESSAGE_FIELDS if key in message}
    kind = TOOL if role == TOOL else None
    return {"content": message.get("parts"), **known, "role": role, "type": kind}


def _tool_result(fields: Mapping[str, Any], limits: Limits) -> Part:
    # The artifact of a tool message is for the application, not for the model: not recorded.
    part = tool_response(fields.get("tool_call_id"), fields["content"], limits)
    status = fields.get("status")
    return part | {"status": "error"} if type(status) is str and status == "error" else part


def _tool_calls(fields: Mapping[str, Any], limits: Limits) -> list[Part]:
    parts: list[Part] = []
    for call in _listed(fields.get("tool_calls"), limits):
        function = call.get("function")
        source = call if function is None else mapping_of(function) or call
        arguments = source.get("args", source.get("arguments"))
        parts.append(tool_call(call.get("id"), source.get("name"), arguments, limits))
    invalid = fields.get("invalid_tool_calls")
    if invalid is None or (type(invalid) is list and not invalid):
        return parts
    for call in _listed(invalid, limits):
        part = tool_call(call.get("id"), call.get("name"), call.get("args"), limits)
        error = limits.value(call.get("error")) if limits.tools else None
        parts.append(part if error is None else part | {"error": error})
    return parts


def _listed(calls: Any, limits: Limits) -> list[dict[str, Any]]:
    if calls is None or (type(calls) is list and not calls):
        return []
    return [
        call if type(call) is dict else mapping_of(call)
        for call in limits.items(calls)
        if type(call) is dict or is_mapping(call)
    ]


def _reasoning(extra: dict[str, Any], limits: Limits) -> list[Part]:
    # Where packages keep it that have no block for it: DeepSeek, Groq, xAI; OpenAI before 1.0.
    for key in ("reasoning_content", "reasoning"):
        reasoning = extra.get(key)
        block = reasoning if is_mapping(reasoning) else {"reasoning": reasoning}
        parts = reasoning_parts(mapping_of(block), limits)
        if parts:
            return parts
    return []


def _extra_parts(extra: dict[str, Any], limits: Limits, *, has_calls: bool) -> list[Part]:
    parts = refusal_parts(extra, limits) + _audio(extra.get("audio"), limits)
    if has_calls:
        return parts
    function_call = extra.get("function_call")
    legacy = [{"function": function_call}] if is_mapping(function_call) else []
    calls = first_items(extra.get("tool_calls")) or legacy
    return parts + _tool_calls({"tool_calls": calls}, limits)


def _audio(audio: Any, limits: Limits) -> list[Part]:
    # OpenAI: an object with base64 and a transcript; Google: the bytes of a WAV file.
    if type(audio) is bytes:
        return [blob_part("audio", audio, "audio/wav", binary=limits.binary)]
    fields = mapping_of(audio)
    spoken = text_parts(fields.get("transcript"), limits)
    data = fields.get("data")
    return [*media_parts({"type": "audio", "base64": data}, limits), *spoken] if data else spoken
