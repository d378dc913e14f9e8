"""Checks the options: what is in force, from where, and what is invalid or has no effect."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from langchain_otel.doctor.entries import entries
from langchain_otel.doctor.finding import MEND, NOTE, OK, Finding
from langchain_otel.doctor.scene import Scene

if TYPE_CHECKING:
    from langchain_otel.config import Config, Option

TOPIC: Final = "settings"
CONTENT: Final = "capture_message_content"
# They say which content, where it is recorded at all.
OF_CONTENT: Final = (
    "max_content_length",
    "max_span_content_bytes",
    "history",
    "structured_messages",
)
HOOK: Final = "completion_hook"


def settings(_: Scene) -> Iterator[Finding]:
    """The content mode, each option that is set, then what is invalid or has no effect."""
    from langchain_otel.config import OPTIONS

    config, is_active = _in_force()
    yield from _content(config, _source(_option(CONTENT), config, is_active=is_active))
    for option in OPTIONS:
        if option.name != CONTENT:
            yield from _value(option, config, is_active=is_active)
    for option in OPTIONS:
        yield from _invalid(option)
    yield from _without_effect(config)
    yield from _unsent_events(config)
    yield from _hook(config)


def options_in_force() -> Config:
    """The options as they are in force in this process."""
    return _in_force()[0]


def _in_force() -> tuple[Config, bool]:
    """The options of the instrumentor, or those that variables make; whether it is the first."""
    registry = import_module("langchain_otel.recording.registry")
    recorder = registry.active_recorder() or registry.RECORDERS.default
    return _from_variables() if recorder is None else recorder.config, recorder is not None


def _from_variables() -> Config:
    from langchain_otel.config import OPTIONS, Config

    return Config({option.name: _said(option) for option in OPTIONS})


def _option(name: str) -> Option:
    from langchain_otel.config import OPTIONS

    return next(option for option in OPTIONS if option.name == name)


def _said(option: Option) -> Any:
    """The value that the variables make of an option; what is invalid counts as unset."""
    text = _text(option)
    try:
        return option.parse(text) if text else option.default
    except ValueError:
        from langchain_otel.config import SAFE

        return SAFE.get(option.name, option.default)


def _text(option: Option) -> str:
    return os.environ.get(option.variable, "").strip() if option.variable else ""


def _source(option: Option, config: Config, *, is_active: bool) -> str:
    value = getattr(config, option.name)
    if is_active and value != _said(option) and option.standard is None:
        return "an argument of instrument(), or a configuration file"
    if _text(option):
        return str(option.variable)
    if value != option.default and option.standard is not None:
        return option.standard.variable
    return "the default" if value == option.default else "an argument"


def _content(config: Config, source: str) -> Iterator[Finding]:
    mode = config.capture_message_content
    sentence = f"The content mode is {mode} (from {source})."
    yield Finding(TOPIC, OK, sentence)


def _value(option: Option, config: Config, *, is_active: bool) -> Iterator[Finding]:
    value = getattr(config, option.name)
    if value == option.default and not _text(option):
        return
    words = ", ".join(value) if isinstance(value, tuple) else str(value)
    shown = "set" if option.variable is None or option.name == HOOK else words
    source = _source(option, config, is_active=is_active)
    yield Finding(TOPIC, OK, f"{option.name} is {shown} (from {source}).")


def _invalid(option: Option) -> Iterator[Finding]:
    text = _text(option)
    try:
        option.parse(text or "true")
    except ValueError:
        if text:
            yield Finding(
                TOPIC,
                MEND,
                f"The value of {option.variable} is not valid; {_said(option)} is used instead.",
                f"Set it to {option.expected}.",
            )


def _without_effect(config: Config) -> Iterator[Finding]:
    from langchain_otel.config import OPTIONS

    policy = config.policy
    if policy.on_spans or policy.on_events:
        return
    for option in OPTIONS:
        is_of_content = option.name.startswith("capture_") or option.name in OF_CONTENT
        if option.name != CONTENT and is_of_content and _text(option):
            yield Finding(
                TOPIC,
                NOTE,
                f"{option.variable} has no effect: no content is recorded.",
                f"Set {_option(CONTENT).variable}=SPAN_ONLY, or unset {option.variable}.",
            )


def _unsent_events(config: Config) -> Iterator[Finding]:
    """Log records of model calls that no provider takes."""
    from langchain_otel.inspection.providers import global_providers

    logs = global_providers()[2]
    is_sent = logs.is_set and (not logs.is_sdk or logs.destinations)
    if config.emits_event and not is_sent:
        yield Finding(
            TOPIC,
            MEND,
            "Model calls are log records too, but log records are sent nowhere.",
            "Set OTEL_LOGS_EXPORTER=otlp, or record content on spans alone: SPAN_ONLY.",
        )


def _hook(config: Config) -> Iterator[Finding]:
    from langchain_otel.content.completion_hook import GROUP, REQUIREMENT, TYPES

    wanted = config.completion_hook
    if not isinstance(wanted, str):
        return
    from importlib.util import find_spec

    try:
        has_types = find_spec(TYPES) is not None
    except ModuleNotFoundError:
        has_types = False
    if not has_types or not any(entry.name == wanted for entry in entries(GROUP)):
        missing = "no entry point has its name" if has_types else f"{REQUIREMENT} is not installed"
        yield Finding(
            TOPIC,
            MEND,
            f"The completion hook cannot be used: {missing}.",
            f"Install the package that has the hook, and {REQUIREMENT}.",
        )
