"""Reads what `configurable` names: whose the runs are; and which metadata is none but configurable.

Later versions pass a configuration's metadata to handlers, but not its configurable values; earlier
ones mix the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any, Final

from langchain_otel import health
from langchain_otel.patching.wrapping import framed
from langchain_otel.runs.configurable_values import (
    UserConfig,
    as_user_config,
    may_be_mixed,
    note_configurable,
    notes_here,
)
from langchain_otel.runs.context import active_run
from langchain_otel.runs.frame import Frame
from langchain_otel.runs.identity import (
    KEYS,
    NO_IDENTITY,
    Identity,
    identity_of,
    new_in,
    with_identity,
)


def identity_from_config(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Identity:
    """What the configurable values of a call's configuration name that is new where it is made."""
    config = args[2] if len(args) > 2 else kwargs.get("config")
    if config is None or (type(config) is not dict and not isinstance(config, Mapping)):
        return NO_IDENTITY
    configurable = config.get("configurable")
    if not configurable or KEYS.isdisjoint(configurable):
        return NO_IDENTITY
    around = active_run()
    return new_in(
        identity_of(configurable), NO_IDENTITY if around is None else around.configurable_identity
    )


def configures(original: Callable[..., Any]) -> Callable[..., Any]:
    """The call passes on no more of its configuration than what handlers are called with."""

    def frame_for(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Frame | None:
        identity = identity_from_config(args, kwargs)
        return Frame(None, args[0], within=partial(with_identity, identity)) if identity else None

    return framed(original, frame_for)


def completes_config(original: Callable[..., Any]) -> Callable[..., Any]:
    """The call completes a configuration, and may make metadata of its configurable values."""

    @wraps(original)
    def call(config: Any = None, *args: Any, **kwargs: Any) -> Any:
        # Written out, because to pass on what is not there takes as long as the rest.
        completed = original(config, *args, **kwargs) if args or kwargs else original(config)
        try:
            if (
                completed.get("metadata")
                and (completed.get("configurable") or notes_here())
                and may_be_mixed(completed)
            ):
                note_configurable(_user_configs((config,)), completed)
        except Exception as error:
            health.failed("configurable", error)
        return completed

    return call


def completes_in_place(original: Callable[..., Any]) -> Callable[..., Any]:
    """The same of LangGraph, which may write into the metadata that a user gives."""

    @wraps(original)
    def call(*configs: Any, **kwargs: Any) -> Any:
        user_configs = _user_configs(configs)
        completed = original(*configs, **kwargs)
        try:
            if completed.get("metadata") and (completed.get("configurable") or notes_here()):
                note_configurable(user_configs, completed)
        except Exception as error:
            health.failed("configurable", error)
        return completed

    return call


def _user_configs(configs: tuple[Any, ...]) -> list[UserConfig]:
    try:
        found = [as_user_config(config) for config in configs if config]
    except Exception as error:
        health.failed("configurable", error)
        return []
    return [each for each in found if each is not None]


COMPLETE_CONFIG: Final = {
    **{
        f"langchain_core.{module}": completes_config
        for module in (
            "decisions.base",
            "language_models.chat_models",
            "language_models.llms",
            "prompts.base",
            "prompts.dict",
            "retrievers",
            "runnables.base",
            "runnables.branch",
            "runnables.config",
            "runnables.configurable",
            "runnables.fallbacks",
            "runnables.passthrough",
            "tools.base",
            "tracers.event_stream",
            "tracers.log_stream",
        )
    },
    **{
        f"{package}.{module}": completes_config
        for package in ("langchain", "langchain_classic")
        for module in (
            "agents.agent",
            "agents.openai_assistant.base",
            "chains.base",
            "chat_models.base",
            "retrievers.ensemble",
        )
    },
    "langgraph._internal._config": completes_in_place,
    "langgraph.pregel.main": completes_in_place,
}
"""The modules that have a function `ensure_config` under this name, and what is put around it."""
