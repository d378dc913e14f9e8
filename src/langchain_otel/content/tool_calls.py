"""Converts tool calls in content: those the application runs, and those a provider runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from langchain_otel.content.fields import text_of
from langchain_otel.content.limits import Limits
from langchain_otel.content.media import Part

RESULT_KEYS: Final = ("output", "outputs", "results", "result", "tools", "code_execution_result")
CALL_KEYS: Final = ("args", "input", "arguments", "action", "partial_json")
NAMED_CALL_KEYS: Final = ("queries", "code", "executable_code")
ID_KEYS: Final = ("call_id", "toolUseId", "id")
MAX_NAME: Final = 256
MAX_PARSED: Final = 1_000_000
BYTES_PER_VALUE: Final = 1_024
# Calls that are named by their type alone.
NAMES: Final = {"computer_call": "computer"}


def tool_call(call_id: Any, name: Any, arguments: Any, limits: Limits) -> Part:
    """The part of a tool call; arguments in a JSON text are decoded."""
    named = name if type(name) is str else text_of(name) or ""
    part: Part = {"type": "tool_call", "name": named[:MAX_NAME]}
    identity = call_id if type(call_id) is str else text_of(call_id)
    if identity:
        part["id"] = identity
    if limits.tools and arguments is not None:
        part["arguments"] = limits.value(_parsed(arguments, limits))
    return part


def called(block: Mapping[str, Any], limits: Limits) -> list[Part]:
    """The part of a block that is a tool call."""
    arguments = first(block, *CALL_KEYS)
    name = text_of(block.get("name")) or NAMES.get(text_of(block["type"]) or "")
    part = tool_call(first(block, *ID_KEYS), name, arguments, limits)
    error = text_of(block.get("error"))
    kept = limits.text(error) if error and limits.tools else None
    return [part if kept is None else part | {"error": kept}]


def server_call(block: Mapping[str, Any], limits: Limits) -> list[Part]:
    """The part of a call that the provider ran itself, and that of its result if it is there."""
    kind = text_of(block["type"]) or ""
    named = text_of(block.get("name")) or text_of(block.get("tool_name"))
    name = (named or kind.removesuffix("_call"))[:MAX_NAME]
    described: Part = {"type": name}
    arguments = _server_arguments(block) if limits.tools else None
    if arguments is not None:
        described["arguments"] = limits.value(_parsed(arguments, limits))
    part: Part = {"type": "server_tool_call", "name": name, "server_tool_call": described}
    identity = text_of(block.get("id"))
    if identity is not None:
        part["id"] = identity
    has_result = first(block, *RESULT_KEYS) is not None
    return [part, *server_result(block, limits)] if has_result else [part]


def _server_arguments(block: Mapping[str, Any]) -> Any:
    named = {key: block[key] for key in NAMED_CALL_KEYS if block.get(key) is not None}
    return named or first(block, *CALL_KEYS)


def server_result(block: Mapping[str, Any], limits: Limits) -> list[Part]:
    """The part of the result of a call that the provider ran."""
    kind = text_of(block["type"]) or ""
    described: Part = {"type": kind.removesuffix("_call")}
    if kind == "image_generation_call":
        block = {"output": {"type": "image", "base64": block.get("result")}, "id": block.get("id")}
    if limits.tools:
        output = first(block, "content", *RESULT_KEYS)
        if output is not None:
            described["output"] = limits.value(output)
    status, is_error = text_of(block.get("status")), block.get("is_error")
    if status is not None:
        described["status"] = status[:MAX_NAME]
    if type(is_error) is bool:
        described["is_error"] = is_error
    part: Part = {"type": "server_tool_call_response", "server_tool_call_response": described}
    call_id = text_of(first(block, "tool_use_id", "tool_call_id", "call_id", "id"))
    return [part | {"id": call_id}] if call_id else [part]


def first(block: Mapping[str, Any], *keys: str) -> Any:
    """What stands under the first of the keys that is there."""
    return next((block[key] for key in keys if block.get(key) is not None), None)


def _parsed(arguments: Any, limits: Limits) -> Any:
    if type(arguments) is not str or arguments[:1] != "{" or len(arguments) > MAX_PARSED:
        return arguments
    # A long one counts as the many values that it may be.
    values = len(arguments) // BYTES_PER_VALUE
    if limits.allowance.grant(values) < values:
        return arguments
    try:
        return orjson.loads(arguments)
    except ValueError:
        return arguments
