"""Links the span of a tool to the model call that asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from weakref import ref

from opentelemetry.trace import Link, Span, SpanContext

from langchain_otel import semconv
from langchain_otel.content.choices import Reported
from langchain_otel.content.fields import MAX_ITEMS, entry, first_items
from langchain_otel.content.remembered import BoundedMap
from langchain_otel.content.values import Facts, text
from langchain_otel.runs.run import Run

MAX_TOOL_CALLS: Final = 8_192
MAX_PENDING: Final = 64

# By the id of the call with the trace that it is made in, or else with the recorder: ids are unique
# with the great providers, and need not be with others. Nothing here keeps a recorder alive.
_requests: Final[BoundedMap[tuple[object, str], SpanContext]] = BoundedMap(MAX_TOOL_CALLS)


def note_tool_calls(run: Run, reported: list[list[Reported]]) -> None:
    """Remember which tool calls the answer of a model asks for."""
    for choices in reported:
        for _, message in choices:
            calls = message.get("tool_calls")
            found = calls[:MAX_ITEMS] if type(calls) is list else first_items(calls)
            if found:
                _note(run, found)


def _note(run: Run, calls: list[Any]) -> None:
    span_context = run.span.get_span_context()
    if not span_context.is_valid:
        return
    for call in calls:
        call_id = text(call.get("id") if type(call) is dict else entry(call, "id"))
        if call_id is not None:
            _requests.put((span_context.trace_id, call_id), span_context)
            _requests.put((ref(run.recorder), call_id), span_context)


def links_of(run: Run, call_id: str | None, around: Span) -> list[Link]:
    """The links of a run that answers a tool call, inside the span `around` or being it."""
    if call_id is None:
        return []
    trace_id = around.get_span_context().trace_id
    found = _requests.get((trace_id, call_id)) or _requests.get((ref(run.recorder), call_id))
    return [] if found is None else [Link(found, {semconv.LINK_TYPE: semconv.REQUESTED_BY})]


def add_late_links(run: Run, facts: Facts) -> None:
    """Add the links that only the end of a run reports, as before langchain-core 1.0."""
    if semconv.GEN_AI_TOOL_CALL_ID not in run.facts:
        for link in links_of(run, facts.get(semconv.GEN_AI_TOOL_CALL_ID), run.span):
            run.span.add_link(link.context, link.attributes)


def requests_in(trace_id: int) -> dict[str, SpanContext]:
    """The last tool calls that models requested in a trace, each with the model's span."""
    found = [(key[1], model) for key, model in _requests.snapshot() if key[0] == trace_id]
    return dict(found[-MAX_PENDING:])


def take_over(run: Run, requests: Mapping[str, SpanContext]) -> None:
    """Let the tool calls that another trace requested be linked from the trace of a run."""
    trace_id = run.span.get_span_context().trace_id
    for call_id, model in requests.items():
        _requests.put((trace_id, call_id), model)
