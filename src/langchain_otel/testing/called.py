"""Says whether a tool was called, and with what instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from langchain_otel.exporters.harmless_text import one_line
from langchain_otel.testing.checks import Check
from langchain_otel.testing.span_lines import call_of
from langchain_otel.testing.span_view import SpanView

MOST: Final = 5
LONGEST: Final = 80


def called(tools: Sequence[SpanView], name: str, arguments: Mapping[str, Any]) -> Check:
    """Whether one of the calls of a tool has these arguments; it may have others besides."""
    calls = [tool for tool in tools if tool.tool == name]
    if not calls:
        names = ", ".join(dict.fromkeys(tool.tool or "" for tool in tools)) or "no tool"
        return Check(holds=False, reason=f"{name} was not called; called: {names}")
    matching = [call for call in calls if _fits(call, arguments)]
    shown = ", ".join(map(_written, (matching or calls)[:MOST]))
    more = "" if len(matching or calls) <= MOST else ", ..."
    if matching:
        return Check(holds=True, reason=f"{name} was called: {shown}{more}")
    times = "once" if len(calls) == 1 else f"{len(calls)} times"
    if all(call.arguments is None for call in calls):
        reason = f"{name} was called {times}, but arguments are not recorded (content is off)"
        return Check(holds=False, reason=reason)
    wanted = one_line(call_of(name, arguments), LONGEST)
    return Check(holds=False, reason=f"{wanted} was not called; called {times}: {shown}{more}")


def _fits(call: SpanView, wanted: Mapping[str, Any]) -> bool:
    if not wanted:
        return True
    found = call.arguments
    # What is wanted stands left: it may be a matcher, whose `==` decides.
    return found is not None and all(
        name in found and bool(value == found[name]) for name, value in wanted.items()
    )


def _written(call: SpanView) -> str:
    if call.arguments is None:
        return f"{call.tool}(?)"
    return one_line(call_of(call.tool or "", call.arguments), LONGEST)
