"""Holds what LangChain reports of a run when it starts, and in its middle."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from langchain_otel.content.values import Facts


@dataclass(slots=True)
class Started:
    """What LangChain reports when a run starts.

    `payload` is the messages, prompts, inputs or query; `options` the further keyword arguments of
    the event; `owner` the object that runs, where it is known. `request` is what was read of a
    request to a model.
    """

    serialized: dict[str, Any] | None
    payload: Any
    tags: list[str] | None
    metadata: dict[str, Any] | None
    options: dict[str, Any] = field(default_factory=dict)
    owner: object | None = None
    request: Any = None


class SpanEvent(NamedTuple):
    """A kind of event in the middle of a run: its name, and what it records of what is reported."""

    name: str
    facts: Callable[[Any], Facts]
    content: Callable[[Any], Any]
