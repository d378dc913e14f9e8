"""Records evaluations of runs, of any span and of whole traces, also of other processes."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from opentelemetry.trace import Span, SpanContext

from langchain_otel import semconv
from langchain_otel.config import is_disabled
from langchain_otel.content.values import Facts, text
from langchain_otel.recording.evaluation_target import Target, targets_of

logger: Final = logging.getLogger("langchain_otel")

UNKNOWN_RUN: Final = (
    "record_evaluation(%r, %r): no such run is open or among the last that ended; pass its span "
    "context or traceparent instead. Nothing was recorded."
)
NOT_TAKEN: Final = (
    "record_evaluation(%r, %r): nothing takes it. No provider of traces or logs is set "
    "(langchain_otel.configure() sets one), the option evaluation_signal names another one, or a "
    "sampler left it out. Nothing was recorded."
)


def record_evaluation(
    target: UUID | SpanContext | Span | str | int | None,
    name: str,
    *,
    score: float | None = None,
    label: str | None = None,
    explanation: str | None = None,
    error_type: str | None = None,
) -> bool:
    """Record how a run was judged, as the conventions' event `gen_ai.evaluation.result`.

    The option `evaluation_signal` says where it goes. The process that judges need not trace.

    Args:
        target: The id of a run that is open or among the last that ended; any span, its context or
            `traceparent`; or the id of a trace, of which the first run is judged. None is no run.
        name: What was judged, such as `relevance`; low in number.
        score: The result as a number.
        label: The result as a word, such as `pass`; low in number.
        explanation: Why, in free text. It is recorded also where content is not; `redact` is given
            it, and `max_content_length` holds.
        error_type: What kept the evaluation from a result, if something did.

    Returns:
        Whether it was recorded; if it was not, a warning says why, unless the trace is not sampled.

    Raises:
        TypeError, ValueError: The target is nothing that names a run, a span or a trace.
    """
    targets = targets_of(target)
    if not targets:
        logger.warning(UNKNOWN_RUN, target, name)
        return False
    result = _facts(name, score, label, explanation, error_type)
    recorded = [_record(each, result) for each in targets]
    if not any(recorded) and not is_disabled() and any(map(_is_sampled, targets)):
        logger.warning(NOT_TAKEN, target, name)
    return any(recorded)


def _facts(name: Any, score: Any, label: Any, explanation: Any, error_type: Any) -> Facts:
    return {
        semconv.GEN_AI_EVALUATION_NAME: text(name),
        semconv.GEN_AI_EVALUATION_SCORE_VALUE: _score(score),
        semconv.GEN_AI_EVALUATION_SCORE_LABEL: text(label),
        semconv.GEN_AI_EVALUATION_EXPLANATION: explanation or None,
        semconv.ERROR_TYPE: text(error_type),
    }


def _record(target: Target, facts: Facts) -> bool:
    known = facts | {semconv.GEN_AI_RESPONSE_ID: target.response_id}
    present = {name: value for name, value in known.items() if value is not None}
    return target.recorder.evaluation(target.span, present, target.run)


def _is_sampled(target: Target) -> bool:
    return target.span.get_span_context().trace_flags.sampled


def _score(score: Any) -> float | str | None:
    with suppress(OverflowError, TypeError, ValueError):
        return None if score is None else float(score)
    # A number that is too large for a double, say.
    return text(score)
