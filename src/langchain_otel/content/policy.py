"""Defines the content policy: which kinds of content, on which channel, in what form, how much."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

NO_CONTENT: Final = "NO_CONTENT"
SPAN_ONLY: Final = "SPAN_ONLY"
EVENT_ONLY: Final = "EVENT_ONLY"
SPAN_AND_EVENT: Final = "SPAN_AND_EVENT"
MODES: Final = (NO_CONTENT, SPAN_ONLY, EVENT_ONLY, SPAN_AND_EVENT)

FULL: Final = "full"
NEW: Final = "new"

MAX_LENGTH: Final = 32_768
# OTLP receivers refuse requests over 4 MiB, and content on a span is best kept under 1 MiB.
MAX_SPAN_BYTES: Final = 1_000_000

Redact = Callable[[str, str], str | None]
"""From a text and the name of its attribute, gives what may be recorded; None records nothing."""


class Policy:
    """What content may be recorded where, and how much of it.

    `on_spans` and `on_events` are the channels; nothing is recorded where both are off. The other
    switches leave out single kinds of content: `messages`, `tools` (arguments, results and
    definitions), `documents` (and the query that found them), `prompt_variables`, `state` (what
    goes into chains and graphs and comes out), `exceptions` (texts and stack traces).
    """

    def __init__(
        self,
        *,
        on_spans: bool = False,
        on_events: bool = False,
        messages: bool = True,
        tools: bool = True,
        documents: bool = True,
        prompt_variables: bool = True,
        state: bool = False,
        exceptions: bool = True,
        redact: Redact | None = None,
        max_length: int = MAX_LENGTH,
        max_span_bytes: int = MAX_SPAN_BYTES,
        binary: bool = False,
        history: str = FULL,
        structured: bool = False,
    ) -> None:
        self.on_spans = on_spans
        self.on_events = on_events
        self.messages = messages
        self.tools = tools
        self.documents = documents
        self.prompt_variables = prompt_variables
        self.state = state
        self.exceptions = exceptions
        self.redact = redact
        self.max_length = max_length
        self.max_span_bytes = max_span_bytes
        self.binary = binary
        self.history = history
        self.structured = structured

    def changed(self, **switches: Any) -> Policy:
        """The policy with others in place of some switches."""
        return Policy(**{**vars(self), **switches})


class Content:
    """Content that may be recorded, which becomes plain data or JSON when it is asked for."""

    __slots__ = ()

    def data(self) -> Any:
        """The plain data."""
        raise NotImplementedError

    def json(self) -> str:
        """The JSON of the same."""
        raise NotImplementedError


class Budget:
    """How many bytes of content one span, or one log record, has left.

    Where everything is said in several forms, all `copies` together are within the limit.
    """

    __slots__ = ("left",)

    def __init__(self, policy: Policy, copies: int = 1) -> None:
        self.left = policy.max_span_bytes // copies

    def take(self, size: int) -> None:
        """Count content that was recorded."""
        self.left = max(0, self.left - size)
