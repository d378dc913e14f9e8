"""Puts a frame around the functions in which the bodies of runs run, LangChain's and others'.

Most methods of other packages leave it to LangChain's own to start a run and to report its end. One
that calls a callback manager itself often reports ordinary exceptions only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from types import FunctionType
from typing import Any, Final

from langchain_otel import health
from langchain_otel.patching.wrapping import FrameFor, framed
from langchain_otel.runs.body_frame import BodyFrame, enter_body
from langchain_otel.runs.current_frame import current_frame
from langchain_otel.runs.frame import Frame
from langchain_otel.runs.group_frame import GroupFrame
from langchain_otel.runs.identity import NO_IDENTITY, with_identity
from langchain_otel.runs.operation import Family
from langchain_otel.runs.store import RUNS
from langchain_otel.sources.configurable import identity_from_config

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]

GRAPH_STREAM: Final = "Pregel.stream"

STARTS: Final[dict[str, Family]] = {
    "on_chain_start": "chain",
    "on_tool_start": "tool",
    "on_chat_model_start": "model",
    "on_llm_start": "model",
}
"""The methods of a callback manager; those of retrievers are all wrapped."""

LISTED: Final = ("langchain_core.", "langgraph.")
"""The packages whose methods have rows of their own, or report every end."""

SEVERAL: Final = ("batch", "abatch", "generate", "agenerate")
"""Methods each call of which has several runs."""


def starts(
    family: Family,
    *,
    owner: Callable[[Any], object] | None = None,
    kind: type[Frame] = Frame,
) -> Wrap:
    """The run of this family that starts in the call has its body there too.

    It is a run of the object whose method is called, or of what `owner` gives for that object.
    `kind` is what stands around the call.
    """

    def frame_for(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Frame:
        identity = identity_from_config(args, kwargs)
        runs = args[0] if owner is None else owner(args[0])
        return kind(family, runs, within=partial(with_identity, identity) if identity else None)

    return _framing(frame_for)


def starts_group(family: Family, *, is_configured: bool = True) -> Wrap:
    """Runs of this family start in the call, and have bodies of their own.

    Not all such methods have a configuration (`is_configured`).
    """

    def frame_for(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Frame:
        identity = identity_from_config(args, kwargs) if is_configured else NO_IDENTITY
        within = partial(with_identity, identity) if identity else None
        return GroupFrame(family, args[0], within)

    return _framing(frame_for)


def is_entry(name: str) -> bool:
    """Whether a method may be what users call, and is not a part of another one."""
    return not name.startswith("_")


def starts_by_hand(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function in a frame, if its code names a method that starts runs; else as it is."""
    if type(function) is not FunctionType or f"{function.__module__}.".startswith(LISTED):
        return function
    families = {STARTS[name] for name in function.__code__.co_names if name in STARTS}
    if len(families) != 1:
        return function
    family = families.pop()
    wrap = starts_group(family) if function.__name__ in SEVERAL else starts(family)
    return wrap(function)


def invokes_graph(original: Callable[..., Any]) -> Callable[..., Any]:
    """The run of a graph starts in the stream that the call takes to its end.

    Nobody else has control between two items, so that stream needs no frame of its own, to be left
    and entered at each of them.
    """

    def frame_for(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Frame | None:
        # The stream of a class that is derived from LangGraph's has code of its own in between.
        is_own = getattr(type(args[0]).stream, "__qualname__", None) == GRAPH_STREAM
        return _graph_frame(args, kwargs) if is_own else None

    return framed(original, frame_for)


def streams_graph(original: Callable[..., Any]) -> Callable[..., Any]:
    """The run of a graph starts in the stream, unless a frame around waits for it already."""

    def frame_for(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Frame | None:
        around = current_frame()
        if around is not None and around.owner is args[0] and around.run is None:
            return None
        return _graph_frame(args, kwargs)

    return framed(original, frame_for)


def _graph_frame(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Frame:
    identity = identity_from_config(args, kwargs)
    return Frame("chain", args[0], partial(with_identity, identity) if identity else None)


def body_of(position: int, name: str) -> Wrap:
    """The call is the body of the run whose manager (or list of managers) is this argument."""

    def frame_for(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Frame | None:
        manager = args[position] if len(args) > position else kwargs.get(name)
        if isinstance(manager, list):
            manager = manager[0] if manager else None
        run = None if manager is None else RUNS.head(manager.run_id)
        if run is None:
            return None
        if run.owner is None:
            run.owner = args[0]
        return BodyFrame(args[0], run)

    return _framing(frame_for)


def _framing(frame_for: FrameFor) -> Wrap:
    return lambda original: framed(original, frame_for)


def copies_context(original: Callable[..., Any]) -> Callable[..., Any]:
    """The call prepares the copy of the context in which the body of `config`'s run will run."""

    @wraps(original)
    def call(config: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(config, *args, **kwargs) if args or kwargs else original(config)
        try:
            enter_body(config)
        except Exception as error:
            health.failed("context", error)
        return result

    return call
