"""Holds what LangChain reports of a run when it starts, and in its middle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from langchain_otel.content.values import Facts

# The keys that LangChain and LangGraph give most runs: a look into a set spares all others.
OWN_KEYS: Final = frozenset(
    (
        *("ls_integration", "ls_model_name", "ls_model_type", "ls_provider", "ls_temperature"),
        *("lc_agent_name", "lc_versions", "langgraph_checkpoint_ns", "langgraph_node"),
        *("langgraph_path", "langgraph_step", "langgraph_triggers", "checkpoint_ns"),
    )
)


class Waiting(Protocol):
    """A frame that waits for a run to start."""

    owner: object

    def take(self, run: Any) -> None:
        """Take the run."""


class Started:
    """What LangChain reports when a run starts.

    `payload` is the messages, prompts, inputs or query; `options` the further keyword arguments of
    the event; `frame` what waits for the run; `owner` the object that runs, where it is known.
    `request` is what was read of a request to a model. `is_plain`: its metadata are known to be all
    LangChain's own.
    """

    __slots__ = (
        "frame",
        "is_plain",
        "metadata",
        "options",
        "owner",
        "payload",
        "request",
        "serialized",
        "tags",
    )

    def __init__(
        self,
        serialized: dict[str, Any] | None,
        payload: Any,
        tags: list[str] | None,
        metadata: dict[str, Any] | None,
        options: dict[str, Any] | None = None,
        owner: object | None = None,
        frame: Waiting | None = None,
    ) -> None:
        self.frame = frame
        self.serialized = serialized
        self.payload = payload
        self.tags = tags
        self.metadata = metadata
        self.options = {} if options is None else options
        self.owner = owner if frame is None else frame.owner
        self.request: Any = None
        self.is_plain = False


class SpanEvent:
    """A kind of event in the middle of a run: its name, and what it records of what is reported."""

    __slots__ = ("content", "facts", "name")

    def __init__(
        self, name: str, facts: Callable[[Any], Facts], content: Callable[[Any], Any]
    ) -> None:
        self.name = name
        self.facts = facts
        self.content = content
