"""Turns the content of messages, in whatever shape it was written, into parts to be shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from langchain_otel.dialects import openinference_names as oi
from langchain_otel.viewing.plain import dict_of, list_of, text_of
from langchain_otel.viewing.reading import decoded

Part = dict[str, Any]

TEXT: Final = "text"
REASONING: Final = "reasoning"
CALL: Final = "call"
RESULT: Final = "result"
MEDIA: Final = "media"
OTHER: Final = "other"
# Pictures that a page may show: what is not among them may run, or fetch.
IMAGES: Final = ("image/png", "image/jpeg", "image/gif", "image/webp")


def text_part(value: Any) -> Part:
    """A text, or JSON of what is none."""
    return {"type": TEXT, "text": as_text(value)}


def call_part(name: Any, call_id: Any, arguments: Any) -> Part:
    """A call of a tool that a model asks for."""
    return {"type": CALL, "name": text_of(name), "id": text_of(call_id), "text": as_text(arguments)}


def result_part(call_id: Any, value: Any) -> Part:
    """What a tool answered."""
    return {"type": RESULT, "id": text_of(call_id), "text": as_text(value)}


def as_text(value: Any) -> str:
    """A text as it is; anything else as JSON, laid out."""
    value = decoded(value)
    if isinstance(value, str):
        return text_of(value)
    try:
        return "" if value is None else json.dumps(value, ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return "(nested too deeply)"


def content_parts(content: Any) -> Iterator[Part]:
    """The parts of what a message says: a text, or blocks as a provider has them."""
    content = decoded(content)
    if not isinstance(content, list):
        if content not in (None, ""):
            yield text_part(content)
        return
    for block in content:
        yield _part(block) if isinstance(block, dict) else text_part(block)


def _part(part: dict[str, Any]) -> Part:
    kind = part.get("type")
    read = _READERS.get(kind) if isinstance(kind, str) else None
    return read(part) if read else other_part(part)


def _text(part: dict[str, Any]) -> Part:
    return text_part(_first(part, "content", "text"))


def _reasoning(part: dict[str, Any]) -> Part:
    return {"type": REASONING, "text": as_text(_first(part, "content", "thinking", "text"))}


def _call(part: dict[str, Any]) -> Part:
    return call_part(part.get("name"), part.get("id"), _first(part, "arguments", "input", "args"))


def _result(part: dict[str, Any]) -> Part:
    call_id = _first(part, "id", "tool_call_id", "tool_use_id")
    return result_part(call_id, _first(part, "result", "response", "content"))


def _blob(part: dict[str, Any]) -> Part:
    kind = text_of(_first(part, "mime_type", "modality"))
    return media_part(kind, f"data:{kind};base64,{text_of(part.get('content'))}")


def _link(part: dict[str, Any]) -> Part:
    kind = text_of(_first(part, "mime_type", "modality")) or "file"
    return media_part(kind, text_of(_first(part, "uri", "file_id", "url")))


def _image_url(part: dict[str, Any]) -> Part:
    image = part.get("image_url")
    return media_part("image", text_of(image.get("url") if isinstance(image, dict) else image))


def media_part(kind: str, address: str) -> Part:
    """A picture that is in the trace itself, or the place where something else is."""
    mime, _, data = address.removeprefix("data:").partition(";base64,")
    if not address.startswith("data:"):
        return {"type": MEDIA, "name": kind, "text": address}
    part = {"type": MEDIA, "name": mime or kind, "text": f"{len(data) * 3 // 4} bytes"}
    return part | {"source": address} if mime in IMAGES else part


_READERS: Final[Mapping[str, Callable[[dict[str, Any]], Part]]] = {
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "reasoning": _reasoning,
    "thinking": _reasoning,
    "tool_call": _call,
    "tool_use": _call,
    "function_call": _call,
    "tool_call_response": _result,
    "tool_result": _result,
    "blob": _blob,
    "uri": _link,
    "file": _link,
    "image_url": _image_url,
}


def other_part(value: Any) -> Part:
    """What is of no kind that is known, as it is."""
    return {"type": OTHER, "text": as_text(value)}


def left_over(message: Mapping[str, Any], known: frozenset[str]) -> Iterator[Part]:
    """What a message says in fields that are not known."""
    left = {name: value for name, value in message.items() if name not in known and value}
    if left:
        yield other_part(left)


def openinference_parts(message: dict[str, Any]) -> Iterator[Part]:
    """The parts of a message as OpenInference flattens it, put together again."""
    yield from content_parts(message.get("content"))
    for entry in items_of(message.get("contents")):
        content = dict_of(dict_of(entry).get("message_content"))
        address = next((found for name in _MEDIA if (found := _within(content, name))), None)
        if address:
            yield media_part(text_of(content.get("type")), text_of(address))
        elif content:
            yield text_part(content["text"]) if "text" in content else other_part(content)
    for entry in items_of(message.get("tool_calls")):
        call = dict_of(dict_of(entry).get("tool_call"))
        function = dict_of(call.get("function"))
        yield call_part(function.get("name"), call.get("id"), function.get("arguments"))


_MEDIA: Final = (oi.CONTENT_IMAGE, oi.CONTENT_AUDIO, oi.CONTENT_VIDEO)


def _within(content: dict[str, Any], name: str) -> Any:
    found: Any = content
    for word in name.split(".")[1:]:
        found = dict_of(found).get(word)
    return found


def items_of(value: Any) -> list[Any]:
    """The items of a list, or of what a list became whose places are names."""
    if not isinstance(value, dict):
        return list_of(decoded(value))
    places = sorted(
        (int(key), key) for key in value if key.isascii() and key.isdigit() and len(key) < 9
    )
    return [value[key] for _, key in places]


def _first(part: dict[str, Any], *names: str) -> Any:
    return next((part[name] for name in names if part.get(name) is not None), None)
