"""Ollama's chat: lines of JSON, of which the last has the counts."""

import json

from servers.wires.answer import ARGUMENTS, MODEL, TOOL, Answer, Json

AT = "2026-01-01T00:00:00.000000Z"


def whole(answer: Answer) -> Json:
    """An answer in one piece."""
    return _line(_calls(answer) | {"content": answer.text}) | _end(answer)


def streamed(answer: Answer) -> bytes:
    """An answer in pieces."""
    lines = [_line({"content": piece}) for piece in answer.pieces]
    if answer.calls_tool:
        lines.append(_line(_calls(answer) | {"content": ""}))
    lines.append(_line({"content": ""}) | _end(answer))
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def failure(status: int) -> Json:
    """An error."""
    return {"error": f"It went wrong: {status}."}


def _line(message: Json) -> Json:
    message = {"role": "assistant", **message}
    return {"model": MODEL, "created_at": AT, "message": message, "done": False}


def _calls(answer: Answer) -> Json:
    call = {"function": {"name": TOOL, "arguments": ARGUMENTS}}
    return {"tool_calls": [call]} if answer.calls_tool else {}


def _end(answer: Answer) -> Json:
    times = dict.fromkeys(
        ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration"), 1000
    )
    counts = {"prompt_eval_count": answer.input, "eval_count": answer.output}
    return {"done": True, "done_reason": "stop", **times, **counts}
