"""Whatever name or value a user gives encodes: no span, log record or metric is lost for it."""

import json
from collections.abc import Callable
from typing import Any, Final, TypedDict
from uuid import uuid4

import pytest
from langchain_core.callbacks import dispatch_custom_event
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool
from langgraph.graph import START, StateGraph
from opentelemetry import baggage, context
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from pydantic import BaseModel

from langchain_otel import conversation, record_evaluation, semconv
from langchain_otel.recording.span_attributes import set_attributes
from models import Model, Retriever, counted
from recording import Tracing, instrumented
from wire import WORDS, sending

pytestmark = pytest.mark.usefixtures("wrapped_once")

HALF: Final[str] = json.loads('"Rome \\ud83d"')
SOUND: Final = "Rome ?"
HUGE: Final = 2**63
INNOCENT: Final = 20


class HostileModel(BaseChatModel):
    """Answers, and says of itself, what no encoder takes."""

    model: str = HALF

    @property
    def _llm_type(self) -> str:
        return "hostile"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model}

    def _generate(self, messages: list[Any], *_: Any, **__: Any) -> ChatResult:
        call = {"name": HALF, "args": {HALF: HALF, "n": HUGE}, "id": HALF, "type": "tool_call"}
        server_call = {"type": "server_tool_call", "name": HALF, "id": HALF, "args": {"n": HUGE}}
        message = AIMessage(
            [{"type": "text", "text": HALF}, server_call],
            tool_calls=[call],
            usage_metadata=counted(3, 2),
            response_metadata={"finish_reason": HALF, "model_name": HALF, "id": HALF},
            name=HALF,
        )
        generation = ChatGeneration(message=message, generation_info={"finish_reason": HALF})
        return ChatResult(generations=[generation], llm_output={"system_fingerprint": HALF})


class State(TypedDict):
    x: Any


class Arguments(BaseModel):
    x: Any


class Echo(BaseTool):
    """Gives back what it is given."""

    args_schema: Any = Arguments

    def _run(self, x: Any) -> Any:
        return x


def named_run() -> None:
    RunnableLambda(lambda it: it).invoke(0, {"run_name": HALF})


def annotated_run() -> None:
    metadata = {HALF: HALF, "list": [HALF], "request": uuid4().int, "n": HUGE, "low": -HUGE - 1}
    RunnableLambda(lambda it: it, name="annotated").invoke(
        0, {"tags": [HALF], "metadata": metadata}
    )


def identified_run() -> None:
    metadata = {"user_id": HALF, "session_id": HALF, "conversation_id": HALF}
    Model().invoke("x", {"metadata": metadata})
    with conversation(HALF, user=HALF, session=HALF):
        Model().invoke("x")
    graph().invoke({"x": 1}, {"configurable": {"thread_id": HALF, "user_id": HALF}})


def graph() -> Any:
    # LangGraph itself takes no such name for a node.
    builder: Any = StateGraph(State).add_node("node", lambda state: {"x": Model().invoke("x")})
    return builder.add_edge(START, "node").compile(name=HALF)


def model_call() -> None:
    tool = {"type": "function", "function": {"name": HALF, "description": HALF}}
    HostileModel().invoke(
        [HumanMessage(HALF, name=HALF)], seed=HUGE, top_k=HUGE, stop=[HALF], tools=[tool]
    )


def parameters_without_bounds() -> None:
    HostileModel().invoke("x", temperature=10**400, seed=-(10**5000), max_tokens=HUGE, n=HUGE)


def tool_call() -> None:
    Echo(name=HALF, description=HALF).invoke(
        {"name": HALF, "args": {"x": HALF}, "id": HALF, "type": "tool_call"}
    )


def retrieval() -> None:
    class Hostile(Retriever):
        def _get_relevant_documents(self, query: str, **_: Any) -> list[Document]:
            return [Document(HALF, id=HALF, metadata={HALF: HUGE})]

    Hostile(name=HALF).invoke(HALF)


def prompt() -> None:
    template = ChatPromptTemplate.from_template("{x}").with_config(run_name=HALF)
    (template | HostileModel()).invoke({"x": HALF, HALF: HUGE, "n": 10**5000})


def events() -> None:
    def body(_: Any) -> None:
        dispatch_custom_event(HALF, {HALF: HALF, "n": HUGE})

    RunnableLambda(body, name="events").invoke(0)


def failure() -> None:
    class FailedError(Exception):
        """Has a name that does not encode."""

    FailedError.__qualname__ = HALF

    def body(_: Any) -> None:
        raise FailedError(HALF)

    with pytest.raises(FailedError):
        RunnableLambda(body, name="failing").invoke(0)
    with pytest.raises(FailedError):
        Model(fails=FailedError(HALF)).invoke("x")


def evaluation() -> None:
    run_id = uuid4()
    Model().invoke("x", {"run_id": run_id})
    assert record_evaluation(
        run_id, HALF, score=10**400, label=HALF, explanation=HALF, error_type=HALF
    )


HOSTILE: Final[list[Callable[[], None]]] = [
    named_run,
    annotated_run,
    identified_run,
    model_call,
    parameters_without_bounds,
    tool_call,
    retrieval,
    prompt,
    events,
    failure,
    evaluation,
]
programs = pytest.mark.parametrize("program", HOSTILE)
OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "content off": {},
    "content on": {"capture_message_content": "SPAN_AND_EVENT", "emit_event": True},
    "openinference": {
        "capture_message_content": "SPAN_AND_EVENT",
        "dialect": "openinference",
        "capture_state": True,
    },
    "both": {"capture_message_content": "SPAN_AND_EVENT", "dialect": "both", "metrics": "both"},
}


@pytest.mark.parametrize("word", WORDS)
def test_batch_arrives(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans that stand in one batch with hostile names are all there, and so are those."""
    step = RunnableLambda(lambda it: it, name="innocent")
    with sending(word, monkeypatch, **OPTIONS["content on"]) as wire:
        for _ in range(INNOCENT):
            step.invoke(0)
        for program in HOSTILE:
            program()
        made = wire.made
    assert len(wire.sink.spans) == made
    assert [span.name for span in wire.sink.spans].count("invoke_workflow innocent") == INNOCENT
    assert {SOUND, f"execute_tool {SOUND}", f"retrieval {SOUND}"} <= wire.spans.keys()
    assert f"chat {SOUND}" in wire.spans
    assert wire.spans["invoke_workflow annotated"].attributes[f"{semconv.METADATA}{SOUND}"] == SOUND
    assert any(record.event_name == semconv.GEN_AI_EVALUATION_RESULT for record in wire.logs)
    assert semconv.METRIC_TOOL_DURATION in wire.metrics


@pytest.mark.parametrize("options", OPTIONS.values(), ids=list(OPTIONS))
@programs
def test_all_that_is_recorded_encodes(program: Callable[[], None], options: Any) -> None:
    """Spans, log records and metrics of each program, by the standard encoders, with no complaint.

    The encoders log an error for each attribute that they cannot write; no test may end with one.
    """
    tracing = Tracing()
    with instrumented(tracing, **options):
        program()
    request = encode_spans(tracing.spans)
    assert _count(request.resource_spans, "scope_spans", "spans") == len(tracing.spans)
    encode_logs(tracing.logs).SerializeToString()
    measured = tracing.metric_reader.get_metrics_data()
    if measured is not None:
        encode_metrics(measured).SerializeToString()


def _count(groups: Any, *names: str) -> int:
    if not names:
        return len(groups)
    return sum(_count(getattr(group, names[0]), *names[1:]) for group in groups)


def test_names_are_there_in_full(tracing: Tracing) -> None:
    """What stands for half a character is a question mark; nothing else of a name changes."""
    tool_call()
    model_call()
    attributes = dict(tracing.span(f"execute_tool {SOUND}").attributes or {})
    assert attributes[semconv.GEN_AI_TOOL_NAME] == SOUND
    assert attributes[semconv.GEN_AI_TOOL_CALL_ID] == SOUND
    attributes = dict(tracing.span(f"chat {SOUND}").attributes or {})
    assert attributes[semconv.GEN_AI_REQUEST_MODEL] == SOUND
    assert attributes[semconv.GEN_AI_RESPONSE_MODEL] == SOUND
    assert attributes[semconv.GEN_AI_RESPONSE_FINISH_REASONS] == (SOUND,)
    assert attributes[semconv.GEN_AI_REQUEST_SEED] == str(HUGE)
    (point,) = tracing.points(semconv.METRIC_TOOL_DURATION)
    assert point.attributes[semconv.GEN_AI_TOOL_NAME] == SOUND


def test_messages_keep_all_but_the_half_character(tracing_with_content: Tracing) -> None:
    """A tool call's id or name, or a finish reason, costs no message."""
    HostileModel().invoke([HumanMessage("question"), HumanMessage(HALF, name=HALF)])
    attributes = dict(tracing_with_content.span(f"chat {SOUND}").attributes or {})
    asked = json.loads(str(attributes[semconv.GEN_AI_INPUT_MESSAGES]))
    assert [message["parts"][0]["content"] for message in asked] == ["question", SOUND]
    (answer,) = json.loads(str(attributes[semconv.GEN_AI_OUTPUT_MESSAGES]))
    assert answer["finish_reason"] == SOUND
    call = answer["parts"][-1]
    assert (call["id"], call["name"]) == (SOUND, SOUND)
    assert call["arguments"][SOUND] == SOUND
    assert call["arguments"]["n"] == hex(HUGE)


def test_tool_call_is_linked_by_an_id_with_half_a_character(tracing: Tracing) -> None:
    """The tool's span leads to the model's, whatever the id."""
    HostileModel().invoke("x")
    tool_call()
    (link,) = tracing.span(f"execute_tool {SOUND}").links
    asked = tracing.span(f"chat {SOUND}").get_span_context()
    assert asked is not None
    assert link.context.span_id == asked.span_id


def test_innocent_values_stay_the_same_objects(tracing: Tracing) -> None:
    """Characters beyond ASCII, and the ends of what 64 bits hold, are what they were."""
    metadata = {"größe": "groß 🚀", "least": -HUGE, "most": HUGE - 1}
    RunnableLambda(lambda it: it, name="рим 🚀").invoke(0, {"metadata": metadata})
    attributes = dict(tracing.span("invoke_workflow рим 🚀").attributes or {})
    for key, value in metadata.items():
        assert attributes[semconv.METADATA + key] == value


def test_baggage_goes_on_with_half_a_character(tracing: Tracing) -> None:
    """Headers that we write carry the trace and all of the baggage, whatever is in it."""
    from langchain_otel.sources.trace_headers import trace_headers

    with tracing.user_span("around"):
        ambient = baggage.set_baggage("city", HALF, baggage.set_baggage(HALF, "v"))
        ambient = baggage.set_baggage("innocent", "1", ambient)
        token = context.attach(ambient)
        carrier = trace_headers(context.get_current())
        context.detach(token)
    assert "traceparent" in carrier
    assert sorted(carrier["baggage"].split(",")) == ["Rome+%3F=v", "city=Rome+%3F", "innocent=1"]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_attributes_and_many(count: int) -> None:
    """They are set one by one or together, and made sound in either case."""
    tracing = Tracing()
    with tracing.tracer_provider.get_tracer("test").start_as_current_span("span") as span:
        set_attributes(span, {f"{HALF}{number}": HALF for number in range(count)})
    (ended,) = tracing.spans
    assert ended.attributes == {f"{SOUND}{number}": SOUND for number in range(count)}
