"""Records evaluations of runs, also of runs that have ended."""

import logging
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from opentelemetry.trace import NonRecordingSpan, Span, SpanContext

from langchain_otel import semconv
from langchain_otel.content.values import text
from langchain_otel.recording.registry import current_recorder
from langchain_otel.runs.run import RunRecorder
from langchain_otel.runs.store import RUNS

logger: Final = logging.getLogger("langchain_otel")

UNKNOWN_RUN: Final = (
    "record_evaluation(%r, %r): no such run is open or among the last that ended; pass its span "
    "context instead. Nothing was recorded."
)


def record_evaluation(
    target: UUID | SpanContext,
    name: str,
    *,
    score: float | None = None,
    label: str | None = None,
    explanation: str | None = None,
    error_type: str | None = None,
) -> bool:
    """Record how a run was judged, as the conventions' event `gen_ai.evaluation.result`.

    Args:
        target: The id of a run that is open or among the last that ended, or any span's context.
        name: What was judged, such as `relevance`; low in number.
        score: The result as a number.
        label: The result as a word, such as `pass`; low in number.
        explanation: Why, in free text. It is recorded also where content is not; `redact` is given
            it, and `max_content_length` holds.
        error_type: What kept the evaluation from a result, if something did.

    Returns:
        Whether the target was known; for one that is not, a warning is logged.
    """
    found = _found(target)
    if found is None:
        logger.warning(UNKNOWN_RUN, target, name)
        return False
    recorder, span, response_id = found
    attributes: dict[str, Any] = {
        semconv.GEN_AI_EVALUATION_NAME: text(name),
        semconv.GEN_AI_EVALUATION_SCORE_VALUE: _score(score),
        semconv.GEN_AI_EVALUATION_SCORE_LABEL: text(label),
        semconv.GEN_AI_EVALUATION_EXPLANATION: explanation or None,
        semconv.GEN_AI_RESPONSE_ID: response_id,
        semconv.ERROR_TYPE: text(error_type),
    }
    recorder.evaluation(span, _known(attributes))
    return True


def _score(score: Any) -> float | str | None:
    with suppress(OverflowError, TypeError, ValueError):
        return None if score is None else float(score)
    # A number that is too large for a double, say.
    return text(score)


def _known(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}


def _found(target: UUID | SpanContext) -> tuple[RunRecorder, Span, str | None] | None:
    if isinstance(target, SpanContext):
        return current_recorder(), NonRecordingSpan(target), None
    run = RUNS.head(target)
    if run is not None and not run.is_silent:
        return run.recorder, run.span, None
    ended = RUNS.ended(target)
    if ended is None:
        return None
    return ended.recorder, NonRecordingSpan(ended.span_context), ended.response_id
