"""Puts the frame of a graph's run around `invoke`, or around `stream` where that is called itself.

`invoke` takes the graph's own stream to its end. Nobody else has control between two items, so such
a stream has no frame to leave and to enter at each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from langchain_otel.patching.wrapping import framed
from langchain_otel.runs.current_frame import current_frame
from langchain_otel.runs.frame import Frame
from langchain_otel.runs.identity import with_identity
from langchain_otel.sources.configurable import identity_from_config

OWN_STREAM: Final = "Pregel.stream"


def invokes_graph(original: Callable[..., Any]) -> Callable[..., Any]:
    """The call takes a graph's stream to its end, in which the graph's run starts."""

    def frame_for(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Frame | None:
        # The stream of a user's class has code of the user's between the items.
        is_own = type(args[0]).stream.__qualname__ == OWN_STREAM
        return _frame_for(args, kwargs) if is_own else None

    return framed(original, frame_for)


def streams_graph(original: Callable[..., Any]) -> Callable[..., Any]:
    """The run of a graph starts in the stream, unless a frame around the call waits for it."""

    def frame_for(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Frame | None:
        around = current_frame()
        if around is not None and around.owner is args[0] and around.run is None:
            return None
        return _frame_for(args, kwargs)

    return framed(original, frame_for)


def _frame_for(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Frame:
    identity = identity_from_config(args, kwargs)
    within = partial(with_identity, identity) if identity else None
    return Frame("chain", args[0], within)
