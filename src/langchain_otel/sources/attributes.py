"""Lets an application give attributes of its own to the spans of its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentelemetry.util.types import AttributeValue

from langchain_otel import semconv
from langchain_otel.content.attribute_names import is_taken
from langchain_otel.content.attribute_value import attribute_value
from langchain_otel.content.values import MAX_TEXT
from langchain_otel.runs.attribute_blocks import ATTRIBUTES_KEY, with_attributes
from langchain_otel.sources.blocks import Block

# To Python a bool is an int: it comes first.
KINDS: Final = (bool, str, int, float)
BYTES: Final = (bytes, bytearray, memoryview)
EXPECTED: Final = "a str, a bool, an int, a float or a sequence of one of these"


def attributes(
    mapping: Mapping[str, AttributeValue] | None = None, /, **values: AttributeValue
) -> Block:
    """Give attributes to the spans of the runs in a `with` block or a decorated function.

        with attributes(tier="gold"):
            chain.invoke(question)

        @attributes({"app.tenant": "acme"}, tier="gold")
        async def answer(question): ...

    They stand on every span that this package makes inside: of the runs that start there, and of
    all runs below them, wherever those start. Of nested blocks the inner one overrides only what it
    names. They are set on purpose, so they are recorded whether or not content is; `redact` gets
    them. A text is cut after 1,024 characters, a sequence after 64 items. They stand on the
    log records of these runs too, and on no metric: each value would be a series of its own.

    What is recorded of a run is never overwritten: a name of the conventions (`gen_ai.`) or of ours
    (`langchain.`, `langgraph.`) is refused. All travels in OpenTelemetry's context, not in its
    baggage: to tasks and threads with a copy of the context, but in no header.

    Raises:
        TypeError: A name is no str, a value is none that an attribute can have, or what is
            decorated is no function.
        ValueError: A name is empty, too long or taken, or there is neither a mapping nor a value.
    """
    checked = _checked(mapping, values)
    return Block("attributes", checked, ATTRIBUTES_KEY, with_attributes)


def _checked(mapping: Any, values: dict[str, Any]) -> dict[str, Any]:
    if mapping is None and not values:
        raise ValueError("attributes() needs a mapping or values by name; got none of them")
    if mapping is not None and not isinstance(mapping, Mapping):
        raise TypeError(
            f"attributes() takes a mapping of names to values; got {mapping!r}, "
            f"a {type(mapping).__name__}"
        )
    return {
        _name(name, value): _value(name, value)
        for name, value in {**(mapping or {}), **values}.items()
    }


def _name(name: Any, value: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(
            f"attributes() takes names that are a str; got {name!r}, a {type(name).__name__}, "
            f"for {value!r}"
        )
    if not name.strip() or len(name) > MAX_TEXT:
        raise ValueError(
            f"attributes() takes names of 1 to {MAX_TEXT} characters; got {name!r} for {value!r}"
        )
    if is_taken(name):
        instead = ": use conversation()" if name == semconv.GEN_AI_CONVERSATION_ID else ""
        raise ValueError(
            f"attributes() cannot set {name} to {value!r}: langchain-otel records it{instead}"
        )
    return str.__str__(name)


def _value(name: str, value: Any) -> Any:
    """The value as attributes hold it, of the application's own as it is now."""
    found = None
    if _kind(value) is not None:
        found = attribute_value(value)
    elif isinstance(value, Sequence) and not isinstance(value, BYTES):
        items = list(value)
        kinds = set(map(_kind, items))
        if None not in kinds and len(kinds) < 2:
            found = attribute_value(items)
    if found is None:
        raise TypeError(f"{name} must be {EXPECTED}; got {value!r}, a {type(value).__name__}")
    return found


def _kind(value: Any) -> type | None:
    return next((kind for kind in KINDS if isinstance(value, kind)), None)
