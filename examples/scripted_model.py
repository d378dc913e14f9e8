"""What the scripted model answers, in the shapes of OpenAI's API.

The same conversation always gets the same next message: tool calls that the question is about,
then an answer that quotes their results.
"""

import array
import base64
import hashlib
import json
import random
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]

_RELEASES = {
    "gpt-4.1": "2025-04-14",
    "gpt-4.1-mini": "2025-04-14",
    "gpt-4o": "2024-08-06",
    "gpt-4o-mini": "2024-07-18",
    "gpt-5": "2025-08-07",
    "gpt-5-mini": "2025-08-07",
    "o3-mini": "2025-01-31",
}
_EMBEDDING_SIZE = 1536


def _chat_message(request: Json) -> Json:
    """The assistant's next message: tool calls while there is something to look up."""
    question, turn = _last_turn(request["messages"])
    if calls := _next_tool_calls(request, question, turn):
        return {"role": "assistant", "content": None, "tool_calls": calls, "refusal": None}
    text = _final_text(request, question, turn)
    return {"role": "assistant", "content": text, "refusal": None, "annotations": []}


def _last_turn(messages: list[Json]) -> tuple[str, list[Json]]:
    """The user's last question, and all that was said since."""
    last = max((i for i, m in enumerate(messages) if m["role"] == "user"), default=-1)
    return _text_of(messages[last]) if messages else "", messages[last + 1 :]


def _text_of(message: Json) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)


def _next_tool_calls(request: Json, question: str, turn: list[Json]) -> list[Json]:
    # Other agents of a team call tools of their own in the same conversation.
    own = {tool["function"]["name"] for tool in request.get("tools") or ()}
    calls = [call["function"]["name"] for m in turn for call in m.get("tool_calls") or ()]
    asked = own.intersection(calls)
    waiting = [tool for tool in _wanted_tools(request, question) if tool["name"] not in asked]
    if request.get("parallel_tool_calls") is False:
        waiting = waiting[:1]
    elif asked:
        waiting = []
    return [_tool_call(tool, question, len(request["messages"])) for tool in waiting]


def _wanted_tools(request: Json, question: str) -> list[Json]:
    """The tools that share a word with the question; the first one if none does."""
    choice = request.get("tool_choice", "auto")
    tools = [t["function"] for t in request.get("tools") or () if t["type"] == "function"]
    if choice == "none":
        return []
    if isinstance(choice, dict):
        return [tool for tool in tools if tool["name"] == choice["function"]["name"]]
    return [tool for tool in tools if _keywords(question) & _keywords(tool["name"])] or tools[:1]


def _keywords(text: str) -> set[str]:
    return {word.rstrip("s") for word in re.findall(r"[a-z]{3,}", text.lower())}


def _tool_call(tool: Json, question: str, position: int) -> Json:
    arguments = json.dumps(_filled(tool.get("parameters") or {}, question))
    ident = "call_" + _digest(tool["name"], arguments, position)[:24]
    return {
        "id": ident,
        "type": "function",
        "function": {"name": tool["name"], "arguments": arguments},
    }


def _filled(schema: Json, question: str, name: str = "") -> Any:
    """A value that fits a JSON schema, read from the question where it can be."""
    if options := schema.get("enum"):
        return next((o for o in options if str(o).lower() in question.lower()), options[0])
    if alternatives := schema.get("anyOf"):
        return _filled(alternatives[0], question, name)
    kind = schema.get("type", "object")
    if kind == "object":
        properties = schema.get("properties", {})
        return {key: _filled(value, question, key) for key, value in properties.items()}
    if kind == "array":
        return [_filled(schema.get("items", {"type": "string"}), question, name)]
    if kind == "string" and name in ("query", "question", "input", "text"):
        return question
    return _SCALARS[kind](question)


def _first_number(question: str) -> float:
    found = re.search(r"-?\d+(?:\.\d+)?", question)
    return float(found[0]) if found else 1.0


def _proper_noun(question: str) -> str:
    quoted = r"(?<=[a-z] ')[^']+(?=')"
    found = re.search(quoted + r"|(?<=[a-z,] )[A-Z]\w+(?: [A-Z]\w+)*", question)
    return found[0] if found else question


_SCALARS: dict[str, Callable[[str], Any]] = {
    "string": _proper_noun,
    "integer": lambda question: int(_first_number(question)),
    "number": _first_number,
    "boolean": lambda _: True,
    "null": lambda _: None,
}


def _final_text(request: Json, question: str, turn: list[Json]) -> str:
    wanted = request.get("response_format") or {}
    if wanted.get("type") == "json_schema":
        return json.dumps(_filled(wanted["json_schema"]["schema"], question))
    results = [_text_of(message) for message in turn if message["role"] == "tool"]
    if not results:
        return f"You asked: {question}"
    return "Here is what I found. " + " ".join(result.rstrip(".") + "." for result in results)


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _count_tokens(text: str) -> int:
    return len(re.findall(r"\w+|[^\w\s]", text))


def _cost(message: Json) -> int:
    calls = [call["function"] for call in message.get("tool_calls") or ()]
    return _count_tokens(_text_of(message)) + sum(_count_tokens(json.dumps(call)) for call in calls)


def _pieces(text: str) -> list[str]:
    return re.findall(r"\s*\S+|\s+$", text)


def _dated(model: str) -> str:
    if re.search(r"\d{4}-\d{2}-\d{2}$", model):
        return model
    return f"{model}-{_RELEASES.get(model, '2025-08-07')}"


def _usage(request: Json, answers: list[Json]) -> Json:
    messages, tools = request["messages"], request.get("tools") or []
    costs = [4 + _cost(message) for message in messages]
    tools_cost = _count_tokens(json.dumps(tools)) if tools else 0
    # All up to the last answer was sent before, which is what a provider's cache would have.
    seen = max((i for i, m in enumerate(messages) if m["role"] == "assistant"), default=0)
    cached = sum(costs[:seen]) + tools_cost if seen else 0
    thinks = request["model"].startswith(("gpt-5", "o"))
    reasoning = 16 * len(messages) if thinks else 0
    prompt = sum(costs) + tools_cost
    said = sum(map(_cost, answers))
    return {
        "prompt_tokens": prompt,
        "completion_tokens": said + reasoning,
        "total_tokens": prompt + said + reasoning,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def chat(request: Json, number: int) -> Json:
    """Answer `/v1/chat/completions`."""
    message, reason = _shortened(_chat_message(request), request)
    choices = [
        {"index": i, "message": message, "logprobs": None, "finish_reason": reason}
        for i in range(request.get("n") or 1)
    ]
    head = _envelope("chatcmpl-", "chat.completion", request, number)
    return {**head, "choices": choices, "usage": _usage(request, [message] * len(choices))}


def _shortened(message: Json, request: Json) -> tuple[Json, str]:
    """The message within the request's token limit, and the reason why it ends there."""
    if message.get("tool_calls"):
        return message, "tool_calls"
    limit = request.get("max_completion_tokens") or request.get("max_tokens")
    words = _pieces(message["content"])
    if not limit or len(words) <= limit:
        return message, "stop"
    return {**message, "content": "".join(words[:limit])}, "length"


def _envelope(prefix: str, kind: str, request: Json, number: int) -> Json:
    return {
        "id": prefix + _digest(number, kind)[:29],
        "object": kind,
        "created": int(time.time()),
        "model": _dated(request["model"]),
        "service_tier": "default",
        "system_fingerprint": "fp_" + _digest(request["model"])[:10],
    }


def chat_chunks(answer: Json) -> Iterator[Json]:
    """Stream the same answer: one delta a piece, then why it ended."""
    for choice in answer["choices"]:
        head = {"index": choice["index"], "logprobs": None}
        for delta in _deltas(choice["message"]):
            yield {"choices": [{**head, "delta": delta, "finish_reason": None}]}
        yield {"choices": [{**head, "delta": {}, "finish_reason": choice["finish_reason"]}]}


def _deltas(message: Json) -> Iterator[Json]:
    yield {"role": "assistant", "content": None if message["content"] is None else ""}
    for piece in _pieces(message["content"] or ""):
        yield {"content": piece}
    for index, call in enumerate(message.get("tool_calls", ())):
        name, arguments = call["function"]["name"], call["function"]["arguments"]
        opening = {**call, "index": index, "function": {"name": name, "arguments": ""}}
        yield {"tool_calls": [opening]}
        for piece in _pieces(arguments):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def completion(request: Json, number: int) -> Json:
    """Answer `/v1/completions`."""
    prompts = request["prompt"] if isinstance(request["prompt"], list) else [request["prompt"]]
    as_chat = [{"role": "user", "content": str(prompt)} for prompt in prompts]
    said = [_shortened({"content": f"You wrote: {p}"}, request) for p in prompts]
    choices = [
        {"index": i, "text": message["content"], "logprobs": None, "finish_reason": reason}
        for i, (message, reason) in enumerate(said)
    ]
    spent = _usage({**request, "messages": as_chat}, [message for message, _ in said])
    head = _envelope("cmpl-", "text_completion", request, number)
    return {**head, "choices": choices, "usage": spent}


def completion_chunks(answer: Json) -> Iterator[Json]:
    """Stream the same answer: one chunk a piece, then why it ended."""
    for choice in answer["choices"]:
        for piece in _pieces(choice["text"]):
            yield {"choices": [{**choice, "text": piece, "finish_reason": None}]}
        yield {"choices": [{**choice, "text": ""}]}


def embeddings(request: Json, _number: int) -> Json:
    """Answer `/v1/embeddings`."""
    given = request["input"]
    inputs = given if isinstance(given, list) and not isinstance(given[0], int) else [given]
    data = [
        {"object": "embedding", "index": i, "embedding": _embedding(str(text), request)}
        for i, text in enumerate(inputs)
    ]
    tokens = sum(_count_tokens(str(text)) for text in inputs)
    spent = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": request["model"], "usage": spent}


def _embedding(text: str, request: Json) -> list[float] | str:
    numbers = random.Random(text)  # noqa: S311 (the same text has to get the same vector)
    vector = [numbers.gauss(0, 1) for _ in range(request.get("dimensions") or _EMBEDDING_SIZE)]
    length = sum(x * x for x in vector) ** 0.5
    floats = array.array("f", (x / length for x in vector))
    if request.get("encoding_format") == "base64":
        return base64.b64encode(floats.tobytes()).decode()
    return floats.tolist()
