"""Puts evaluations beside what they judge: they may be spans of their own, made days later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from langchain_otel import semconv
from langchain_otel.viewing.parts import as_text
from langchain_otel.viewing.plain import text_of
from langchain_otel.viewing.reading import is_number
from langchain_otel.viewing.spans import Event, Span

WORDS: Final = {
    semconv.GEN_AI_EVALUATION_NAME: "name",
    semconv.GEN_AI_EVALUATION_SCORE_VALUE: "score",
    semconv.GEN_AI_EVALUATION_SCORE_LABEL: "label",
    semconv.ERROR_TYPE: "error",
    semconv.GEN_AI_EVALUATION_EXPLANATION: "explanation",
    semconv.GEN_AI_RESPONSE_ID: "response",
}
"""The parts of a result, and what a page calls them."""

Noted = dict[str, tuple[Span, tuple[str, ...]]]
"""Spans by id, each with notes."""


def with_evaluations(spans: Noted) -> Noted:
    """The spans of a trace with each evaluation's span as an event of the span that it judges.

    One that has no parent judges the trace, whose first root has the event. A span that others hang
    under, or whose parent is not there, stays.
    """
    parents = {span.parent_id for span, _ in spans.values()}
    leaves = {
        span_id: span
        for span_id, (span, _) in spans.items()
        if _is_evaluation(span) and span_id not in parents
    }
    others = {span_id: each for span_id, each in spans.items() if span_id not in leaves}
    roots = [span_id for span_id, (span, _) in others.items() if span.parent_id is None]
    first = min(roots, key=lambda span_id: others[span_id][0].start, default=None)
    for span_id, span in leaves.items():
        judged = first if span.parent_id is None else span.parent_id
        if judged in others:
            above, notes = others[judged]
            others[judged] = replace(above, events=(*above.events, _event(span))), notes
        else:
            others[span_id] = spans[span_id]
    return others


def evaluations_of(span: Span) -> list[dict[str, str]]:
    """The results of a span's evaluations, and of a span that is one."""
    found = [event.attributes for event in span.events if is_evaluation_event(event)]
    if _is_evaluation(span):
        found.append(span.attributes)
    return [dict(_result(each)) for each in found]


def is_evaluation_event(event: Event) -> bool:
    """Whether an event is the result of an evaluation."""
    return event.name == semconv.GEN_AI_EVALUATION_RESULT


def _is_evaluation(span: Span) -> bool:
    is_named = semconv.GEN_AI_EVALUATION_NAME in span.attributes
    return is_named and span.name.startswith(semconv.EVALUATE)


def _event(span: Span) -> Event:
    attributes = {name: value for name, value in span.attributes.items() if name in WORDS}
    return Event(semconv.GEN_AI_EVALUATION_RESULT, span.start, attributes)


def _result(attributes: Any) -> Iterator[tuple[str, str]]:
    for name, word in WORDS.items():
        value = attributes.get(name)
        if value not in (None, ""):
            yield word, f"{value:g}" if is_number(value) else as_text(text_of(value))
