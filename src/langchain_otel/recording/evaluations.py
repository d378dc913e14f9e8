"""Records results of evaluations: as log records, as the conventions want, or else on spans."""

from __future__ import annotations

from typing import Any, Final

from opentelemetry.trace import (
    INVALID_SPAN,
    Span,
    Status,
    StatusCode,
    get_tracer,
)

from langchain_otel import health, semconv
from langchain_otel.config import Config
from langchain_otel.content.encodable import sound_attributes
from langchain_otel.content.filter import permitted
from langchain_otel.content.policy import Budget
from langchain_otel.content.values import Facts
from langchain_otel.dialects.dialect import Dialect
from langchain_otel.dialects.genai import structured
from langchain_otel.recording.outlets import Outlets
from langchain_otel.recording.trace_roots import tracer_within
from langchain_otel.runs.context import current_with
from langchain_otel.runs.run import Run
from langchain_otel.version import SCOPE, __version__

# Words of the option.
AUTO: Final = "auto"
LOGS: Final = "logs"
SPANS: Final = "spans"


class Evaluations:
    """Records the evaluations of one recorder's runs, and of spans that are no run's."""

    def __init__(self, config: Config, dialect: Dialect, outlets: Outlets) -> None:
        self._policy: Final = config.policy
        self._signal: Final = config.evaluation_signal
        self._log: Final = outlets.log
        self._dialect: Final = dialect
        self._tracer_provider: Final = outlets.own_provider

    def record(self, span: Span, facts: Facts, run: Run | None = None) -> bool:
        """Record the result of an evaluation of what `span` did; False if nobody takes it."""
        is_taken = False
        try:
            if self._is_logged():
                is_taken = True
                self._log.evaluation(span, self._attributes(facts))
        except Exception as error:
            health.failed("evaluation", error)
        try:
            if self._is_shown():
                is_taken = self._show(span, facts, run) or is_taken
        except Exception as error:
            health.failed("evaluation span", error)
        return is_taken

    def _is_logged(self) -> bool:
        return self._signal != SPANS and self._log.is_taken()

    def _is_shown(self) -> bool:
        if self._signal == AUTO:
            return not self._log.is_taken()
        return self._signal != LOGS

    def _show(self, span: Span, facts: Facts, run: Run | None) -> bool:
        if span.is_recording():
            budget = None if run is None else self._dialect.budget_of(run, self._policy)
            attributes = self._attributes(facts, budget)
            span.add_event(semconv.GEN_AI_EVALUATION_RESULT, sound_attributes(attributes))
            return True
        # Where the trace is not sampled, nothing of it may come to a backend.
        return span.get_span_context().trace_flags.sampled and self._add_span(span, facts)

    def _add_span(self, judged: Span, facts: Facts) -> bool:
        """Record a span of the evaluation's own: that of the run has ended, or is elsewhere."""
        attributes = self._attributes(facts)
        if self._dialect.evaluation is not None:
            attributes |= self._dialect.evaluation(attributes)
        tracer = get_tracer(
            SCOPE, __version__, self._tracer_provider, schema_url=semconv.SCHEMA_URL
        )
        judged_context = judged.get_span_context()
        if not judged_context.span_id:
            judged, tracer = INVALID_SPAN, tracer_within(judged_context.trace_id, tracer)
        span = tracer.start_span(
            f"{semconv.EVALUATE} {facts.get(semconv.GEN_AI_EVALUATION_NAME, '')}".strip(),
            current_with(judged),
            attributes=sound_attributes(attributes),
        )
        if semconv.ERROR_TYPE in facts:
            span.set_status(Status(StatusCode.ERROR))
        is_recorded = span.is_recording()
        span.end()
        return is_recorded

    def _attributes(self, facts: Facts, budget: Budget | None = None) -> dict[str, Any]:
        """The facts, with the explanation as the content policy lets it go."""
        explanation = facts.get(semconv.GEN_AI_EVALUATION_EXPLANATION)
        others = {
            name: value
            for name, value in facts.items()
            if name != semconv.GEN_AI_EVALUATION_EXPLANATION
        }
        if explanation is None:
            return others
        texts = {semconv.GEN_AI_EVALUATION_EXPLANATION: str(explanation)}
        return others | structured(permitted(texts, self._policy, budget))
