"""Converts content blocks, in every shape that LangChain and providers use, to message parts."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from langchain_otel.content.json_data import LEFT_OUT, MAX_ITEMS
from langchain_otel.content.limits import Limits
from langchain_otel.content.media import MODALITIES, Part, is_data_url, media_part, url_part
from langchain_otel.content.tool_calls import called, first, server_call, server_result

Parts = list[Part]
Convert = Callable[[Mapping[str, Any], Limits], Parts]

NOT_RECORDED: Final = "[not recorded]"
PAYLOAD_KEYS: Final = frozenset(("type", "id", "index", "extras", "signature", "cache_control"))

REASONING_KEYS: Final = (
    "reasoning",
    "thinking",
    "text",
    "reasoning_content",
    "reasoningText",
    "summary",
    "content",
)
MAX_REASONING_DEPTH: Final = 4
MAX_WORD: Final = 128

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
    if isinstance(content, str):
        return text_parts(content, limits)
    if not isinstance(content, (list, tuple)):
        return [] if content is None else _generic("content", content, limits)
    parts: Parts = []
    for block in content[:MAX_ITEMS]:
        if not (has_tool_calls and _is_tool_call(block)):
            parts += block_parts(block, limits)
    if len(content) > MAX_ITEMS:
        parts.append({"type": "text", "content": f"…[{len(content) - MAX_ITEMS} blocks cut]"})
    return parts


def block_parts(block: Any, limits: Limits) -> Parts:
    """The parts of one content block; one of an unknown type is generic, never dropped."""
    if isinstance(block, str):
        return text_parts(block, limits)
    if not isinstance(block, Mapping):
        return _generic(type(block).__qualname__, block, limits)
    kind = block.get("type")
    if not isinstance(kind, str):
        return _untyped(block, limits)
    convert = CONVERTERS.get(kind)
    if convert is None and kind.endswith("_tool_result"):
        convert = server_result
    return _unknown(block, limits) if convert is None else convert(block, limits)


def text_parts(text: Any, limits: Limits, kind: str = "text") -> Parts:
    """The part of a text; none for an empty one, and never one of null."""
    if not isinstance(text, str) or not text:
        return []
    if not limits.binary and is_data_url(text):
        return [url_part("document", text, None, binary=False)]
    kept = limits.text(text)
    return [] if kept is None else [{"type": kind, "content": kept}]


def tool_response(call_id: Any, response: Any, limits: Limits) -> Part:
    """The part of a tool's result."""
    part: Part = {"type": "tool_call_response", "response": NOT_RECORDED}
    if isinstance(call_id, str) and call_id:
        part["id"] = call_id
    if limits.tools:
        part["response"] = _response(response, limits)
    return part


def _response(response: Any, limits: Limits) -> Any:
    if type(response) is str and (limits.binary or not is_data_url(response)):
        kept = limits.text(response)
        return NOT_RECORDED if kept is None else kept
    if isinstance(response, list) and any(isinstance(item, Mapping) for item in response):
        parts = parts_of(response, limits)
        texts = [part["content"] for part in parts if part["type"] == "text"]
        return texts[0] if len(parts) == len(texts) == 1 else parts
    found = limits.value(response)
    return NOT_RECORDED if found is None and response is not None else found


def _is_tool_call(block: Any) -> bool:
    return isinstance(block, Mapping) and block.get("type") in TOOL_CALL_TYPES


def _text(block: Mapping[str, Any], limits: Limits) -> Parts:
    parts = text_parts(block.get("text"), limits)
    annotations = block.get("annotations") or block.get("citations")
    if parts and annotations:
        parts[0]["annotations"] = limits.value(annotations)
    return parts


def _refusal(block: Mapping[str, Any], limits: Limits) -> Parts:
    # The conventions have no refusal: it is a text, so that every backend shows it, and says so.
    return [part | {"refusal": True} for part in text_parts(block.get("refusal"), limits)]


def _reasoning(block: Mapping[str, Any], limits: Limits) -> Parts:
    return [
        part
        for text in _reasoning_texts(block, 0)
        for part in text_parts(text, limits, "reasoning")
    ]


def _reasoning_texts(value: Any, depth: int) -> list[str]:
    # A text, a list of texts or summaries, or an object inside: every provider has its own.
    if isinstance(value, str):
        return [value]
    if depth > MAX_REASONING_DEPTH:
        return []
    if isinstance(value, Mapping):
        value = [value.get(key) for key in REASONING_KEYS]
    found = value[:MAX_ITEMS] if isinstance(value, list) else []
    return [text for item in found for text in _reasoning_texts(item, depth + 1)]


def _tool_result(block: Mapping[str, Any], limits: Limits) -> Parts:
    call_id = first(block, "tool_use_id", "tool_call_id", "call_id", "toolUseId", "id")
    response = first(block, "content", "output", "response", "result")
    return [tool_response(call_id, response, limits)]


def _compaction(block: Mapping[str, Any], limits: Limits) -> Parts:
    summary = text_parts(block.get("content"), limits, "compaction")
    return summary or [{"type": "compaction"}]


def _non_standard(block: Mapping[str, Any], limits: Limits) -> Parts:
    value = block.get("value")
    return block_parts(value, limits) if isinstance(value, Mapping) else _unknown(block, limits)


def _opaque(block: Mapping[str, Any], _: Limits) -> Parts:
    # Encrypted: what is there is no content for anybody.
    return [{"type": "generic", "generic_type": str(block["type"])}]


def _media(block: Mapping[str, Any], limits: Limits) -> Parts:
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


def _untyped(block: Mapping[str, Any], limits: Limits) -> Parts:
    # Bedrock and Google say what a block is by its key.
    for key, kind in UNTYPED.items():
        inner = block.get(key)
        if inner is not None:
            fields = inner if isinstance(inner, Mapping) else {key: inner}
            return block_parts({**fields, "type": kind}, limits)
    if media_part(block, binary=False) is not None:
        return _media(block, limits)
    return _generic(str(next(iter(block), "empty")), dict(block), limits)


def _unknown(block: Mapping[str, Any], limits: Limits) -> Parts:
    payload = {key: value for key, value in block.items() if key not in PAYLOAD_KEYS}
    return _generic(str(block["type"]), payload, limits)


def _generic(kind: str, payload: Any, limits: Limits) -> Parts:
    part: Part = {"type": "generic"}
    named = limits.text(kind[:MAX_WORD])
    if named is not None:
        part["generic_type"] = named
    found = limits.value(payload) if payload else LEFT_OUT
    return [part if found is LEFT_OUT or found is None else part | {"value": found}]


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
    **dict.fromkeys(MODALITIES, _media),
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "text_delta": _text,
    "refusal": _refusal,
    "reasoning": _reasoning,
    "thinking": _reasoning,
    "reasoning_content": _reasoning,
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
