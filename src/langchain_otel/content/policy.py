"""Knows whether content may leave the process, and on which channel."""

from dataclasses import dataclass
from typing import Final

NO_CONTENT: Final = "NO_CONTENT"
SPAN_ONLY: Final = "SPAN_ONLY"
EVENT_ONLY: Final = "EVENT_ONLY"
SPAN_AND_EVENT: Final = "SPAN_AND_EVENT"


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be recorded where: prompts, answers, arguments, documents, exceptions' texts."""

    on_spans: bool = False
    on_events: bool = False


POLICIES: Final = {
    NO_CONTENT: Policy(),
    SPAN_ONLY: Policy(on_spans=True),
    EVENT_ONLY: Policy(on_events=True),
    SPAN_AND_EVENT: Policy(on_spans=True, on_events=True),
}
