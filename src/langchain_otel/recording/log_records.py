"""Emits log records of runs: exceptions, details of model calls, results of evaluations."""

from __future__ import annotations

from functools import cached_property
from time import time_ns
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import Span

from langchain_otel import semconv
from langchain_otel.config import Config
from langchain_otel.content.encodable import sound_attributes
from langchain_otel.content.values import Facts
from langchain_otel.recording.own_attributes import OwnAttributes
from langchain_otel.runs.context import span_context_with
from langchain_otel.runs.run import Run
from langchain_otel.version import SCOPE, __version__

if TYPE_CHECKING:
    from opentelemetry._logs import Logger, LoggerProvider

WARN: Final = "WARN"
DEBUG: Final = "DEBUG"
INFO: Final = "INFO"
"""The names of severities, as `SeverityNumber` has them."""


class LogRecords:
    """The log records of runs, for one logger provider; without one, for that of `like`.

    The API of logs is imported with the first record: an application may have none.
    """

    def __init__(
        self,
        config: Config,
        logger_provider: LoggerProvider | None = None,
        like: LogRecords | None = None,
    ) -> None:
        if like is not None and logger_provider is None:
            logger_provider = like._logger_provider
        self._logger_provider: LoggerProvider | None = logger_provider
        self._own = OwnAttributes(config)
        self.emits_details = config.emits_event

    @cached_property
    def _logger(self) -> Logger:
        from opentelemetry._logs import get_logger

        return get_logger(SCOPE, __version__, self._logger_provider, schema_url=semconv.SCHEMA_URL)

    def is_taken(self) -> bool:
        """Whether somebody takes the records: a provider is set, and sends them as far as known."""
        from opentelemetry._logs import get_logger_provider

        from langchain_otel.inspection.providers import described

        provider = self._logger_provider or get_logger_provider()
        return described("logs", provider).is_sent

    def exception(self, run: Run, attributes: dict[str, Any]) -> None:
        """Emit the record of an exception that ended a run."""
        name = semconv.GEN_AI_CLIENT_OPERATION_EXCEPTION
        self._emit(run.span, name, WARN, self._with_own(run, attributes))

    def details(self, run: Run, content: Facts) -> None:
        """Emit all that is known of a model call."""
        name = semconv.GEN_AI_CLIENT_INFERENCE_DETAILS
        attributes = self._with_own(run, run.facts | content)
        self._emit(run.span, name, DEBUG, attributes)

    def evaluation(self, span: Span, attributes: dict[str, Any]) -> None:
        """Emit the result of an evaluation of what `span` did."""
        self._emit(span, semconv.GEN_AI_EVALUATION_RESULT, INFO, attributes)

    def _with_own(self, run: Run, attributes: dict[str, Any]) -> dict[str, Any]:
        """The attributes of a record with what the application gives to the run."""
        if run.own_attributes or self._own.reads_baggage:
            return {**self._own.of(run), **attributes}
        return attributes

    def _emit(self, span: Span, name: str, severity: str, attributes: dict[str, Any]) -> None:
        from opentelemetry._logs import LogRecord, SeverityNumber

        self._logger.emit(
            LogRecord(
                timestamp=time_ns(),
                context=span_context_with(span),
                severity_number=SeverityNumber[severity],
                severity_text=severity,
                event_name=name,
                attributes=sound_attributes(attributes),
            )
        )
