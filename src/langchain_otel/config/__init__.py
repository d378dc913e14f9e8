"""Reads the options: from an argument of `instrument()` or the handler, else from its variable."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any, Final, Literal

from langchain_otel.config.options import HOOKS, OPTIONS, SAFE, Hook, Option
from langchain_otel.content.policy import (
    EVENT_ONLY,
    SPAN_AND_EVENT,
    SPAN_ONLY,
    Policy,
    Redact,
)

__all__ = [
    "HOOKS",
    "OPTIONS",
    "SAFE",
    "Config",
    "Hook",
    "Option",
    "checked_options",
    "configured",
    "is_disabled",
    "policy_of",
    "written",
]

logger: Final = logging.getLogger("langchain_otel")

SDK_DISABLED_VARIABLE: Final = "OTEL_SDK_DISABLED"
SDK: Final = "opentelemetry-sdk"
STRUCTURED_SINCE: Final = (1, 45)
INVALID: Final = "%s=%r is not valid: expected %s. %s is used instead."


class Config:
    """The options as they are in force: each of `OPTIONS` is an attribute."""

    capture_message_content: str
    capture_messages: bool
    capture_tools: bool
    capture_documents: bool
    capture_prompt_variables: bool
    capture_exceptions: bool
    capture_state: bool
    capture_binary: bool
    structured_messages: bool
    redact: Redact | None
    max_content_length: int
    max_span_content_bytes: int
    history: str
    emit_event: bool | None
    completion_hook: Any
    request_hook: Callable[..., Any] | None
    response_hook: Callable[..., Any] | None
    span_name: Callable[..., Any] | None
    run_filter: Callable[..., Any] | None
    metrics: Literal["both", "latest", "previous"]
    self_metrics: bool
    cost: Any
    exception_signal: str
    evaluation_signal: str
    detail: str
    dialect: str
    baggage_keys: tuple[str, ...] | None
    max_open_runs: int

    def __init__(self, options: Mapping[str, Any]) -> None:
        vars(self).update(options)

    def changed(self, **options: Any) -> Config:
        """The options with others in place of some."""
        return Config({**vars(self), **options})

    @property
    def policy(self) -> Policy:
        """What content may be recorded where."""
        return policy_of(self)

    @property
    def has_hooks(self) -> bool:
        """Whether the user gives any function that is called for a run."""
        return any(getattr(self, option) is not None for option in HOOKS)

    @property
    def emits_event(self) -> bool:
        """Whether a model call is a log record too."""
        if self.emit_event is not None:
            return self.emit_event
        return self.policy.on_events


def policy_of(config: Config) -> Policy:
    """The content policy that the options make."""
    mode = config.capture_message_content
    return Policy(
        on_spans=mode in {SPAN_ONLY, SPAN_AND_EVENT},
        on_events=mode in {EVENT_ONLY, SPAN_AND_EVENT},
        messages=config.capture_messages,
        tools=config.capture_tools,
        documents=config.capture_documents,
        prompt_variables=config.capture_prompt_variables,
        state=config.capture_state,
        exceptions=config.capture_exceptions,
        redact=config.redact,
        max_length=config.max_content_length,
        max_span_bytes=config.max_span_content_bytes,
        binary=config.capture_binary,
        history=config.history,
        structured=config.structured_messages,
    )


def configured(arguments: dict[str, Any]) -> Config:
    """The options in force, given what was passed as arguments (None: not passed).

    A variable with an invalid value is one warning, and `SAFE` or the default is used. An argument
    of the wrong type raises a TypeError, one with an invalid value a ValueError.
    """
    config = Config({option.name: _value(option, arguments.get(option.name)) for option in OPTIONS})
    takes = not config.structured_messages or _takes_structures(arguments)
    return config if takes else config.changed(structured_messages=False)


def checked_options(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The options among the arguments, checked, as they are in force; no variable is read.

    Raises:
        TypeError: An argument is of the wrong type.
        ValueError: An argument has no valid value.
    """
    found = {
        option.name: _checked(option, arguments[option.name])
        for option in OPTIONS
        if arguments.get(option.name) is not None
    }
    if found.get("structured_messages"):
        found["structured_messages"] = _takes_structures(arguments)
    return found


def written(name: str, value: Any, arguments: Mapping[str, Any] | None = None) -> str:
    """What the user has written for an option that has this value: its argument, or its variable.

    Without the arguments it is the variable where that says the same.
    """
    variable = next(option.variable for option in OPTIONS if option.name == name)
    if variable is None or (arguments is not None and arguments.get(name) is not None):
        return name
    text = os.environ.get(variable, "").strip()
    return variable if text and (arguments is not None or text == value) else name


def _takes_structures(arguments: Mapping[str, Any]) -> bool:
    """Whether the SDK keeps a span's structured attributes: earlier ones drop them."""
    try:
        version = version_of(SDK)
    except PackageNotFoundError:
        return False
    if tuple(int(number) for number in version.split(".")[:2]) >= STRUCTURED_SINCE:
        return True
    logger.warning(
        "%s needs %s 1.45 or newer, but %s is installed: messages are JSON strings instead.",
        written("structured_messages", value=True, arguments=arguments),
        SDK,
        version,
    )
    return False


def is_disabled() -> bool:
    """Whether OTEL_SDK_DISABLED turns all of OpenTelemetry off."""
    return os.environ.get(SDK_DISABLED_VARIABLE, "").strip().lower() == "true"


def _value(option: Option, argument: Any) -> Any:
    if argument is not None:
        return _checked(option, argument)
    value = os.environ.get(option.variable, "").strip() if option.variable else ""
    if not value:
        return _standard(option)
    try:
        return option.parse(value)
    except ValueError as error:
        fallback = SAFE.get(option.name, option.default)
        logger.warning(INVALID, option.variable, value, _expected(option, error), fallback)
        return fallback


def _expected(option: Option, error: ValueError) -> str:
    from langchain_otel.pricing.price_file import PriceFileError

    if not isinstance(error, PriceFileError):
        return option.expected
    return f"{option.expected}; of the file: {error}"


def _standard(option: Option) -> Any:
    """What OpenTelemetry's own variable says, where an option has one; else the default."""
    standard = option.standard
    if standard is None:
        return option.default
    value = os.environ.get(standard.variable, "").strip()
    said = {word.strip() for word in value.lower().split(",")}
    for word, meaning in standard.words.items():
        if word in said:
            return meaning
    if value:
        logger.warning(
            INVALID, standard.variable, value, " or ".join(standard.words), option.default
        )
    return option.default


def _checked(option: Option, argument: Any) -> Any:
    if not _is_of_kind(option, argument):
        raise TypeError(
            f"{option.name} must be {option.expected}; "
            f"got {argument!r}, a {type(argument).__name__}"
        )
    if option.kind is Callable and _is_async(argument):
        raise TypeError(
            f"{option.name} must not be an async function, because it is called and not awaited; "
            f"got {argument!r}"
        )
    try:
        if isinstance(argument, Sequence) and not isinstance(argument, str):
            return option.parse(argument)
        is_text = isinstance(argument, (str, int, Path))
        return option.parse(str(argument).strip()) if is_text else argument
    except ValueError as error:
        expected = _expected(option, error)
        raise ValueError(f"{option.name} must be {expected}; got {argument!r}") from None


def _is_async(function: Any) -> bool:
    return iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__)


def _is_of_kind(option: Option, argument: Any) -> bool:
    kinds = option.kind if isinstance(option.kind, tuple) else (option.kind,)
    # To Python a bool is an int.
    return isinstance(argument, kinds) and (type(argument) is not bool or bool in kinds)
