"""What the scripted model of the Anthropic server answers: messages, usage, and their events.

The same conversation always gets the same next message. A prefix that ends with `cache_control` is
written to the cache when it is first seen, and read from it afterwards.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

SIGNATURE = "c2lnbmVkIHRob3VnaHQ="
SHORT, LONG = "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"
DELTAS = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "tool_use": ("input_json_delta", "partial_json"),
}


def tokens_of(value: Any) -> int:
    """A count of tokens that grows with what is said."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return len(re.findall(r"\w+|[^\w\s]", text))


def answer(request: Json, number: int, cached: set[str]) -> Json:
    """The whole message that answers a request."""
    content, reason, sequence = _content(request)
    return {
        "id": f"msg_{_digest(number)[:24]}",
        "type": "message",
        "role": "assistant",
        "model": request["model"],
        "content": content,
        "stop_reason": reason,
        "stop_sequence": sequence,
        "usage": _usage(request, content, cached),
    }


def events(whole: Json) -> Iterator[Json]:
    """The same message as a stream of events."""
    # At the start no more is known than the prompt; the last count is for the whole.
    usage = {**whole["usage"], "output_tokens": 1}
    usage.pop("output_tokens_details", None)
    opening = {**whole, "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
    yield {"type": "message_start", "message": opening}
    for index, block in enumerate(whole["content"]):
        yield from _block_events(index, block)
    ending = {name: whole[name] for name in ("stop_reason", "stop_sequence")}
    counted = {name: count for name, count in whole["usage"].items() if name != "cache_creation"}
    yield {"type": "message_delta", "delta": ending, "usage": counted}
    yield {"type": "message_stop"}


def _block_events(index: int, block: Json) -> Iterator[Json]:
    kind = block["type"]
    delta, field = DELTAS[kind]
    said = json.dumps(block["input"]) if kind == "tool_use" else block[field]
    empty: Json = {"input": {}} if kind == "tool_use" else {field: ""}
    started = {**block, **empty} if kind != "thinking" else {**block, **empty, "signature": ""}
    yield {"type": "content_block_start", "index": index, "content_block": started}
    yield {"type": "ping"}
    for piece in re.findall(r"\s*\S+|\s+$", said):
        change = {"type": delta, field: piece}
        yield {"type": "content_block_delta", "index": index, "delta": change}
    if kind == "thinking":
        change = {"type": "signature_delta", "signature": SIGNATURE}
        yield {"type": "content_block_delta", "index": index, "delta": change}
    yield {"type": "content_block_stop", "index": index}


def _content(request: Json) -> tuple[list[Json], str, str | None]:
    """The blocks of the answer, why it ends, and at which sequence."""
    question = _last_text(request["messages"])
    thought = {"type": "thinking", "thinking": "Let me think.", "signature": SIGNATURE}
    thinking = (
        [thought] if request.get("thinking", {}).get("type") in ("enabled", "adaptive") else []
    )
    tools = request.get("tools") or []
    if tools and not _has_results(request["messages"][-1]):
        calls = [_call(tool, question) for tool in tools]
        return [*thinking, {"type": "text", "text": "Let me look it up."}, *calls], "tool_use", None
    text, reason, sequence = _shortened(f"You asked: {question}", request)
    return [*thinking, {"type": "text", "text": text}], reason, sequence


def _shortened(text: str, request: Json) -> tuple[str, str, str | None]:
    for sequence in request.get("stop_sequences") or ():
        if sequence in text:
            return text.partition(sequence)[0], "stop_sequence", sequence
    words = text.split(" ")
    if len(words) > request["max_tokens"]:
        return " ".join(words[: request["max_tokens"]]), "max_tokens", None
    return text, "end_turn", None


def _call(tool: Json, question: str) -> Json:
    properties = tool["input_schema"].get("properties", {})
    return {
        "type": "tool_use",
        "id": f"toolu_{_digest(tool['name'], question)[:24]}",
        "name": tool["name"],
        "input": {name: _argument(schema, question) for name, schema in properties.items()},
    }


def _argument(schema: Json, question: str) -> int | str:
    number = re.search(r"\d+", question)
    return int(number[0]) if number and schema.get("type") == "integer" else question


def _usage(request: Json, content: list[Json], cached: set[str]) -> Json:
    written = {SHORT: 0, LONG: 0}
    read = fresh = 0
    prefix = ""
    for block in _prompt_blocks(request):
        control = block.get("cache_control")
        plain = {name: value for name, value in block.items() if name != "cache_control"}
        fresh += tokens_of(plain.get("text", plain))
        prefix = _digest(prefix, plain)
        if control is None:
            continue
        if prefix in cached:
            read += fresh
        else:
            cached.add(prefix)
            written[LONG if control.get("ttl") == "1h" else SHORT] += fresh
        fresh = 0
    usage = {
        "input_tokens": fresh,
        "cache_creation_input_tokens": sum(written.values()),
        "cache_read_input_tokens": read,
        "cache_creation": written,
        "output_tokens": sum(map(tokens_of, content)),
        "service_tier": "standard",
    }
    thoughts = sum(tokens_of(block) for block in content if block["type"] == "thinking")
    return {**usage, "output_tokens_details": {"thinking_tokens": thoughts}} if thoughts else usage


def _prompt_blocks(request: Json) -> Iterator[Json]:
    """The blocks of the prompt in the order in which they are cached."""
    yield from request.get("tools") or ()
    for content in (request.get("system"), *(m["content"] for m in request["messages"])):
        if isinstance(content, str):
            yield {"type": "text", "text": content}
        else:
            yield from content or ()


def _last_text(messages: list[Json]) -> str:
    for message in reversed(messages):
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        texts = [block["text"] for block in blocks if block["type"] == "text"]
        if message["role"] == "user" and texts:
            return " ".join(texts)
    return ""


def _has_results(message: Json) -> bool:
    content = message["content"]
    return not isinstance(content, str) and any(b["type"] == "tool_result" for b in content)


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()
