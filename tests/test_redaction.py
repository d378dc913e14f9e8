"""`redact` is given every text that a user has written, also where content is off."""

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForChainRun, dispatch_custom_event
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, StateGraph
from opentelemetry import context
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from typing_extensions import TypedDict

from langchain_otel import conversation, health, record_evaluation, semconv
from models import Model
from recording import Tracing, instrumented

SECRET = "s3cr3t"
TEXT = f"mail {SECRET} now"


class Stopping(Model):
    """A model whose parameters name where it stops."""

    stop: list[str]

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"stop": self.stop}

    def _get_invocation_params(self, stop: Any = None, **_: Any) -> dict[str, Any]:
        return {"stop": self.stop}


class State(TypedDict):
    text: str


def everything() -> None:
    config: Any = {
        "tags": [TEXT, "plain"],
        "metadata": {"note": TEXT, "list": [TEXT], "user_id": TEXT, "session_id": TEXT},
        "configurable": {"user_id": TEXT},
    }
    ids: list[Any] = []

    def body(text: str, run_manager: CallbackManagerForChainRun) -> str:
        ids.append(run_manager.run_id)
        dispatch_custom_event(TEXT, {"data": TEXT})
        with conversation(TEXT, user=TEXT + "2", session=TEXT + "2"):
            Stopping(stop=[TEXT, "END"]).invoke(text)
        return text

    RunnableLambda(body).invoke("hi", config)
    Model().invoke("hi", {"configurable": {"thread_id": TEXT, "user_id": TEXT}})
    builder = StateGraph(State)
    builder.add_node("answer", lambda state: state)
    builder.add_edge(START, "answer")
    graph: Any = builder.compile(name="graph")
    graph.invoke({"text": "hi"}, {"configurable": {"thread_id": TEXT, "user_id": TEXT}})
    record_evaluation(ids[0], "tone", label="good", explanation=TEXT)


def sent(tracing: Tracing) -> str:
    data = tracing.metric_reader.get_metrics_data()
    assert data is not None
    return str((encode_spans(tracing.spans), encode_logs(tracing.logs), encode_metrics(data)))


def masked(text: str, _: str) -> str:
    return text.replace(SECRET, "***")


def raises(_: str, __: str) -> str:
    raise ValueError(SECRET)


def all_of(tracing: Tracing) -> dict[str, Any]:
    return {
        name: value for span in tracing.spans for name, value in (span.attributes or {}).items()
    }


@pytest.mark.parametrize("dialect", ["gen_ai", "openinference", "both"])
@pytest.mark.parametrize("mode", ["NO_CONTENT", "SPAN_AND_EVENT"])
def test_redaction_reaches(mode: str, dialect: str) -> None:
    """Tags, metadata, users, sessions, conversations, stop sequences, events, explanations."""
    tracing = Tracing()
    options: dict[str, Any] = {"capture_message_content": mode, "emit_event": True}
    with instrumented(tracing, **options, dialect=dialect, redact=masked):
        everything()
    assert SECRET not in sent(tracing)
    (explained,) = [
        record.log_record.attributes or {}
        for record in tracing.logs
        if record.log_record.event_name == semconv.GEN_AI_EVALUATION_RESULT
    ]
    assert explained[semconv.GEN_AI_EVALUATION_EXPLANATION] == "mail *** now"
    said = all_of(tracing)
    tags = said["tag.tags" if dialect == "openinference" else semconv.TAGS]
    assert list(tags) == ["mail *** now", "plain"]
    assert said[semconv.USER_ID] == "mail *** now"
    events = [event for span in tracing.spans for event in span.events]
    assert [(event.attributes or {})[semconv.EVENT_NAME] for event in events] == ["mail *** now"]
    if dialect != "openinference":
        assert said[semconv.METADATA + "note"] == "mail *** now"
        assert said[semconv.METADATA + "list"] == ("mail *** now",)
        assert said[semconv.GEN_AI_REQUEST_STOP_SEQUENCES] == ("mail *** now", "END")
        assert said[semconv.GEN_AI_CONVERSATION_ID] == "mail *** now"


@pytest.mark.parametrize("redact", [raises, lambda *_: None, lambda *_: 5])
def test_redaction_fails_closed(
    redact: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """What it does not give back is left out, and the span is there."""
    tracing = Tracing()
    with instrumented(tracing, redact=redact, emit_event=True):
        everything()
    assert SECRET not in sent(tracing)
    assert SECRET not in caplog.text
    assert len(tracing.spans) == 5
    health.failures.pop("redact:ValueError", None)


def test_redaction_is_asked_once() -> None:
    """A pseudonym is not made a pseudonym again on the way down."""
    tracing = Tracing()
    with instrumented(tracing, redact=lambda text, _: f"<{text}>"):
        config: Any = {
            "metadata": {"user_id": "ada", "thread_id": "t"},
            "configurable": {"user_id": "a"},
        }
        step: Any = RunnableLambda(lambda text: Model().invoke(text))
        step.invoke("hi", config)
    said = all_of(tracing)
    assert said[semconv.USER_ID] == "<ada>"
    assert said[semconv.GEN_AI_CONVERSATION_ID] == "<t>"


def test_names_are_as_they_are() -> None:
    """Names of runs, tools and models are no content: `redact` is not given them."""
    tracing = Tracing()
    seen: list[str] = []

    def redact(text: str, _: str) -> str:
        seen.append(text)
        return text

    with instrumented(tracing, redact=redact):
        RunnableLambda(str).invoke("hi", {"run_name": "my run"})
    assert tracing.names() == ["invoke_workflow my run"]
    assert "my run" not in seen


def test_what_openinference_puts_into_the_context() -> None:
    """The same of `openinference.instrumentation.using_attributes`."""
    tracing = Tracing()
    ambient = context.set_value("user.id", TEXT)
    ambient = context.set_value("metadata", f'{{"note": "{TEXT}"}}', ambient)
    ambient = context.set_value("tag.tags", [TEXT], ambient)
    token = context.attach(ambient)
    try:
        with instrumented(tracing, redact=masked, dialect="openinference"):
            Model().invoke("hi")
    finally:
        context.detach(token)
    assert SECRET not in sent(tracing)
    assert "mail *** now" in sent(tracing)
