"""Knows what values of LangChain look like as plain, bounded data: blocks, results, documents."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from enum import Enum
from itertools import islice
from typing import Any, Final
from uuid import UUID

MAX_LENGTH: Final = 32_768
MAX_ITEMS: Final = 256
MAX_DEPTH: Final = 12
BINARY_TYPES: Final = frozenset(("image", "audio", "video", "file", "image_url", "input_audio"))
TEXT_TYPES: Final = frozenset(("text", "input_text", "output_text"))
REASONING_TYPES: Final = {"reasoning": ("reasoning", "summary"), "thinking": ("thinking",)}
# Repeated by the message's own list of tool calls.
TOOL_CALL_TYPES: Final = frozenset(("tool_use", "tool_call", "tool_call_chunk", "function_call"))

Part = dict[str, Any]


def cut(value: str) -> str:
    """A text within the limit; a longer one says how much is missing."""
    if len(value) <= MAX_LENGTH:
        return value
    return f"{value[:MAX_LENGTH]}…[{len(value) - MAX_LENGTH} characters cut]"


def parts_of(content: Any) -> list[Part]:
    """The conventions' message parts of a message's content."""
    if isinstance(content, str):
        return [{"type": "text", "content": cut(content)}] if content else []
    if not isinstance(content, (list, tuple)):
        return []
    return [part for block in content[:MAX_ITEMS] if (part := _part(block)) is not None]


def _part(block: Any) -> Part | None:
    if isinstance(block, str):
        return {"type": "text", "content": cut(block)}
    if not isinstance(block, Mapping):
        return None
    kind = block.get("type")
    if kind in TEXT_TYPES:
        return {"type": "text", "content": cut(str(block.get("text", "")))}
    if kind in REASONING_TYPES:
        return _reasoning(block, REASONING_TYPES[str(kind)])
    if kind in TOOL_CALL_TYPES:
        return None
    generic: Part = {"type": "generic", "generic_type": str(kind)}
    # The bytes of pictures, sound and files are not recorded, only that there were some.
    return generic if kind in BINARY_TYPES else generic | {"value": plain(block)}


def _reasoning(block: Mapping[str, Any], keys: tuple[str, ...]) -> Part | None:
    for key in keys:
        value = block.get(key)
        if isinstance(value, str) and value:
            return {"type": "reasoning", "content": cut(value)}
    return None


def documents(found: Any) -> list[dict[str, Any]]:
    """The documents that a retriever found: content, metadata, and an id or score if known."""
    return [_document(document) for document in list(found)[:MAX_ITEMS]]


def _document(document: Any) -> dict[str, Any]:
    metadata = getattr(document, "metadata", None) or {}
    described: dict[str, Any] = {"content": cut(str(getattr(document, "page_content", "")))}
    identifier = getattr(document, "id", None) or metadata.get("id")
    if identifier is not None:
        described["id"] = str(identifier)
    score = metadata.get("score", metadata.get("relevance_score"))
    if isinstance(score, (int, float)):
        described["score"] = float(score)
    return described | {"metadata": plain(metadata)}


def plain(value: Any, depth: int = 0) -> Any:
    """JSON data for any value: bounded in depth and size, safe against cycles and odd objects.

    Never calls what a class of the user defines: an object is its type and its public fields.
    """
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if depth >= MAX_DEPTH:
        return _type_name(value)
    for kinds, convert in _CONVERTERS:
        if isinstance(value, kinds):
            return convert(value, depth + 1)
    return _object(value, depth + 1)


def _mapping(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    items = islice(value.items(), MAX_ITEMS)
    return {_key(key): plain(item, depth) for key, item in items}


def _items(value: Iterable[Any], depth: int) -> list[Any]:
    return [plain(item, depth) for item in islice(value, MAX_ITEMS)]


_CONVERTERS: Final[tuple[tuple[Any, Callable[[Any, int], Any]], ...]] = (
    (Enum, lambda value, depth: plain(value.value, depth)),
    (str, lambda value, _: cut(value)),
    ((date, UUID), lambda value, _: str(value)),
    (Mapping, _mapping),
    ((list, tuple, set, frozenset), _items),
    ((bytes, bytearray, memoryview), lambda value, _: f"{_type_name(value)} {len(value)} bytes"),
)


def _key(key: Any) -> str:
    if isinstance(key, str):
        return cut(key)
    if key is None or isinstance(key, (bool, int, float)):
        return str(key)
    return "/".join(map(_key, key)) if isinstance(key, tuple) else _type_name(key)


def _object(value: Any, depth: int) -> Any:
    fields = getattr(value, "__dict__", None)
    if not isinstance(fields, dict) or isinstance(value, type) or callable(value):
        return _type_name(value)
    if "content" in fields and "type" in fields:
        return plain(fields["content"], depth)
    public = {key: item for key, item in fields.items() if not str(key).startswith("_")}
    return _mapping(public, depth) if public else _type_name(value)


def _type_name(value: Any) -> str:
    return f"<{type(value).__qualname__}>"
