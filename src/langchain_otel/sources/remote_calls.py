"""Makes a run of each call of a remote graph, and adds the trace context to its requests.

A remote graph has no callbacks. The trace context goes into the `headers` of the call, in a dict of
our own. An instrumented HTTP client replaces it with that of its span, which is then the parent of
what the server does; without one, the span of the call is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from opentelemetry.context import Context

from langchain_otel.operations.remote_graph import REMOTE, remote_started
from langchain_otel.patching.signatures import signature_of
from langchain_otel.patching.wrapping import framed
from langchain_otel.runs import context
from langchain_otel.sources.trace_headers import trace_headers
from langchain_otel.sources.unreported_calls import CallFrame, UnreportedCall, begin

BAGGAGE: Final = "baggage"
CALL: Final = UnreportedCall(REMOTE, remote_started, lambda *_: None)


def calls_remotely(original: Callable[..., Any]) -> Callable[..., Any]:
    """Each call of the generator function is a run of its own, which its requests name."""
    return framed(original, partial(_call_frame, signature_of(original)))


def carries_trace(original: Callable[..., Any]) -> Callable[..., Any]:
    """The requests of a call name the current span, where the call takes headers."""
    takes_headers = _takes_headers(signature_of(original))

    def frame_for(_: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if takes_headers:
            _carry(kwargs, context.current())

    return framed(original, frame_for)


def _call_frame(
    signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> CallFrame | None:
    try:
        arguments = signature.bind(*args, **kwargs).arguments
    except TypeError:
        # The call itself says so to its caller.
        return None
    frame = begin(CALL, args[0], arguments)
    if _takes_headers(signature):
        _carry(kwargs, context.current() if frame is None else frame.inside)
    return frame


def _takes_headers(signature: inspect.Signature) -> bool:
    # Older versions take them for runs, by whatever keyword arguments, and not for states.
    parameters = signature.parameters.values()
    return any(each.name == "headers" or each.kind is each.VAR_KEYWORD for each in parameters)


def _carry(kwargs: dict[str, Any], inside: Context) -> None:
    """Name the span in the headers of a call; `kwargs` is the dict that the call itself gets.

    What the user says in a header stays, and the trace that a header of the user's names, too.
    """
    if context.is_suppressed(inside):
        return
    carrier = trace_headers(inside)
    headers = kwargs.get("headers") or {}
    taken = {str(name).lower() for name in headers}
    if any(name.lower() in taken for name in carrier if name != BAGGAGE):
        carrier = {name: value for name, value in carrier.items() if name == BAGGAGE}
    new = {name: value for name, value in carrier.items() if name.lower() not in taken}
    if new:
        kwargs["headers"] = {**new, **headers}


REMOTE_METHODS: Final = {
    "stream": calls_remotely,
    "astream": calls_remotely,
    **dict.fromkeys(
        (
            "stream_events",
            "astream_events",
            "get_state",
            "aget_state",
            "get_state_history",
            "aget_state_history",
            "update_state",
            "aupdate_state",
        ),
        carries_trace,
    ),
}
"""The methods of a remote graph that make requests; the others call one of these."""
