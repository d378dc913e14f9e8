"""Knows JSON: of plain data, bounded, whatever odd values are in it."""

from typing import Any, Final

import orjson

from langchain_otel.content.blocks import plain

MAX_BYTES: Final = 1_000_000
OPTIONS: Final = orjson.OPT_NON_STR_KEYS


def to_json(value: Any) -> str:
    """The JSON of `value`: valid, and within the limit that keeps a span under 1 MiB."""
    try:
        encoded = orjson.dumps(value, option=OPTIONS)
    except (TypeError, ValueError):
        # Lone surrogates, integers beyond 64 bits, cycles, objects: as plain data and ASCII.
        encoded = orjson.dumps(_encodable(plain(value)), option=OPTIONS)
    if len(encoded) > MAX_BYTES:
        encoded = orjson.dumps(_within(value, MAX_BYTES))
    return encoded.decode()


def _encodable(value: Any) -> Any:
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return value


def _within(value: Any, limit: int) -> Any:
    """The newest items of a list that fit, and how many were left out; else only the size."""
    if not isinstance(value, list):
        return {"type": "generic", "generic_type": "cut"}
    kept: list[Any] = []
    for item in reversed(value):
        limit -= len(to_json(item))
        if limit < 0:
            break
        kept.insert(0, item)
    marker = {"type": "text", "content": f"[{len(value) - len(kept)} earlier messages cut]"}
    return [{"role": "system", "parts": [marker]}, *kept]
