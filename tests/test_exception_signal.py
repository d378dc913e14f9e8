"""Exceptions are recorded on spans, where people look, and as log records, as is wanted."""

from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from opentelemetry.sdk.trace import Event

from langchain_otel import semconv
from recording import Tracing, instrumented

pytestmark = pytest.mark.usefixtures("wrapped_once")

STANDARD = "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN"
OWN = "OTEL_INSTRUMENTATION_LANGCHAIN_EXCEPTION_SIGNAL"
SECRET = "my secret"


class OwnError(Exception):
    """What a program fails with."""


def failing(_: Any) -> Any:
    raise OwnError(SECRET)


def fail_with(**options: Any) -> Tracing:
    """A chain whose inner step fails."""
    tracing = Tracing()
    inner = RunnableLambda(failing, name="inner")
    with instrumented(tracing, **options), pytest.raises(OwnError):
        RunnableLambda(inner.invoke, name="outer").invoke("x")
    return tracing


def events(tracing: Tracing) -> list[tuple[str, Event]]:
    return [(span.name, event) for span in tracing.spans for event in span.events]


def channels(tracing: Tracing) -> set[str]:
    """Where the exception was recorded, each once."""
    records, shown = len(tracing.logs), len(events(tracing))
    assert max(records, shown) == 1
    return {name for name, number in (("logs", records), ("spans", shown)) if number}


def test_both_by_default() -> None:
    """An event of the span that failed first, and a log record, with the type alone."""
    tracing = fail_with()
    ((name, event),) = events(tracing)
    assert (name, event.name) == ("inner", "exception")
    assert dict(event.attributes or {}) == {
        semconv.EXCEPTION_TYPE: "test_exception_signal.OwnError"
    }
    assert channels(tracing) == {"logs", "spans"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("logs", {"logs"}),
        ("logs/dup", {"logs", "spans"}),
        ("LOGS", {"logs"}),
        ("logs,logs/dup", {"logs", "spans"}),
        ("", {"logs", "spans"}),
    ],
)
def test_the_variable_of_the_conventions(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: set[str]
) -> None:
    monkeypatch.setenv(STANDARD, value)
    assert channels(fail_with()) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("logs", {"logs"}), ("spans", {"spans"}), ("both", {"logs", "spans"})]
)
def test_the_option_comes_first(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: set[str]
) -> None:
    """Its variable is nearer than the conventions' one, and the argument is nearest."""
    monkeypatch.setenv(STANDARD, "logs")
    monkeypatch.setenv(OWN, value)
    assert channels(fail_with()) == expected
    monkeypatch.setenv(OWN, "logs")
    assert channels(fail_with(exception_signal=value)) == expected


def test_a_word_that_it_does_not_have(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning says what is used instead."""
    monkeypatch.setenv(STANDARD, "spans")
    assert channels(fail_with()) == {"logs", "spans"}
    (warning,) = [record.getMessage() for record in caplog.records]
    assert warning == (
        f"{STANDARD}='spans' is not valid: expected logs/dup or logs. both is used instead."
    )


@pytest.mark.parametrize("dialect", ["gen_ai", "openinference", "both"])
@pytest.mark.parametrize(
    ("options", "on_span", "on_log"),
    [
        ({"capture_message_content": "SPAN_ONLY"}, True, False),
        ({"capture_message_content": "EVENT_ONLY"}, False, True),
        ({"capture_message_content": "SPAN_AND_EVENT"}, True, True),
        (
            {"capture_message_content": "SPAN_AND_EVENT", "capture_exceptions": False},
            False,
            False,
        ),
    ],
)
def test_the_same_policy(
    dialect: str, options: dict[str, Any], on_span: bool, on_log: bool
) -> None:
    """The text and the stack trace are where content is, in each dialect."""
    tracing = fail_with(dialect=dialect, **options)
    ((_, event),) = events(tracing)
    (record,) = tracing.logs
    for attributes, has_content in (
        (event.attributes or {}, on_span),
        (record.log_record.attributes or {}, on_log),
    ):
        assert (semconv.EXCEPTION_MESSAGE in attributes) is has_content
        assert ("in failing" in str(attributes.get(semconv.EXCEPTION_STACKTRACE))) is has_content
        assert (SECRET in str(attributes)) is has_content


def test_redaction() -> None:
    """The text on the span goes through `redact` like that on the record."""
    tracing = fail_with(
        capture_message_content="SPAN_AND_EVENT", redact=lambda text, _: text.replace(SECRET, "***")
    )
    assert all(SECRET not in span.to_json() for span in tracing.spans)
    ((_, event),) = events(tracing)
    assert (event.attributes or {})[semconv.EXCEPTION_MESSAGE] == "***"


def test_control_flow_is_no_exception() -> None:
    """What is cancelled has an outcome, and no event."""
    tracing = Tracing()

    def cancelled(_: Any) -> Any:
        raise KeyboardInterrupt

    with instrumented(tracing), pytest.raises(KeyboardInterrupt):
        RunnableLambda(cancelled).invoke("x")
    assert not events(tracing)
    assert not tracing.logs


def test_step_without_a_parent_reports_once() -> None:
    """A step that is called plainly reports to the run around it that it has."""
    tracing = Tracing()
    inner = RunnableLambda(failing, name="inner")
    with instrumented(tracing), pytest.raises(OwnError):
        RunnableLambda(lambda it: inner.invoke(it, {"callbacks": []}), name="outer").invoke("x")
    assert channels(tracing) == {"logs", "spans"}
