"""Knows every option: one row each, from which reading, checking and documentation come.

An option is read from its environment variable when tracing is set up, unless `instrument()` or the
handler was given it as an argument, which wins.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from langchain_otel.content.policy import NO_CONTENT, POLICIES, SPAN_ONLY, Policy
from langchain_otel.run import MAX_OPEN_RUNS

logger: Final = logging.getLogger("langchain_otel")

SDK_DISABLED_VARIABLE: Final = "OTEL_SDK_DISABLED"


def _capture(value: str) -> str:
    mode = {"TRUE": SPAN_ONLY, "FALSE": NO_CONTENT}.get(value.upper(), value.upper())
    if mode not in POLICIES:
        raise ValueError(value)
    return mode


def _count(value: str) -> int:
    count = int(value)
    if count < 1:
        raise ValueError(value)
    return count


@dataclass(frozen=True, slots=True)
class Option:
    """An option: the argument of `instrument()`, its variable, and what may be given."""

    name: str
    variable: str
    kind: type
    parse: Callable[[str], Any]
    default: Any
    expected: str
    meaning: str


OPTIONS: Final = (
    Option(
        name="capture_message_content",
        variable="OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
        kind=str,
        parse=_capture,
        default=NO_CONTENT,
        expected="NO_CONTENT, SPAN_ONLY, EVENT_ONLY, SPAN_AND_EVENT, true or false",
        meaning="whether and where prompts, answers, tool arguments and results, documents and "
        "exceptions' texts are recorded",
    ),
    Option(
        name="max_open_runs",
        variable="OTEL_INSTRUMENTATION_LANGCHAIN_MAX_OPEN_RUNS",
        kind=int,
        parse=_count,
        default=MAX_OPEN_RUNS,
        expected="a number of runs, 1 or more",
        meaning="how many runs may be open at once; the oldest is ended when one more starts",
    ),
)


@dataclass(frozen=True, slots=True)
class Config:
    """The options as they are in force."""

    capture_message_content: str
    max_open_runs: int

    @property
    def policy(self) -> Policy:
        """What content may be recorded where."""
        return POLICIES[self.capture_message_content]


def configured(arguments: dict[str, Any]) -> Config:
    """The options in force, given what was passed as arguments (None: not passed).

    A variable with an invalid value is one warning, and the default is used. An argument of the
    wrong type raises a TypeError, one with an invalid value a ValueError.
    """
    return Config(**{option.name: _value(option, arguments.get(option.name)) for option in OPTIONS})


def is_disabled() -> bool:
    """Whether OTEL_SDK_DISABLED turns all of OpenTelemetry off."""
    return os.environ.get(SDK_DISABLED_VARIABLE, "").strip().lower() == "true"


def _value(option: Option, argument: Any) -> Any:
    if argument is not None:
        return _checked(option, argument)
    value = os.environ.get(option.variable, "").strip()
    if not value:
        return option.default
    try:
        return option.parse(value)
    except ValueError:
        logger.warning(
            "%s=%r is not valid: expected %s. %s is used instead.",
            option.variable,
            value,
            option.expected,
            option.default,
        )
        return option.default


def _checked(option: Option, argument: Any) -> Any:
    if not isinstance(argument, option.kind) or type(argument) is bool:
        raise TypeError(
            f"{option.name} must be {option.expected}, as a {option.kind.__name__}; "
            f"got {argument!r}, a {type(argument).__name__}"
        )
    try:
        return option.parse(str(argument))
    except ValueError:
        raise ValueError(f"{option.name} must be {option.expected}; got {argument!r}") from None
