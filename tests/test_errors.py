"""What is red and what is not: status, error type, exception records."""

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import ToolException, tool
from langgraph.errors import GraphRecursionError
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, interrupt
from opentelemetry import trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.trace import StatusCode
from typing_extensions import TypedDict

from langchain_otel import semconv
from models import Model, Retriever, StreamingModel
from recording import Tracing

SECRET = "the secret text"


class OwnError(Exception):
    """An error of the application."""


class State(TypedDict):
    text: str


@tool
def failing_tool(text: str) -> str:
    """Fail."""
    raise OwnError(SECRET)


def failing(_: Any) -> Any:
    raise OwnError(SECRET)


FAILURES: dict[str, Callable[[], Any]] = {
    "model": lambda: Model(fails=OwnError(SECRET)).invoke("hello"),
    "stream": lambda: list(StreamingModel(fails=OwnError(SECRET)).stream("hello")),
    "tool": lambda: failing_tool.invoke({"text": "hello"}),
    "retriever": lambda: Retriever(fails=OwnError(SECRET)).invoke("hello"),
    "chain": lambda: RunnableLambda(failing).invoke("hello"),
}


@pytest.mark.parametrize("program", FAILURES)
def test_failure_is_an_error_without_its_text(tracing: Tracing, program: str) -> None:
    """A real failure is ERROR with its type; its text is content, and stays inside."""
    with pytest.raises(OwnError):
        FAILURES[program]()
    (span,) = tracing.spans
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    assert (span.attributes or {})[semconv.ERROR_TYPE] == "test_errors.OwnError"
    assert SECRET not in span.to_json()
    assert [(event.name, dict(event.attributes or {})) for event in span.events] == [
        ("exception", {semconv.EXCEPTION_TYPE: "test_errors.OwnError"})
    ]


@pytest.mark.parametrize("program", FAILURES)
def test_failure_says_its_text_when_content_is_on(
    tracing_with_content: Tracing, program: str
) -> None:
    """With content on the text is the description of the status."""
    with pytest.raises(OwnError):
        FAILURES[program]()
    (span,) = tracing_with_content.spans
    assert span.status.description == SECRET


def nested_failure() -> Any:
    return RunnableLambda(lambda x: RunnableLambda(failing, name="inner").invoke(x), name="outer")


def test_exception_is_one_log_record(tracing: Tracing) -> None:
    """However many runs an exception goes through, it is recorded once, where it came from."""
    with pytest.raises(OwnError):
        (RunnableLambda(lambda x: x) | nested_failure()).invoke("hello")
    (record,) = tracing.logs
    log = record.log_record
    assert log.event_name == "gen_ai.client.operation.exception"
    assert log.severity_number is SeverityNumber.WARN
    assert dict(log.attributes or {}) == {semconv.EXCEPTION_TYPE: "test_errors.OwnError"}
    assert log.body is None
    inner = tracing.span("inner").context
    assert inner is not None
    assert (log.trace_id, log.span_id) == (inner.trace_id, inner.span_id)
    assert record.instrumentation_scope is not None
    assert record.instrumentation_scope.name == "langchain_otel"
    red = [span.name for span in tracing.spans if span.status.status_code is StatusCode.ERROR]
    assert red == ["inner", "outer", "invoke_workflow"]


def test_exception_record_has_text_when_content_is_on(tracing_with_content: Tracing) -> None:
    """With content on events, message and stack trace are on the record."""
    with pytest.raises(OwnError):
        nested_failure().invoke("hello")
    (record,) = tracing_with_content.logs
    attributes = record.log_record.attributes or {}
    assert attributes[semconv.EXCEPTION_MESSAGE] == SECRET
    assert "in failing" in str(attributes[semconv.EXCEPTION_STACKTRACE])


def test_exception_whose_text_raises(tracing_with_content: Tracing) -> None:
    """An exception that cannot say its text costs the text, not the span."""

    class MuteError(Exception):
        def __str__(self) -> str:
            raise ValueError("no text")

    def fail(_: Any) -> Any:
        raise MuteError

    with pytest.raises(MuteError):
        RunnableLambda(fail).invoke("hello")
    (span,) = tracing_with_content.spans
    assert span.status.status_code is StatusCode.ERROR


def red_spans(tracing: Tracing) -> list[str]:
    return [span.name for span in tracing.spans if span.status.status_code is StatusCode.ERROR]


def test_handled_errors_leave_the_parent_alone(tracing: Tracing) -> None:
    """A fallback and a retry that help make the failed attempt red, and nothing above it."""
    flaky = iter([OwnError("first"), None])

    def fail_once(text: str) -> str:
        error = next(flaky)
        if error is not None:
            raise error
        return text

    chain = RunnableLambda(failing, name="failing").with_fallbacks(
        [RunnableLambda(fail_once, name="flaky").with_retry(wait_exponential_jitter=False)]
    )
    assert chain.invoke("hello") == "hello"
    assert red_spans(tracing) == ["failing", "flaky"]
    attempts = [
        (span.attributes or {}).get(semconv.RETRY_ATTEMPT)
        for span in tracing.spans
        if span.name == "flaky"
    ]
    # The last is the run of the retry itself, which has the name of what it retries.
    assert attempts == [None, 2, None]


def tool_node_answer(handle: bool) -> Any:
    call = {"name": "failing_tool", "args": {"text": "x"}, "id": "call-1", "type": "tool_call"}
    builder = StateGraph(MessagesState)
    builder.add_node("tools", ToolNode([failing_tool], handle_tool_errors=handle))
    builder.add_edge(START, "tools")
    return builder.compile(name="g").invoke({"messages": [AIMessage("", tool_calls=[call])]})


def test_tool_error_that_the_node_handles(tracing: Tracing) -> None:
    """`ToolNode(handle_tool_errors=True)`: the tool is red, node and graph are not."""
    answer = tool_node_answer(handle=True)
    assert answer["messages"][-1].status == "error"
    assert red_spans(tracing) == ["execute_tool failing_tool"]


def test_tool_message_with_error_status(tracing: Tracing) -> None:
    """A tool that reports its failure as a message has failed, though nothing was raised."""

    @tool
    def declining(text: str) -> str:
        """Decline."""
        raise ToolException("no")

    declining.handle_tool_error = True
    call = {"name": "declining", "args": {"text": "x"}, "id": "call-1", "type": "tool_call"}
    message = declining.invoke(call)
    assert isinstance(message, ToolMessage)
    span = tracing.span("execute_tool declining")
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})[semconv.ERROR_TYPE] == semconv.TOOL_ERROR


@pytest.mark.parametrize("status", [StatusCode.OK, StatusCode.ERROR])
def test_status_that_the_user_set_stays(tracing: Tracing, status: StatusCode) -> None:
    """What user code says of its span is not overwritten by a failure after it."""

    def body(_: Any) -> Any:
        trace.get_current_span().set_status(status, "mine" if status is StatusCode.ERROR else None)
        raise OwnError(SECRET)

    with pytest.raises(OwnError):
        RunnableLambda(body).invoke("hello")
    (span,) = tracing.spans
    assert span.status.status_code is status
    assert span.status.description == ("mine" if status is StatusCode.ERROR else None)


def test_success_has_no_status(tracing: Tracing) -> None:
    """Never OK: the SDK would ignore every later status."""
    (RunnableLambda(lambda x: x) | Model()).invoke("hello")
    assert {span.status.status_code for span in tracing.spans} == {StatusCode.UNSET}


def graph_of(node: Any, **options: Any) -> Any:
    builder = StateGraph(State)
    builder.add_node("node", node)
    builder.add_edge(START, "node")
    builder.add_edge("node", END)
    return builder.compile(name="graph", **options)


def outcomes(tracing: Tracing) -> dict[str, Any]:
    return {span.name: (span.attributes or {}).get(semconv.RUN_OUTCOME) for span in tracing.spans}


def test_interrupt_is_no_error(tracing: Tracing) -> None:
    """A graph that asks a person something is interrupted, not failed."""
    from langgraph.checkpoint.memory import InMemorySaver

    def ask(state: State) -> State:
        return {"text": interrupt(SECRET)}

    graph = graph_of(ask, checkpointer=InMemorySaver())
    graph.invoke({"text": "hello"}, {"configurable": {"thread_id": "1"}})
    assert red_spans(tracing) == []
    assert outcomes(tracing)["node"] == "interrupted"
    assert SECRET not in "".join(span.to_json() for span in tracing.spans)


def test_hand_off_is_no_error(tracing: Tracing) -> None:
    """A command to the parent graph leaves the inner one by an exception that is no failure."""
    inner = graph_of(lambda _: Command(goto="after", graph=Command.PARENT, update={"text": SECRET}))
    builder = StateGraph(State)
    builder.add_node("inner", inner)
    builder.add_node("after", lambda state: state)
    builder.add_edge(START, "inner")
    builder.add_edge("after", END)
    builder.compile(name="outer").invoke({"text": "hello"})
    assert red_spans(tracing) == []
    assert outcomes(tracing)["invoke_workflow graph"] == "handed_off"
    assert SECRET not in "".join(span.to_json() for span in tracing.spans)


def test_recursion_limit_is_an_error(tracing: Tracing) -> None:
    """A graph that runs in circles has failed."""
    builder = StateGraph(State)
    builder.add_node("node", lambda state: state)
    builder.add_edge(START, "node")
    builder.add_conditional_edges("node", lambda _: "node", ["node"])
    with pytest.raises(GraphRecursionError):
        builder.compile(name="circle").invoke({"text": "x"}, {"recursion_limit": 3})
    assert red_spans(tracing) == ["invoke_workflow circle"]
