"""Records what LangChain reports in the middle of a run as events of its span."""

from __future__ import annotations

from typing import Any, Final

from langchain_otel import health, semconv
from langchain_otel.content.encodable import sound_attributes
from langchain_otel.content.fields import fields_of, number_of, text_of
from langchain_otel.content.policy import Budget, Policy
from langchain_otel.content.redaction import redacted
from langchain_otel.content.values import Facts, name_of
from langchain_otel.dialects.genai import attributes
from langchain_otel.runs.outcome import error_facts
from langchain_otel.runs.reported import SpanEvent
from langchain_otel.runs.run import Run

MAX_EVENTS: Final = 100


def add_event(run: Run, policy: Policy, budget: Budget, event: SpanEvent, reported: Any) -> None:
    """Add an event to the run's span; its content only where the policy and the budget let it."""
    run.event_count += 1
    if run.event_count > MAX_EVENTS:
        health.limited("events of a run", f"events after the first {MAX_EVENTS} are left out")
        return
    facts = event.facts(reported)
    if policy.redact is not None and semconv.EVENT_NAME in facts:
        facts = redacted(facts, policy)
    content = event.content(reported) if policy.on_spans else None
    if content is not None:
        # What records content has been imported already, where anybody wants it.
        from langchain_otel.content.filter import permitted

        facts = facts | attributes(permitted({semconv.EVENT_DATA: content}, policy, budget))
    run.span.add_event(event.name, sound_attributes(facts))


def _text_facts(text: Any) -> Facts:
    known = text_of(text)
    return {} if known is None else {semconv.EVENT_LENGTH: len(known)}


def _retry_facts(state: Any) -> Facts:
    fields = fields_of(state)
    number = number_of(fields.get("attempt_number"))
    facts: Facts = {} if number is None else {semconv.RETRY_ATTEMPT: int(number)}
    error: Any = fields_of(fields.get("outcome")).get("_exception")
    if issubclass(type(error), BaseException):
        facts |= error_facts(error)
    return facts


def _custom_facts(named_data: tuple[Any, Any]) -> Facts:
    return {semconv.EVENT_NAME: name_of(named_data[0])}


class Pause:
    """A graph that pauses: at which checkpoint, and what each interrupt asks a person."""

    __slots__ = ("checkpoint_id", "interrupts")

    def __init__(self, checkpoint_id: str, interrupts: tuple[Any, ...]) -> None:
        self.checkpoint_id = checkpoint_id
        self.interrupts = interrupts


def _pause_facts(pause: Pause) -> Facts:
    return {
        semconv.LANGGRAPH_CHECKPOINT_ID: pause.checkpoint_id,
        semconv.LANGGRAPH_INTERRUPT_COUNT: len(pause.interrupts),
    }


def _pause_content(pause: Pause) -> Any:
    return [fields_of(interrupt).get("value") for interrupt in pause.interrupts] or None


def _action_facts(action: Any) -> Facts:
    return {semconv.GEN_AI_TOOL_NAME: name_of(fields_of(action).get("tool"))}


def _cached_facts(node_step: tuple[str, int]) -> Facts:
    return {
        semconv.LANGGRAPH_NODE: name_of(node_step[0]),
        semconv.LANGGRAPH_STEP: node_step[1],
    }


TEXT: Final = SpanEvent(semconv.EVENT_TEXT, _text_facts, lambda text: text)
RETRY: Final = SpanEvent(semconv.EVENT_RETRY, _retry_facts, lambda _: None)
CUSTOM: Final = SpanEvent(semconv.EVENT_CUSTOM, _custom_facts, lambda named_data: named_data[1])
INTERRUPT: Final = SpanEvent(semconv.EVENT_INTERRUPT, _pause_facts, _pause_content)
AGENT_ACTION: Final = SpanEvent(
    semconv.EVENT_AGENT_ACTION, _action_facts, lambda action: fields_of(action).get("tool_input")
)
AGENT_FINISH: Final = SpanEvent(
    semconv.EVENT_AGENT_FINISH, lambda _: {}, lambda finish: fields_of(finish).get("return_values")
)
NODE_CACHED: Final = SpanEvent(semconv.EVENT_NODE_CACHED, _cached_facts, lambda _: None)
