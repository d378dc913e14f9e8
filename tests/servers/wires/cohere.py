"""Cohere's chat, in the first and the second version of its interface."""

import json
from typing import Any

from servers.wires.answer import ARGUMENTS, CALL_ID, ID, TOOL, Answer, Json, events


def whole(answer: Answer) -> Json:
    """An answer in one piece, of the second version."""
    return {
        "id": ID,
        "finish_reason": reason(answer),
        "message": {"role": "assistant", **_content(answer)},
        "usage": _usage(answer),
    }


def streamed(answer: Answer) -> bytes:
    """An answer in pieces, of the second version."""
    start = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": []}
    return events(
        {"type": "message-start", "id": ID, "delta": {"message": start}},
        *(_call_events() if answer.calls_tool else _text_events(answer)),
        {
            "type": "message-end",
            "id": ID,
            "delta": {"finish_reason": reason(answer), "usage": _usage(answer)},
        },
        names=True,
    )


def first_version(answer: Answer) -> Json:
    """An answer in one piece, of the first version."""
    calls = [{"name": TOOL, "parameters": ARGUMENTS}] if answer.calls_tool else None
    return {
        "response_id": "response-1",
        "generation_id": ID,
        "text": answer.text,
        "finish_reason": "COMPLETE",
        "chat_history": [],
        **({"tool_calls": calls} if calls else {}),
        "meta": {"api_version": {"version": "1"}, **_usage(answer)},
    }


def first_version_streamed(answer: Answer) -> bytes:
    """An answer in pieces, of the first version: a line each."""
    lines: list[Json] = [{"event_type": "stream-start", "generation_id": ID}]
    lines += [{"event_type": "text-generation", "text": piece} for piece in answer.pieces]
    if answer.calls_tool:
        calls = [{"name": TOOL, "parameters": ARGUMENTS}]
        lines.append({"event_type": "tool-calls-generation", "tool_calls": calls})
    response = first_version(answer)
    lines.append(
        {"event_type": "stream-end", "finish_reason": "COMPLETE", "response": response},
    )
    return "".join(
        json.dumps(line | {"is_finished": line["event_type"] == "stream-end"}) + "\n"
        for line in lines
    ).encode()


def failure(status: int) -> Json:
    """An error."""
    return {"message": f"It went wrong: {status}."}


def reason(answer: Answer) -> str:
    """Why the answer ended."""
    return "TOOL_CALL" if answer.calls_tool else "COMPLETE"


def _text_events(answer: Answer) -> list[Json]:
    return [
        _part("content-start", content={"type": "text", "text": ""}),
        *(_part("content-delta", content={"text": piece}) for piece in answer.pieces),
        {"type": "content-end", "index": 0},
    ]


def _call_events() -> list[Json]:
    named = {"id": CALL_ID, "type": "function", "function": {"name": TOOL, "arguments": ""}}
    arguments = {"function": {"arguments": json.dumps(ARGUMENTS)}}
    return [
        _part("tool-call-start", tool_calls=named),
        _part("tool-call-delta", tool_calls=arguments),
        {"type": "tool-call-end", "index": 0},
    ]


def _part(kind: str, **message: Any) -> Json:
    return {"type": kind, "index": 0, "delta": {"message": message}}


def _content(answer: Answer) -> Json:
    if not answer.calls_tool:
        return {"content": [{"type": "text", "text": answer.text}]}
    function = {"name": TOOL, "arguments": json.dumps(ARGUMENTS)}
    return {
        "tool_plan": "I will look.",
        "tool_calls": [{"id": CALL_ID, "type": "function", "function": function}],
    }


def _usage(answer: Answer) -> Json:
    return {
        "billed_units": {"input_tokens": answer.input - 5, "output_tokens": answer.output - 1},
        "tokens": {"input_tokens": answer.input, "output_tokens": answer.output},
    }
