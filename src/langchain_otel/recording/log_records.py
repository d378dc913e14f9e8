"""Emits log records of runs: exceptions, details of model calls, results of evaluations."""

import traceback
from time import time_ns
from typing import Any

from opentelemetry._logs import LoggerProvider, LogRecord, SeverityNumber, get_logger
from opentelemetry.trace import Span

from langchain_otel import semconv
from langchain_otel.async_exceptions import let_through
from langchain_otel.config import Config
from langchain_otel.content.encodable import sound_attributes
from langchain_otel.content.filter import permitted
from langchain_otel.content.policy import Budget, Policy
from langchain_otel.content.values import Facts
from langchain_otel.dialects.dialect import Dialect
from langchain_otel.dialects.genai import structured
from langchain_otel.recording.content_budget import budget_of
from langchain_otel.runs.context import span_context_with
from langchain_otel.runs.outcome import error_type
from langchain_otel.runs.run import ErrorIdentity, Run
from langchain_otel.version import SCOPE, __version__


class LogRecords:
    """The log records of runs, for one logger provider."""

    def __init__(
        self, config: Config, logger_provider: LoggerProvider | None, dialect: Dialect
    ) -> None:
        self._logger = get_logger(
            SCOPE, __version__, logger_provider, schema_url=semconv.SCHEMA_URL
        )
        self._policy = config.policy
        self.emits_details = config.emits_event
        self._dialect = dialect

    def exception(self, run: Run, error: BaseException) -> None:
        """Emit the record of an exception, once: where it first ended a run.

        Every run that the same exception goes through marks it as reported for its parent.
        """
        identity = _identity(error)
        if run.parent is not None:
            run.parent.reported_error = identity
        if run.reported_error == identity:
            return
        if self._dialect.has_exceptions and run.span.is_recording():
            budget = budget_of(run, self._policy, self._dialect)
            event = _exception(self._policy, error, budget, has_content=self._policy.on_spans)
            run.span.add_event(semconv.EVENT_EXCEPTION, sound_attributes(event))
        name = semconv.GEN_AI_CLIENT_OPERATION_EXCEPTION
        record = _exception(self._policy, error, has_content=self._policy.on_events)
        self._emit(run.span, name, SeverityNumber.WARN, record)

    def details(self, run: Run, content: Facts) -> None:
        """Emit all that is known of a model call."""
        name = semconv.GEN_AI_CLIENT_INFERENCE_DETAILS
        self._emit(run.span, name, SeverityNumber.DEBUG, run.facts | content)

    def evaluation(self, span: Span, attributes: dict[str, Any]) -> None:
        """Emit the result of an evaluation of what `span` did."""
        explanation = attributes.pop(semconv.GEN_AI_EVALUATION_EXPLANATION, None)
        if explanation is not None:
            texts = {semconv.GEN_AI_EVALUATION_EXPLANATION: str(explanation)}
            attributes = attributes | structured(permitted(texts, self._policy))
        self._emit(span, semconv.GEN_AI_EVALUATION_RESULT, SeverityNumber.INFO, attributes)

    def _emit(
        self, span: Span, name: str, severity: SeverityNumber, attributes: dict[str, Any]
    ) -> None:
        self._logger.emit(
            LogRecord(
                timestamp=time_ns(),
                context=span_context_with(span),
                severity_number=severity,
                severity_text=severity.name,
                event_name=name,
                attributes=sound_attributes(attributes),
            )
        )


def _identity(error: BaseException) -> ErrorIdentity:
    """What identifies an exception without keeping it: its frames hold what is to be freed.

    An address may be used again, so the place where the exception was raised is part of it.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    origin = None if trace is None else (id(trace.tb_frame.f_code), trace.tb_lineno)
    return id(error), origin


def _exception(
    policy: Policy, error: BaseException, budget: Budget | None = None, *, has_content: bool
) -> dict[str, Any]:
    facts: Facts = {semconv.EXCEPTION_TYPE: error_type(error)}
    if has_content:
        texts = {
            semconv.EXCEPTION_MESSAGE: message_of(error),
            semconv.EXCEPTION_STACKTRACE: "".join(traceback.format_exception(error)),
        }
        facts |= structured(permitted(texts, policy, budget))
    return facts


def message_of(error: BaseException) -> str:
    """The text of an exception; only for where the content policy lets it go."""
    try:
        return str(error)
    except Exception as failure:
        let_through(failure)
        return f"<{type(error).__qualname__} without a text>"
