"""Tells control flow from failure by the type of an exception."""

from __future__ import annotations

from asyncio import CancelledError
from concurrent.futures import CancelledError as FutureCancelledError
from typing import Final
from weakref import WeakKeyDictionary

from langchain_otel import semconv
from langchain_otel.content.values import Facts
from langchain_otel.runs.http_status import http_status

INTERRUPTED: Final = "interrupted"
HANDED_OFF: Final = "handed_off"
DRAINED: Final = "drained"
CANCELLED: Final = "cancelled"
CLOSED: Final = "closed"
EVICTED: Final = "evicted"
ABANDONED: Final = "abandoned"


class ProgramEnded(BaseException):
    """Stands for the end of the program, which no code of a run will see."""


# LangGraph's family of control flow (langgraph.errors.GraphBubbleUp) is known by name, so that
# langgraph is not imported for it; the most derived name wins.
_GRAPH_OUTCOMES: Final = {
    "GraphInterrupt": INTERRUPTED,
    "ParentCommand": HANDED_OFF,
    "GraphDrained": DRAINED,
    "GraphBubbleUp": INTERRUPTED,
}
_PYTHON_OUTCOMES: Final = {
    CancelledError: CANCELLED,
    FutureCancelledError: CANCELLED,
    KeyboardInterrupt: CANCELLED,
    SystemExit: CANCELLED,
    GeneratorExit: CLOSED,
    ProgramEnded: ABANDONED,
}
# A class made for one request goes with it.
_known: Final[WeakKeyDictionary[type[BaseException], str | None]] = WeakKeyDictionary()


def outcome_of(error: BaseException) -> str | None:
    """The outcome that `error` stands for, or None when it is a real failure."""
    kind = type(error)
    if kind not in _known:
        _known[kind] = _outcome_of_type(kind)
    return _known[kind]


def error_type(error: BaseException) -> str:
    """The value of `error.type`: the qualified class name, without the module for builtins."""
    kind = type(error)
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def error_facts(error: BaseException) -> Facts:
    """What a span or an event says of an error: its type, and the HTTP status that it carries."""
    status = http_status(error)
    facts: Facts = {semconv.ERROR_TYPE: error_type(error)}
    return facts if status is None else {**facts, semconv.HTTP_RESPONSE_STATUS_CODE: status}


def _outcome_of_type(kind: type[BaseException]) -> str | None:
    for base in kind.__mro__:
        if base in _PYTHON_OUTCOMES:
            return _PYTHON_OUTCOMES[base]
        if base.__module__ == "langgraph.errors" and base.__name__ in _GRAPH_OUTCOMES:
            return _GRAPH_OUTCOMES[base.__name__]
    return None
