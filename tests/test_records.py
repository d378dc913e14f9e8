"""Log records: the details of a model call, and evaluations, also after the run has ended."""

import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord

from langchain_otel import __version__, record_evaluation, semconv
from models import Model
from openai_server import ModelServer, start_server
from recording import RunTree, Tracing, instrumented


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with start_server() as server:
        yield server


def chat(server: ModelServer) -> ChatOpenAI:
    options: dict[str, Any] = {"api_key": "none", "max_retries": 0}
    return ChatOpenAI(model="gpt-5-mini", base_url=server.base_url, **options)


def records(tracing: Tracing, name: str) -> list[ReadableLogRecord]:
    return [record for record in tracing.logs if record.log_record.event_name == name]


@pytest.mark.parametrize("mode", ["EVENT_ONLY", "SPAN_AND_EVENT", "SPAN_ONLY", "NO_CONTENT"])
def test_details(mode: str, server: ModelServer) -> None:
    """All that the span carries, content structured, where content goes to events."""
    tracing = Tracing()
    with instrumented(tracing, capture_message_content=mode):
        chat(server).invoke([HumanMessage("Hello there")])
    (span,) = tracing.spans
    on_span = dict(span.attributes or {})
    found = records(tracing, "gen_ai.client.inference.operation.details")
    content = {semconv.GEN_AI_INPUT_MESSAGES, semconv.GEN_AI_OUTPUT_MESSAGES}
    assert (content & on_span.keys() == content) is (mode in {"SPAN_ONLY", "SPAN_AND_EVENT"})
    if "EVENT" not in mode:
        assert not found
        return
    (record,) = found
    log = record.log_record
    assert log.severity_number is SeverityNumber.DEBUG
    assert log.body is None
    assert span.context is not None
    assert log.span_id == span.context.span_id
    attributes = dict(log.attributes or {})
    (message,) = attributes[semconv.GEN_AI_INPUT_MESSAGES]  # type: ignore[misc]
    assert message["role"] == "user"  # type: ignore[index,call-overload]
    assert message["parts"][0]["content"] == "Hello there"  # type: ignore[index,call-overload]
    plain = on_span.keys() - content - {semconv.RUN_ID}
    assert {name: attributes[name] for name in plain} == {name: on_span[name] for name in plain}


def test_every_scope_says_who_and_by_which_schema(server: ModelServer) -> None:
    """Spans, metrics and log records name the package, its version and the conventions' schema."""
    tracing = Tracing()
    with instrumented(tracing, capture_message_content="EVENT_ONLY"):
        chat(server).invoke("Hello")
    data = tracing.metric_reader.get_metrics_data()
    assert data is not None
    scopes = [
        tracing.spans[0].instrumentation_scope,
        tracing.logs[0].instrumentation_scope,
        data.resource_metrics[0].scope_metrics[0].scope,
    ]
    for scope in scopes:
        assert scope is not None
        assert (scope.name, scope.version) == ("langchain_otel", __version__)
        assert scope.schema_url == semconv.SCHEMA_URL


def run_of(tree: RunTree) -> UUID:
    (run_id,) = tree.order
    return run_id


def test_evaluation_after_the_end(tracing: Tracing, server: ModelServer) -> None:
    """A run that has ended is judged: the record belongs to its span, and names the answer."""
    tree = RunTree()
    chat(server).invoke("Hello", {"callbacks": [tree]})
    assert record_evaluation(
        run_of(tree), "relevance", score=0.75, label="pass", explanation="it is about hello"
    )
    (record,) = records(tracing, "gen_ai.evaluation.result")
    (span,) = tracing.spans
    assert span.context is not None
    assert record.log_record.span_id == span.context.span_id
    assert dict(record.log_record.attributes or {}) == {
        semconv.GEN_AI_EVALUATION_NAME: "relevance",
        semconv.GEN_AI_EVALUATION_SCORE_VALUE: 0.75,
        semconv.GEN_AI_EVALUATION_SCORE_LABEL: "pass",
        semconv.GEN_AI_EVALUATION_EXPLANATION: "it is about hello",
        semconv.GEN_AI_RESPONSE_ID: (span.attributes or {})[semconv.GEN_AI_RESPONSE_ID],
    }


def test_evaluation_of_a_span_context(tracing: Tracing) -> None:
    """Any span can be judged by its context, of another process too."""
    Model().invoke("hello")
    context = tracing.spans[0].context
    assert context is not None
    assert record_evaluation(context, "safety", label="fail")
    (record,) = records(tracing, "gen_ai.evaluation.result")
    assert record.log_record.trace_id == context.trace_id


def test_evaluation_of_an_unknown_run(tracing: Tracing, caplog: pytest.LogCaptureFixture) -> None:
    """A run that nobody remembers is a warning that says what to do."""
    assert not record_evaluation(uuid4(), "relevance", score=1)
    (warning,) = caplog.records
    assert warning.levelno == logging.WARNING
    assert "span context" in warning.getMessage()
    assert not tracing.logs
