"""Reads conversation and user from `configurable`, which later LangChain does not report.

Later versions pass a configuration's metadata to handlers, but not its configurable values.
"""

from collections.abc import Callable, Mapping
from typing import Any

from langchain_otel.patching.wrapping import framed
from langchain_otel.runs.context import active_run
from langchain_otel.runs.frame import Frame
from langchain_otel.runs.identity import NO_IDENTITY, Identity, identity_of, new_in


def identity_from_config(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Identity:
    """What the configurable values of a call's configuration name that is new where it is made."""
    config = kwargs.get("config", args[2] if len(args) > 2 else None)
    configurable = config.get("configurable") if isinstance(config, Mapping) else None
    if not configurable:
        return NO_IDENTITY
    around = active_run()
    return new_in(
        identity_of(configurable), NO_IDENTITY if around is None else around.configurable_identity
    )


def configures(original: Callable[..., Any]) -> Callable[..., Any]:
    """The call passes on no more of its configuration than what handlers are called with."""

    def frame_for(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Frame | None:
        identity = identity_from_config(args, kwargs)
        return Frame(None, args[0], identity=identity) if identity else None

    return framed(original, frame_for)
