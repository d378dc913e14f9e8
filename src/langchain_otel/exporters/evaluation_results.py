"""Reads off a span how it was judged: from its events, or from what an evaluation's span says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from opentelemetry.sdk.trace import ReadableSpan

from langchain_otel import semconv

DIGITS: Final = 6
Attributes = Mapping[str, Any]


class Evaluation(NamedTuple):
    """A result: the name of what was judged, the result in short, and why."""

    name: str
    text: str
    explanation: str


def is_evaluation(span: ReadableSpan) -> bool:
    """Whether the span is that of an evaluation, and not of what was judged."""
    is_named = semconv.GEN_AI_EVALUATION_NAME in (span.attributes or {})
    return is_named and span.name.startswith(semconv.EVALUATE)


def evaluations_of(span: ReadableSpan) -> Iterator[Evaluation]:
    """How the span was judged; of an evaluation's own span it is the result.

    Its name is the span's, and its error as well.
    """
    if is_evaluation(span):
        said = span.attributes or {}
        yield Evaluation(_name(said), _result(said), _explanation(said))
    for event in span.events:
        if event.name == semconv.GEN_AI_EVALUATION_RESULT:
            said = event.attributes or {}
            error = said.get(semconv.ERROR_TYPE)
            parts = (_name(said), _result(said), f"error {error}" if error else "")
            yield Evaluation(_name(said), " ".join(filter(None, parts)), _explanation(said))


def _name(said: Attributes) -> str:
    return str(said.get(semconv.GEN_AI_EVALUATION_NAME, ""))


def _result(said: Attributes) -> str:
    score = said.get(semconv.GEN_AI_EVALUATION_SCORE_VALUE)
    number = f"{score:.{DIGITS}g}" if isinstance(score, (int, float)) else str(score or "")
    return f"{number} {said.get(semconv.GEN_AI_EVALUATION_SCORE_LABEL, '')}".strip()


def _explanation(said: Attributes) -> str:
    return str(said.get(semconv.GEN_AI_EVALUATION_EXPLANATION, ""))
