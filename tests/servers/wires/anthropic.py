"""Messages as Anthropic answers them, itself and on Bedrock: the input is what no cache had."""

import json

from servers.wires.answer import ARGUMENTS, CALL_ID, ID, MODEL, TOOL, Answer, Json, events


def whole(answer: Answer) -> Json:
    """An answer in one piece."""
    return {
        "id": ID,
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": [_block(answer, answer.text)],
        "stop_reason": reason(answer),
        "stop_sequence": None,
        "usage": _usage(answer),
    }


def parts(answer: Answer) -> list[Json]:
    """The events of an answer in pieces."""
    start = whole(answer) | {"content": [], "stop_reason": None}
    start["usage"] = _usage(answer) | {"output_tokens": 1}
    empty = _block(answer, "") | ({"input": {}} if answer.calls_tool else {})
    deltas: list[Json] = [{"type": "text_delta", "text": piece} for piece in answer.pieces]
    if answer.calls_tool:
        deltas = [{"type": "input_json_delta", "partial_json": json.dumps(ARGUMENTS)}]
    return [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": empty},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": reason(answer), "stop_sequence": None},
            "usage": _usage(answer),
        },
        {"type": "message_stop"},
    ]


def streamed(answer: Answer) -> bytes:
    """An answer in pieces."""
    return events(*parts(answer), names=True)


def failure(status: int) -> Json:
    """An error."""
    kinds = {400: "invalid_request_error", 429: "rate_limit_error"}
    error = {"type": kinds.get(status, "api_error"), "message": "It went wrong."}
    return {"type": "error", "error": error}


def reason(answer: Answer) -> str:
    """Why the answer ended."""
    return "tool_use" if answer.calls_tool else "end_turn"


def _block(answer: Answer, text: str) -> Json:
    if answer.calls_tool:
        return {"type": "tool_use", "id": CALL_ID, "name": TOOL, "input": ARGUMENTS}
    return {"type": "text", "text": text}


def _usage(answer: Answer) -> Json:
    return {
        "input_tokens": answer.input - answer.cached,
        "output_tokens": answer.output,
        "cache_read_input_tokens": answer.cached,
        "cache_creation_input_tokens": 0,
    }
