"""Chat completions as OpenAI answers them, and all who took over its format."""

import json
from dataclasses import replace
from typing import Any

from servers.wires.answer import ARGUMENTS, CALL_ID, ID, MODEL, TOOL, Answer, Json, events


def usage(answer: Answer) -> Json:
    """The counts, with their parts as OpenAI, DeepSeek and xAI write them."""
    return {
        "prompt_tokens": answer.input,
        "completion_tokens": answer.output,
        "total_tokens": answer.input + Answer().output,
        "prompt_tokens_details": {"cached_tokens": answer.cached},
        "completion_tokens_details": {"reasoning_tokens": answer.reasoning},
    }


def whole(answer: Answer) -> Json:
    """An answer in one piece."""
    return _envelope(
        "chat.completion",
        choices=[
            {
                "index": 0,
                "message": {"role": "assistant", "content": answer.text, **_calls(answer)},
                "finish_reason": reason(answer),
                "logprobs": None,
            }
        ],
        usage=usage(answer),
    )


def streamed(answer: Answer) -> bytes:
    """An answer in pieces; the counts come last, in a piece without a choice."""
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in answer.pieces]
    deltas += [_calls(answer, index=0)] if answer.calls_tool else []
    pieces = [_piece(delta, None) for delta in deltas]
    last = _envelope("chat.completion.chunk", choices=[], usage=usage(answer))
    return events(*pieces, _piece({}, reason(answer)), last, end="[DONE]")


def streamed_with_choice(answer: Answer) -> bytes:
    """The same, with the counts in the piece that says the reason, as Mistral and Groq send it."""
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in answer.pieces]
    deltas += [_calls(answer, index=0)] if answer.calls_tool else []
    pieces = [_piece(delta, None) for delta in deltas]
    counted = usage(answer)
    last = _piece({"content": ""}, reason(answer)) | {
        "usage": counted,
        "x_groq": {"id": ID, "usage": counted},
    }
    return events(*pieces, last, end="[DONE]")


def beside(answer: Answer) -> Answer:
    """The same for who counts reasoning beside the output, as xAI does."""
    return replace(answer, output=answer.output - answer.reasoning)


def failure(status: int) -> Json:
    """An error."""
    return {"error": {"message": "It went wrong.", "type": "api_error", "code": str(status)}}


def reason(answer: Answer) -> str:
    """Why the answer ended."""
    return "tool_calls" if answer.calls_tool else "stop"


def _piece(delta: Json, ended: str | None) -> Json:
    choice = {"index": 0, "delta": delta, "finish_reason": ended, "logprobs": None}
    return _envelope("chat.completion.chunk", choices=[choice])


def _envelope(kind: str, **content: Any) -> Json:
    head = {"id": ID, "object": kind, "created": 1, "model": MODEL}
    return {**head, "system_fingerprint": "fp_1", **content}


def _calls(answer: Answer, **index: int) -> Json:
    if not answer.calls_tool:
        return {}
    function = {"name": TOOL, "arguments": json.dumps(ARGUMENTS)}
    return {"tool_calls": [{**index, "id": CALL_ID, "type": "function", "function": function}]}
