"""Google's generateContent, of Gemini and of Vertex AI: thoughts are counted beside the output."""

import json

from servers.wires.answer import ARGUMENTS, ID, MODEL, TOOL, Answer, Json, events


def whole(answer: Answer) -> Json:
    """An answer in one piece."""
    part = {"functionCall": {"name": TOOL, "args": ARGUMENTS}}
    return _piece(part if answer.calls_tool else {"text": answer.text}, "STOP") | _usage(answer)


def pieces(answer: Answer) -> list[Json]:
    """An answer in pieces, each of which has the counts so far."""
    if answer.calls_tool:
        return [whole(answer)]
    *first, last = answer.pieces
    started = {"usageMetadata": {"promptTokenCount": answer.input, "totalTokenCount": answer.input}}
    return [
        *(_piece({"text": piece}, None) | started for piece in first),
        _piece({"text": last}, "STOP") | _usage(answer),
    ]


def streamed(answer: Answer) -> bytes:
    """The pieces as events."""
    return events(*pieces(answer))


def streamed_as_array(answer: Answer) -> bytes:
    """The pieces as one array, where no events are asked for."""
    return json.dumps(pieces(answer)).encode()


def failure(status: int) -> Json:
    """An error."""
    names = {400: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED"}
    return {
        "error": {
            "code": status,
            "message": "It went wrong.",
            "status": names.get(status, "INTERNAL"),
        }
    }


def _piece(part: Json, reason: str | None) -> Json:
    candidate: Json = {"content": {"role": "model", "parts": [part]}, "index": 0}
    if reason is not None:
        candidate["finishReason"] = reason
    return {"candidates": [candidate], "responseId": ID, "modelVersion": MODEL}


def _usage(answer: Answer) -> Json:
    return {
        "usageMetadata": {
            "promptTokenCount": answer.input,
            "cachedContentTokenCount": answer.cached,
            "candidatesTokenCount": answer.output - answer.reasoning,
            "thoughtsTokenCount": answer.reasoning,
            "totalTokenCount": answer.input + answer.output,
        }
    }
