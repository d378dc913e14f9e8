"""Converts one message, of LangChain or in its place, to a role and parts."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from orjson import dumps

from langchain_otel.content.blocks import parts_of, text_parts, tool_response
from langchain_otel.content.json_data import MAX_ITEMS
from langchain_otel.content.limits import Limits
from langchain_otel.content.media import Part, blob_part
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
NO_FIELDS: Final[dict[str, Any]] = {}


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
    fields = getattr(message, "__dict__", NO_FIELDS)
    if "content" not in fields:
        fields = _fields_of(message)
    kind = fields.get("type")
    if kind == REMOVAL:
        return None
    role = ROLES.get(str(kind)) or str(fields.get("role") or kind)[:MAX_ROLE]
    if role == TOOL:
        return _described(role, [_tool_result(fields, limits)], fields, limits)
    calls = _tool_calls(fields, limits)
    extra = fields.get("additional_kwargs")
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
    kept = limits.text(name) if isinstance(name, str) and name else None
    if kept is None:
        return {"role": role, "parts": parts}
    return {"role": role, "parts": parts, "name": kept}


def _fields_of(message: Any) -> dict[str, Any]:
    # What LangChain takes for a message: a text, a pair, a dict as OpenAI or Google write it.
    if isinstance(message, str):
        return {"role": USER, "content": message}
    if isinstance(message, tuple) and len(message) == 2:
        role = str(message[0])
        return {"role": ROLES.get(role, role), "content": message[1]}
    if not isinstance(message, Mapping):
        return {"role": USER, "content": message}
    role = str(message.get("role") or message.get("type") or USER)
    fields = {"content": message.get("parts"), **message, "role": ROLES.get(role, role)}
    fields["type"] = TOOL if fields["role"] == TOOL else None
    return fields


def _tool_result(fields: Mapping[str, Any], limits: Limits) -> Part:
    # The artifact of a tool message is for the application, not for the model: not recorded.
    part = tool_response(fields.get("tool_call_id"), fields["content"], limits)
    return part | {"status": "error"} if fields.get("status") == "error" else part


def _tool_calls(fields: Mapping[str, Any], limits: Limits) -> list[Part]:
    parts: list[Part] = []
    for call in _listed(fields.get("tool_calls")):
        function = call.get("function")
        source = call if function is None or not isinstance(function, Mapping) else function
        arguments = source.get("args", source.get("arguments"))
        parts.append(tool_call(call.get("id"), source.get("name"), arguments, limits))
    for call in _listed(fields.get("invalid_tool_calls")):
        part = tool_call(call.get("id"), call.get("name"), call.get("args"), limits)
        error = limits.value(call.get("error")) if limits.tools else None
        parts.append(part if error is None else part | {"error": error})
    return parts


def _listed(calls: Any) -> list[Mapping[str, Any]]:
    if not calls or not isinstance(calls, (list, tuple)):
        return []
    return [call for call in calls[:MAX_ITEMS] if type(call) is dict or isinstance(call, Mapping)]


def _reasoning(extra: Any, limits: Limits) -> list[Part]:
    # Where packages keep it that have no block for it: DeepSeek, Groq, xAI; OpenAI before 1.0.
    reasoning = extra.get("reasoning_content") or extra.get("reasoning")
    block = reasoning if isinstance(reasoning, Mapping) else {"reasoning": reasoning}
    return parts_of([{**block, "type": "reasoning"}], limits) if reasoning else []


def _extra_parts(extra: Any, limits: Limits, *, has_calls: bool) -> list[Part]:
    parts: list[Part] = []
    refusal = extra.get("refusal")
    if isinstance(refusal, str):
        parts += parts_of([{"type": "refusal", "refusal": refusal}], limits)
    audio = extra.get("audio")
    if audio:
        parts += _audio(audio, limits)
    if not has_calls:
        function_call = extra.get("function_call")
        legacy = [{"function": function_call}] if isinstance(function_call, Mapping) else []
        parts += _tool_calls({"tool_calls": extra.get("tool_calls") or legacy}, limits)
    return parts


def _audio(audio: Any, limits: Limits) -> list[Part]:
    # OpenAI: an object with base64 and a transcript; Google: the bytes of a WAV file.
    if isinstance(audio, bytes):
        return [blob_part("audio", audio, "audio/wav", binary=limits.binary)]
    if not isinstance(audio, Mapping):
        return []
    spoken = text_parts(audio.get("transcript"), limits)
    data = audio.get("data")
    return [*parts_of([{"type": "audio", "base64": data}], limits), *spoken] if data else spoken
