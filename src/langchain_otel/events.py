"""Knows the records that are no spans: the exception log record, and the events of a span."""

import traceback
from collections.abc import Callable
from time import time_ns
from typing import Any, Final, NamedTuple

from opentelemetry._logs import LoggerProvider, LogRecord, SeverityNumber, get_logger
from opentelemetry.trace import Span

from langchain_otel import health, semconv
from langchain_otel.config import Config
from langchain_otel.content.permit import permitted
from langchain_otel.content.policy import Policy
from langchain_otel.context import span_context_with
from langchain_otel.dialects.genai import attributes, structured
from langchain_otel.mapping import MAX_TEXT
from langchain_otel.operations import Facts
from langchain_otel.outcome import error_type
from langchain_otel.run import ErrorIdentity, Run
from langchain_otel.version import SCOPE, __version__

MAX_EVENTS: Final = 100


class EventLog:
    """The log records of runs, for one logger provider."""

    def __init__(
        self, config: Config, logger_provider: LoggerProvider | None, *, on_spans: bool
    ) -> None:
        self._logger = get_logger(
            SCOPE, __version__, logger_provider, schema_url=semconv.SCHEMA_URL
        )
        self._policy = config.policy
        self.emits_details = config.emits_event
        self._on_spans = on_spans

    def exception(self, run: Run, error: BaseException) -> None:
        """Emit the record of an exception, once: where it first ended a run.

        Every run that the same exception goes through tells its parent that it has been reported.
        """
        identity = _identity(error)
        if run.reported_error != identity:
            name = semconv.GEN_AI_CLIENT_OPERATION_EXCEPTION
            told = _exception(self._policy, error, has_content=self._policy.on_events)
            self._emit(run.span, name, SeverityNumber.WARN, told)
            if self._on_spans and run.span.is_recording():
                told = _exception(self._policy, error, has_content=self._policy.on_spans)
                run.span.add_event(semconv.EVENT_EXCEPTION, told)
        if run.parent is not None:
            run.parent.reported_error = identity

    def details(self, run: Run, content: Facts) -> None:
        """Emit all that is known of a model call, where that was asked for."""
        if self.emits_details:
            name = semconv.GEN_AI_CLIENT_INFERENCE_DETAILS
            self._emit(run.span, name, SeverityNumber.DEBUG, run.facts | content)

    def evaluation(self, span: Span, attributes: dict[str, Any]) -> None:
        """Emit the result of an evaluation of what `span` did."""
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
                attributes=attributes,
            )
        )


def _identity(error: BaseException) -> ErrorIdentity:
    """What tells an exception from others without keeping it: its frames hold what is to be freed.

    An address may be used again; where the exception was raised tells it from the one before.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    origin = None if trace is None else (id(trace.tb_frame.f_code), trace.tb_lineno)
    return id(error), origin


def _exception(policy: Policy, error: BaseException, *, has_content: bool) -> dict[str, Any]:
    facts: Facts = {semconv.EXCEPTION_TYPE: error_type(error)}
    if has_content:
        texts = {
            semconv.EXCEPTION_MESSAGE: message_of(error),
            semconv.EXCEPTION_STACKTRACE: "".join(traceback.format_exception(error)),
        }
        facts |= structured(permitted(texts, policy))
    return facts


def message_of(error: BaseException) -> str:
    """The text of an exception; only for where the content policy lets it go."""
    try:
        return str(error)
    except Exception:
        return f"<{type(error).__qualname__} without a text>"


class SpanEvent(NamedTuple):
    """Something that LangChain reports in the middle of a run, as an event of its span."""

    name: str
    facts: Callable[[Any], Facts]
    content: Callable[[Any], Any]


def add_event(run: Run, policy: Policy, event: SpanEvent, reported: Any) -> None:
    """Add an event to the run's span; its content only where the policy lets it."""
    run.event_count += 1
    if run.event_count > MAX_EVENTS:
        health.limited("events of a run", f"events after the first {MAX_EVENTS} are left out")
        return
    facts = event.facts(reported)
    content = event.content(reported) if policy.on_spans else None
    if content is not None:
        facts = facts | attributes(permitted({semconv.EVENT_DATA: content}, policy))
    run.span.add_event(event.name, facts)


def _text_facts(text: Any) -> Facts:
    return {semconv.EVENT_LENGTH: len(text)}


def _retry_facts(state: Any) -> Facts:
    facts: Facts = {semconv.RETRY_ATTEMPT: int(state.attempt_number)}
    error = state.outcome.exception() if state.outcome is not None else None
    return facts if error is None else facts | {semconv.ERROR_TYPE: error_type(error)}


def _custom_facts(named_data: tuple[Any, Any]) -> Facts:
    return {semconv.EVENT_NAME: str(named_data[0])[:MAX_TEXT]}


class Pause(NamedTuple):
    """A graph that pauses: at which checkpoint, and what each interrupt asks a person."""

    checkpoint_id: str
    interrupts: tuple[Any, ...]


def _pause_facts(pause: Pause) -> Facts:
    return {
        semconv.LANGGRAPH_CHECKPOINT_ID: pause.checkpoint_id,
        semconv.LANGGRAPH_INTERRUPT_COUNT: len(pause.interrupts),
    }


def _pause_content(pause: Pause) -> Any:
    return [interrupt.value for interrupt in pause.interrupts] or None


def _action_facts(action: Any) -> Facts:
    return {semconv.GEN_AI_TOOL_NAME: str(action.tool)[:MAX_TEXT]}


def _cached_facts(node_step: tuple[str, int]) -> Facts:
    return {
        semconv.LANGGRAPH_NODE: node_step[0][:MAX_TEXT],
        semconv.LANGGRAPH_STEP: node_step[1],
    }


TEXT: Final = SpanEvent(semconv.EVENT_TEXT, _text_facts, lambda text: text)
RETRY: Final = SpanEvent(semconv.EVENT_RETRY, _retry_facts, lambda _: None)
CUSTOM: Final = SpanEvent(semconv.EVENT_CUSTOM, _custom_facts, lambda named_data: named_data[1])
INTERRUPT: Final = SpanEvent(semconv.EVENT_INTERRUPT, _pause_facts, _pause_content)
AGENT_ACTION: Final = SpanEvent(
    semconv.EVENT_AGENT_ACTION, _action_facts, lambda action: action.tool_input
)
AGENT_FINISH: Final = SpanEvent(
    semconv.EVENT_AGENT_FINISH, lambda _: {}, lambda finish: finish.return_values
)
NODE_CACHED: Final = SpanEvent(semconv.EVENT_NODE_CACHED, _cached_facts, lambda _: None)
