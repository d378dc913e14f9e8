"""Knows which model call asked for a tool call: the tool's span has a link to the model's."""

from collections.abc import Iterator
from typing import Any, Final

from opentelemetry.trace import Link, Span, SpanContext

from langchain_otel import semconv
from langchain_otel.operations import Facts
from langchain_otel.recent import Recent
from langchain_otel.run import Run

MAX_TOOL_CALLS: Final = 4_096

# Ids of tool calls are unique with the great providers only: they are looked up in the same trace,
# or in the same conversation, where a tool runs after a person has agreed to it.
_requests: Final[Recent[tuple[object, str], SpanContext]] = Recent(MAX_TOOL_CALLS)


def note_tool_calls(run: Run, result: Any) -> None:
    """Remember which tool calls the answer of a model asks for."""
    span_context = run.span.get_span_context()
    if run.operation.family != "model" or result is None or not span_context.is_valid:
        return
    conversation = run.facts.get(semconv.GEN_AI_CONVERSATION_ID)
    for call_id in _tool_calls(result):
        _requests.put((span_context.trace_id, call_id), span_context)
        if conversation is not None:
            _requests.put(((run.recorder, conversation), call_id), span_context)


def links_of(run: Run, facts: Facts, around: Span) -> list[Link]:
    """The links of a run whose facts name a tool call, inside the span `around` or being it."""
    call_id = facts.get(semconv.GEN_AI_TOOL_CALL_ID)
    if call_id is None:
        return []
    trace_id = around.get_span_context().trace_id
    conversation = (run.recorder, run.facts.get(semconv.GEN_AI_CONVERSATION_ID))
    found = _requests.get((trace_id, call_id)) or _requests.get((conversation, call_id))
    return [] if found is None else [Link(found, {semconv.LINK_TYPE: semconv.REQUESTED_BY})]


def add_late_links(run: Run, facts: Facts) -> None:
    """Add the links that only the facts of a run's end tell: so it is before langchain-core 1.0."""
    if semconv.GEN_AI_TOOL_CALL_ID not in run.facts:
        for link in links_of(run, facts, run.span):
            run.span.add_link(link.context, link.attributes)


def _tool_calls(result: Any) -> Iterator[str]:
    for choices in result.generations:
        for generation in choices:
            message = getattr(generation, "message", None)
            for call in getattr(message, "tool_calls", ()):
                if call.get("id"):
                    yield call["id"]
