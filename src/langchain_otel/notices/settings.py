"""Warns of settings that have no effect: misspelt variables, content that is off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from langchain_otel.config import OPTIONS, Config, written
from langchain_otel.content.policy import EVENT_ONLY
from langchain_otel.inspection.variables import (
    DISABLING_VARIABLE,
    OURS,
    WITHOUT_VARIABLE,
    misnamed_instrumentations,
    nearest_of,
    unknown_variables,
)
from langchain_otel.notices.log import warn

MODE: Final = "capture_message_content"
MODE_VARIABLE: Final = next(option.variable for option in OPTIONS if option.name == MODE)
# What belongs to content, and is nothing without it.
OF_SPANS: Final = ("structured_messages",)
OF_CONTENT: Final = (
    *(o.name for o in OPTIONS if o.name.startswith("capture_") and o.name != MODE),
    *OF_SPANS,
)


def warn_of_settings(arguments: Mapping[str, Any], config: Config) -> None:
    """Log each setting that has no effect, given the arguments and the options that they make."""
    for notice in (*_unknown(), *_misnamed(), *_without_content(arguments, config)):
        warn(notice)


def warn_of_argument(name: str, known: Iterable[str]) -> None:
    """Log an argument that `instrument()` does not take; a configuration file may have it."""
    from langchain_otel.inspection.command import configuration_file, is_command_running

    path = configuration_file() if is_command_running() else None
    source = f", a key of langchain_otel in {path}" if path else ""
    nearest = nearest_of(name.lower().replace("-", "_"), known)
    meant = f"{nearest} is meant, perhaps. " if nearest else ""
    warn(
        f"instrument() has no argument {name}{source}: it is ignored. {meant}"
        f"It takes {', '.join(sorted(known))}."
    )


def _unknown() -> Iterator[str]:
    for name, nearest in unknown_variables():
        if nearest is not None:
            hint = f"{nearest} is meant, perhaps"
        elif (option := _without_variable(name)) is not None:
            hint = f"{option} can only be an argument of instrument() or of the handler"
        else:
            hint = "docs/settings.md lists those that there are"
        yield f"The environment variable {name} has no effect, because nobody reads it: {hint}."


def _without_variable(name: str) -> str | None:
    return next((o.lower() for o in WITHOUT_VARIABLE if name.upper().endswith(f"_{o}")), None)


def _misnamed() -> Iterator[str]:
    for word in misnamed_instrumentations():
        yield (
            f"{DISABLING_VARIABLE} names {word}, but no instrumentation of that name is installed: "
            f"write {OURS} to switch this one off."
        )


def _without_content(arguments: Mapping[str, Any], config: Config) -> Iterator[str]:
    mode = config.capture_message_content
    if not (config.policy.on_spans or config.policy.on_events):
        yield from _no_effect(OF_CONTENT, arguments, config, "while content is not recorded")
    elif not config.policy.on_spans:
        off = f"while content is recorded on log records alone ({mode})"
        yield from _no_effect(OF_SPANS, arguments, config, off)
    if mode == EVENT_ONLY and not config.emits_event:
        name = written("emit_event", value=False, arguments=arguments)
        yield (
            f"Content of model calls is recorded nowhere: {mode} puts it on log records, but "
            f"{name}=false makes none. Leave {name} out, or set {MODE_VARIABLE}=SPAN_ONLY."
        )


def _no_effect(
    names: tuple[str, ...], arguments: Mapping[str, Any], config: Config, when: str
) -> Iterator[str]:
    on = [
        f"{found}=true"
        for name in names
        if (found := _switched_on(name, arguments, config)) is not None
    ]
    if on:
        verb = "has" if len(on) == 1 else "have"
        yield (
            f"{', '.join(on)} {verb} no effect {when}. To record it, set {MODE_VARIABLE}=SPAN_ONLY "
            f"(or SPAN_AND_EVENT), or pass {MODE}=True."
        )


def _switched_on(name: str, arguments: Mapping[str, Any], config: Config) -> str | None:
    """What the user has written to switch a kind of content on; None where nobody has."""
    if not getattr(config, name):
        return None
    found = written(name, value=True, arguments=arguments)
    return None if found == name and arguments.get(name) is None else found
