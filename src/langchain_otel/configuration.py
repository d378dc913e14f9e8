"""Knows whose the runs of a call are by its configuration, where LangChain does not report it.

Later versions tell handlers of a configuration's metadata, but not of its configurable values.
"""

from collections.abc import Callable, Mapping
from typing import Any

from langchain_otel.context import active_run
from langchain_otel.frame import Frame
from langchain_otel.framing import framed
from langchain_otel.identity import NOBODY, Identity, identity_of, news


def given_by(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Identity:
    """What the configurable values of a call's configuration name that is new where it is made."""
    config = kwargs.get("config", args[2] if len(args) > 2 else None)
    configurable = config.get("configurable") if isinstance(config, Mapping) else None
    if not configurable:
        return NOBODY
    around = active_run()
    return news(identity_of(configurable), NOBODY if around is None else around.configured)


def configures(original: Callable[..., Any]) -> Callable[..., Any]:
    """The call hands on no more of its configuration than what handlers are told."""

    def frame_for(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Frame | None:
        given = given_by(args, kwargs)
        return Frame(None, args[0], given=given) if given else None

    return framed(original, frame_for)
