"""Reads for how long a request asks a provider to cache its parts; a streamed answer does not say.

Anthropic's `cache_control` and Bedrock's `cachePoint` stand in blocks of messages, in tools, and
beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from langchain_otel.content.fields import fields_of, is_mapping, mapping_of, text_of
from langchain_otel.content.values import EMPTY
from langchain_otel.runs.reported import Started

MARKS: Final = ("cache_control", "cachePoint")
TOOLS: Final = ("tools", "functions")
HOUR: Final = "1h"
DEFAULT: Final = "5m"


def asked_lifetimes(started: Started) -> set[str]:
    """The lifetimes that a request names; a mark without one means five minutes."""
    return {
        text_of(mapping_of(mark).get("ttl")) or DEFAULT
        for part in _parts(started)
        for name in MARKS
        if (mark := part.get(name)) is not None
    }


def _parts(started: Started) -> Iterator[Any]:
    params = mapping_of(started.options.get("invocation_params"))
    yield params
    for name in TOOLS:
        yield from map(_mapping, _items(params.get(name)))
    for conversation in _items(started.payload):
        for message in _items(conversation):
            yield from map(_mapping, _items(fields_of(message).get("content")))


def _items(value: Any) -> list[Any]:
    """The items of a list, of that very type: what else there may be is no list of blocks."""
    return list(value) if type(value) is list else []


def _mapping(value: Any) -> Any:
    return mapping_of(value) if is_mapping(value) else EMPTY
