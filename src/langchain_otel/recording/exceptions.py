"""Records exceptions: as log records, as the conventions want, and on spans, where people look."""

from __future__ import annotations

from typing import Any, Final

from opentelemetry.trace import Status, StatusCode

from langchain_otel import semconv
from langchain_otel.config import Config
from langchain_otel.content.encodable import sound_attributes
from langchain_otel.content.policy import Budget, Policy
from langchain_otel.content.values import Facts
from langchain_otel.dialects.dialect import Dialect
from langchain_otel.dialects.genai import structured
from langchain_otel.exception_fields import traceback_of
from langchain_otel.recording.exception_texts import message_of, stack_of
from langchain_otel.recording.log_records import LogRecords
from langchain_otel.runs.outcome import error_type
from langchain_otel.runs.run import ErrorIdentity, Run

# Words of the option.
LOGS: Final = "logs"
SPANS: Final = "spans"


class Exceptions:
    """Records the exceptions of runs, each once: where it first ended a run."""

    def __init__(self, config: Config, log: LogRecords, dialect: Dialect) -> None:
        self._policy: Final = config.policy
        self._log: Final = log
        self._dialect: Final = dialect
        self._are_logged: Final = config.exception_signal != SPANS
        self._are_shown: Final = config.exception_signal != LOGS

    def record(self, run: Run, error: BaseException) -> None:
        """Record the exception that ended a run.

        Every run that the same exception goes through marks it for the run around. A run without a
        span of its own leaves it to that one to show it.
        """
        identity = _identity(error)
        is_logged = run.logged_error == identity
        is_shown = run.shown_error == identity
        shows = self._are_shown and not is_shown and run.has_span and run.span.is_recording()
        around = run.enclosing
        if around is not None and around.recorder is run.recorder:
            around.logged_error = identity
            around.shown_error = identity if is_shown or shows else around.shown_error
        if shows:
            budget = self._dialect.budget_of(run, self._policy)
            event = _facts(self._policy, error, budget, has_content=self._policy.on_spans)
            run.span.add_event(semconv.EVENT_EXCEPTION, sound_attributes(event))
        if self._are_logged and not is_logged:
            facts = _facts(self._policy, error, has_content=self._policy.on_events)
            self._log.exception(run, facts)


def set_error(run: Run, error: BaseException | None, policy: Policy, dialect: Dialect) -> None:
    """Let the span of a run that failed be an ERROR, unless somebody has set its status."""
    status = getattr(run.span, "status", None)
    if status is not None and status.status_code is not StatusCode.UNSET:
        return
    text = None
    if error is not None and policy.on_spans:
        # What records content has been imported already, where anybody wants it.
        from langchain_otel.content.filter import permitted_text

        budget = dialect.budget_of(run, policy)
        text = permitted_text(message_of(error), semconv.EXCEPTION_MESSAGE, policy, budget)
    run.span.set_status(Status(StatusCode.ERROR, text))


def _identity(error: BaseException) -> ErrorIdentity:
    """What identifies an exception without keeping it: its frames hold what is to be freed.

    An address may be used again, so the place where the exception was raised is part of it.
    """
    trace = traceback_of(error)
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    origin = None if trace is None else (id(trace.tb_frame.f_code), trace.tb_lineno)
    return id(error), origin


def _facts(
    policy: Policy, error: BaseException, budget: Budget | None = None, *, has_content: bool
) -> dict[str, Any]:
    facts: Facts = {semconv.EXCEPTION_TYPE: error_type(error)}
    if has_content:
        from langchain_otel.content.filter import permitted

        texts = {
            semconv.EXCEPTION_MESSAGE: message_of(error),
            semconv.EXCEPTION_STACKTRACE: stack_of(error),
        }
        facts |= structured(permitted(texts, policy, budget))
    return facts
