"""Knows messages: from LangChain's to the conventions' list of roles and parts."""

from collections.abc import Iterable
from typing import Any, Final

from langchain_otel.content.blocks import MAX_ITEMS, Part, cut, parts_of, plain

Message = dict[str, Any]

ROLES: Final = {
    "human": "user",
    "HumanMessageChunk": "user",
    "ai": "assistant",
    "AIMessageChunk": "assistant",
    "system": "system",
    "SystemMessageChunk": "system",
    "tool": "tool",
    "ToolMessageChunk": "tool",
    "function": "tool",
    "FunctionMessageChunk": "tool",
}


def conversation(batches: Iterable[Iterable[Any]]) -> list[Message]:
    """The messages of a chat model's request."""
    return [_message(message) for batch in batches for message in batch]


def prompts(texts: Iterable[str]) -> list[Message]:
    """The prompts of a completion model's request."""
    return [_text_message("user", text) for text in texts]


def answers(result: Any) -> list[Message]:
    """The choices of a result, a message each."""
    generations = [generation for choices in result.generations for generation in choices]
    return [_answer(generation) for generation in generations[:MAX_ITEMS]]


def state_messages(state: Any, last: int | None = None) -> list[Message]:
    """The messages in a graph's state (`messages`), or only the `last` ones."""
    messages = state.get("messages") if isinstance(state, dict) else None
    if not isinstance(messages, (list, tuple)):
        return []
    return [_message(message) for message in (messages if last is None else messages[-last:])]


def _answer(generation: Any) -> Message:
    message = getattr(generation, "message", None)
    if message is None:
        return _text_message("assistant", generation.text)
    return _message(message)


def _text_message(role: str, text: str) -> Message:
    return {"role": role, "parts": [{"type": "text", "content": cut(text)}]}


def _message(message: Any) -> Message:
    if isinstance(message, str):
        return _text_message("user", message)
    if isinstance(message, tuple) and len(message) == 2:
        return _text_message(str(message[0]), str(message[1]))
    if isinstance(message, dict):
        return {"role": str(message.get("role", "user")), "parts": parts_of(message.get("content"))}
    kind = getattr(message, "type", None)
    role = ROLES.get(str(kind)) or str(getattr(message, "role", kind))
    if role == "tool":
        return {"role": role, "parts": [_tool_response(message)]}
    return {"role": role, "parts": parts_of(message.content) + _tool_calls(message)}


def _tool_response(message: Any) -> Part:
    response: Part = {"type": "tool_call_response", "response": plain(message.content)}
    call_id = getattr(message, "tool_call_id", None)
    return response if call_id is None else response | {"id": str(call_id)}


def _tool_calls(message: Any) -> list[Part]:
    return [
        {
            "type": "tool_call",
            "id": call.get("id"),
            "name": call.get("name"),
            "arguments": plain(call.get("args")),
        }
        for call in (getattr(message, "tool_calls", None) or [])[:MAX_ITEMS]
    ]
