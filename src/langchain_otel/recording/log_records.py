"""Emits log records of runs: exceptions, details of model calls, results of evaluations."""

from time import time_ns
from typing import Any

from opentelemetry._logs import Logger, LoggerProvider, LogRecord, SeverityNumber, get_logger
from opentelemetry.trace import Span

from langchain_otel import semconv
from langchain_otel.config import Config
from langchain_otel.content.encodable import sound_attributes
from langchain_otel.content.filter import permitted
from langchain_otel.content.values import Facts
from langchain_otel.dialects.genai import structured
from langchain_otel.runs.context import span_context_with
from langchain_otel.runs.run import Run
from langchain_otel.version import SCOPE, __version__


class LogRecords:
    """The log records of runs, for one logger provider; without one, for that of `like`."""

    def __init__(
        self,
        config: Config,
        logger_provider: LoggerProvider | None = None,
        like: "LogRecords | None" = None,
    ) -> None:
        self._logger: Logger = (
            get_logger(SCOPE, __version__, logger_provider, schema_url=semconv.SCHEMA_URL)
            if like is None or logger_provider is not None
            else like._logger
        )
        self._policy = config.policy
        self.emits_details = config.emits_event

    def exception(self, span: Span, attributes: dict[str, Any]) -> None:
        """Emit the record of an exception that ended a run."""
        name = semconv.GEN_AI_CLIENT_OPERATION_EXCEPTION
        self._emit(span, name, SeverityNumber.WARN, attributes)

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
