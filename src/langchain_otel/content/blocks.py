"""Converts content blocks, in every shape that LangChain and providers use, to message parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from langchain_otel.content.allowance import MAX_DEPTH
from langchain_otel.content.fields import (
    MAX_ITEMS,
    copy_of,
    entry,
    first_items,
    is_mapping,
    is_sequence,
    mapping_of,
    size_of,
    text_of,
)
from langchain_otel.content.json_data import LeavesOut
from langchain_otel.content.limits import Limits
from langchain_otel.content.media import MODALITIES, Part, is_data_url, media_part
from langchain_otel.content.text_parts import reasoning_parts, refusal_parts, text_parts
from langchain_otel.content.tool_calls import called, first, server_call, server_result
from langchain_otel.content.values import type_name

Parts = list[Part]
Block = dict[str, Any]
Convert = Callable[[Block, Limits], Parts]

NOT_RECORDED: Final = "[not recorded]"
PAYLOAD_KEYS: Final = frozenset(("type", "id", "index", "extras", "signature", "cache_control"))

MAX_WORD: Final = 128
# The bytes of a part that is an empty text: the least that a block makes.
PART_SIZE: Final = 28
TOO_DEEP: Final = "too deep"
# Items by which a list is taken for one of blocks.
FEW: Final = 8

# What the message's own list of tool calls repeats.
TOOL_CALL_TYPES: Final = frozenset(
    (
        "tool_use",
        "tool_call",
        "tool_call_chunk",
        "invalid_tool_call",
        "function_call",
        "custom_tool_call",
        "input_json_delta",
    )
)


def parts_of(content: Any, limits: Limits, *, has_tool_calls: bool = False) -> Parts:
    """The message parts of a message's content.

    With `has_tool_calls` the message lists its tool calls itself: blocks that repeat them are
    skipped.
    """
    if type(content) is str and not content:
        return []
    if content is None or issubclass(type(content), str):
        return text_parts(content, limits)
    if not is_sequence(content):
        return _generic(type_name(content)[1:-1], content, limits)
    parts: Parts = []
    blocks = limits.items(content)
    limits.allowance.charge(PART_SIZE * len(blocks))
    for block in blocks:
        if not (has_tool_calls and _is_tool_call(block)):
            parts += block_parts(block, limits)
    cut = size_of(content) - len(blocks)
    if cut:
        parts.append({"type": "text", "content": f"…[{cut} blocks cut]"})
    return parts


def block_parts(block: Any, limits: Limits) -> Parts:
    """The parts of one content block; one of an unknown type is generic, never dropped."""
    if not is_mapping(block):
        if issubclass(type(block), str):
            return text_parts(block, limits)
        return _generic(type_name(block)[1:-1], block, limits)
    allowance = limits.allowance
    if allowance.depth >= MAX_DEPTH:
        return [{"type": "generic", "generic_type": TOO_DEEP}]
    allowance.depth += 1
    try:
        return _converted(_exact(block, limits), limits)
    finally:
        allowance.depth -= 1


def _exact(block: Any, limits: Limits) -> Block:
    if type(block) is dict:
        return block
    fields = mapping_of(block)
    limits.allowance.grant(len(fields))
    return fields


def _converted(block: Block, limits: Limits) -> Parts:
    kind = text_of(block.get("type"))
    if kind is None:
        return _untyped(block, limits)
    convert = CONVERTERS.get(kind)
    if convert is None and kind.endswith("_tool_result"):
        convert = server_result
    return _unknown(block, limits) if convert is None else convert(block, limits)


def tool_response(call_id: Any, response: Any, limits: Limits) -> Part:
    """The part of a tool's result."""
    part: Part = {"type": "tool_call_response", "response": NOT_RECORDED}
    identity = call_id if type(call_id) is str else text_of(call_id)
    if identity:
        part["id"] = identity
    if limits.tools:
        part["response"] = _response(response, limits)
    return part


def _response(response: Any, limits: Limits) -> Any:
    if type(response) is str and (limits.binary or not is_data_url(response)):
        kept = limits.text(response)
        return NOT_RECORDED if kept is None else kept
    if issubclass(type(response), list) and any(map(is_mapping, first_items(response, FEW))):
        parts = parts_of(response, limits)
        texts = [part["content"] for part in parts if part["type"] == "text"]
        return texts[0] if len(parts) == len(texts) == 1 else parts
    found = limits.value(response)
    return NOT_RECORDED if found is None and response is not None else found


def _is_tool_call(block: Any) -> bool:
    return text_of(entry(block, "type")) in TOOL_CALL_TYPES


def _text(block: Block, limits: Limits) -> Parts:
    parts = text_parts(block.get("text"), limits)
    found = limits.value(first(block, "annotations", "citations")) if parts else None
    if found:
        parts[0]["annotations"] = found
    return parts


def _tool_result(block: Block, limits: Limits) -> Parts:
    call_id = first(block, "tool_use_id", "tool_call_id", "call_id", "toolUseId", "id")
    response = first(block, "content", "output", "response", "result")
    return [tool_response(call_id, response, limits)]


def _compaction(block: Block, limits: Limits) -> Parts:
    summary = text_parts(block.get("content"), limits, "compaction")
    return summary or [{"type": "compaction"}]


def _non_standard(block: Block, limits: Limits) -> Parts:
    value = block.get("value")
    return block_parts(value, limits) if is_mapping(value) else _unknown(block, limits)


def _opaque(block: Block, _: Limits) -> Parts:
    # Encrypted: what is there is no content for anybody.
    return [{"type": "generic", "generic_type": text_of(block["type"])}]


def media_parts(block: Block, limits: Limits) -> Parts:
    """The part of a picture, of sound, of a video or a file."""
    part = media_part(block, binary=limits.binary)
    if part is None:
        return _unknown(block, limits)
    if part["type"] == "text":
        return text_parts(part["content"], limits)
    for key in ("content", "uri", "file_id"):
        # Base64 that is cut is no base64: bytes are whole, or described.
        kept = limits.whole(part[key]) if part.get(key) else part.get(key)
        if key in part:
            if kept is None:
                return []
            part[key] = kept
    return [part]


def _untyped(block: Block, limits: Limits) -> Parts:
    # Bedrock and Google say what a block is by its key.
    for key, kind in UNTYPED.items():
        inner = block.get(key)
        if inner is not None:
            return block_parts({**_copied(key, inner, limits), "type": kind}, limits)
    if media_part(block, binary=False) is not None:
        return media_parts(block, limits)
    return _generic(text_of(next(iter(block), "empty")) or "object", block, limits)


def _copied(key: str, inner: Any, limits: Limits) -> Block:
    if not is_mapping(inner):
        return {key: inner}
    fields = mapping_of(inner)
    limits.allowance.grant(min(len(fields), MAX_ITEMS))
    return copy_of(fields)


def _unknown(block: Block, limits: Limits) -> Parts:
    return _generic(text_of(block["type"]) or "", block, limits, PAYLOAD_KEYS.__contains__)


def _generic(kind: str, payload: Any, limits: Limits, leaves_out: LeavesOut | None = None) -> Parts:
    part: Part = {"type": "generic"}
    named = limits.text(kind[:MAX_WORD])
    if named is not None:
        part["generic_type"] = named
    found = limits.value(payload, leaves_out)
    return [part if found is None or found in ({}, []) else part | {"value": found}]


UNTYPED: Final = {
    "text": "text",
    "toolUse": "tool_use",
    "toolResult": "tool_result",
    "functionCall": "function_call",
    "function_call": "function_call",
    "functionResponse": "tool_result",
    "function_response": "tool_result",
    "reasoningContent": "reasoning_content",
    "reasoning_content": "reasoning_content",
    "executableCode": "executable_code",
    "codeExecutionResult": "code_execution_result",
}
"""Blocks without a type: what their key means, as a type that has one."""

CONVERTERS: Final[dict[str, Convert]] = {
    **dict.fromkeys(MODALITIES, media_parts),
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "text_delta": _text,
    "refusal": refusal_parts,
    "reasoning": reasoning_parts,
    "thinking": reasoning_parts,
    "reasoning_content": reasoning_parts,
    "redacted_thinking": _opaque,
    "compaction": _compaction,
    "non_standard": _non_standard,
    **dict.fromkeys(TOOL_CALL_TYPES, called),
    "computer_call": called,
    "tool_result": _tool_result,
    "function_call_output": _tool_result,
    "computer_call_output": _tool_result,
    "server_tool_call": server_call,
    "server_tool_call_chunk": server_call,
    "server_tool_use": server_call,
    "mcp_tool_use": server_call,
    "web_search_call": server_call,
    "file_search_call": server_call,
    "code_interpreter_call": server_call,
    "image_generation_call": server_call,
    "mcp_call": server_call,
    "mcp_list_tools": server_call,
    "tool_search_call": server_call,
    "executable_code": server_call,
    "server_tool_result": server_result,
    "code_execution_result": server_result,
    "tool_search_output": server_result,
}
"""What becomes of a block, by its type."""
