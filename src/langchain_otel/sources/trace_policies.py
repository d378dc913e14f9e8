"""Counts our handlers among the tracers, which LangGraph gives what a node's trace policy leaves.

LangGraph knows tracers by LangChain's own class. Every other handler gets the whole payload, and
not even the end of a node that is cancelled just then.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from langchain_otel import health
from langchain_otel.patching.inline import InlineHandler


def counts_as_tracer(original: Callable[..., Any]) -> Callable[..., Any]:
    """The call gives two copies of a callback manager: one for the others, one for tracers."""

    @wraps(original)
    def call(manager: Any) -> Any:
        split = original(manager)
        try:
            others, tracers = split
            ours = [each for each in others.handlers if isinstance(each, InlineHandler)]
            others.handlers = [each for each in others.handlers if each not in ours]
            tracers.handlers = [*ours, *tracers.handlers]
        except Exception as error:
            health.failed("policy", error)
        return split

    return call
