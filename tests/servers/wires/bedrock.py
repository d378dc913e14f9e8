"""Amazon Bedrock: Converse, and Anthropic's models invoked; streams are binary event streams."""

import base64
import json
import struct
from binascii import crc32

from servers.wires import anthropic
from servers.wires.answer import ARGUMENTS, CALL_ID, TOOL, Answer, Json

STRING = 7


def whole(answer: Answer) -> Json:
    """Converse's answer in one piece."""
    call = {"toolUse": {"toolUseId": CALL_ID, "name": TOOL, "input": ARGUMENTS}}
    content = [call] if answer.calls_tool else [{"text": answer.text}]
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": anthropic.reason(answer),
        **_counted(answer),
    }


def streamed(answer: Answer) -> bytes:
    """Converse's answer in pieces."""
    call = {"toolUse": {"toolUseId": CALL_ID, "name": TOOL}}
    starts = [{"start": call, "contentBlockIndex": 0}] if answer.calls_tool else []
    deltas: list[Json] = [{"text": piece} for piece in answer.pieces]
    if answer.calls_tool:
        deltas = [{"toolUse": {"input": json.dumps(ARGUMENTS)}}]
    return b"".join(
        [
            event("messageStart", {"role": "assistant"}),
            *(event("contentBlockStart", start) for start in starts),
            *(
                event("contentBlockDelta", {"delta": delta, "contentBlockIndex": 0})
                for delta in deltas
            ),
            event("contentBlockStop", {"contentBlockIndex": 0}),
            event("messageStop", {"stopReason": anthropic.reason(answer)}),
            event("metadata", _counted(answer)),
        ]
    )


def invoked_streamed(answer: Answer) -> bytes:
    """Anthropic's events, each wrapped; the last has Bedrock's own counts."""
    parts = anthropic.parts(answer)
    parts[-1]["amazon-bedrock-invocationMetrics"] = {
        "inputTokenCount": answer.input - answer.cached,
        "outputTokenCount": answer.output,
        "cacheReadInputTokenCount": answer.cached,
        "invocationLatency": 1,
        "firstByteLatency": 1,
    }
    wrapped = (base64.b64encode(json.dumps(part).encode()).decode() for part in parts)
    return b"".join(event("chunk", {"bytes": each}) for each in wrapped)


def headers(answer: Answer) -> dict[str, str]:
    """What an invoked model's answer has beside its body: Bedrock's own counts."""
    counts = {
        "input-token-count": answer.input - answer.cached,
        "output-token-count": answer.output,
        "cache-read-input-token-count": answer.cached,
        "cache-write-input-token-count": 0,
    }
    return {f"x-amzn-bedrock-{name}": str(tokens) for name, tokens in counts.items()}


def event(kind: str, body: Json) -> bytes:
    """A message of AWS's event streams: lengths, headers, body, checksums."""
    headers = b"".join(
        bytes([len(name)]) + name.encode() + struct.pack(">BH", STRING, len(value)) + value.encode()
        for name, value in (
            (":event-type", kind),
            (":content-type", "application/json"),
            (":message-type", "event"),
        )
    )
    content = json.dumps(body).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(content), len(headers))
    message = prelude + struct.pack(">I", crc32(prelude)) + headers + content
    return message + struct.pack(">I", crc32(message))


def failure(status: int) -> Json:
    """An error."""
    return {"message": f"It went wrong: {status}."}


def _counted(answer: Answer) -> Json:
    return {
        "usage": {
            "inputTokens": answer.input - answer.cached,
            "outputTokens": answer.output,
            "totalTokens": answer.input + answer.output,
            "cacheReadInputTokens": answer.cached,
            "cacheWriteInputTokens": 0,
        },
        "metrics": {"latencyMs": 1},
    }
