"""Strings planted wherever content can enter are searched for in every byte that leaves."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from langchain_core.callbacks import (
    CallbackManagerForChainRun,
    CallbackManagerForRetrieverRun,
    dispatch_custom_event,
)
from langchain_core.documents import Document
from langchain_core.language_models import FakeListLLM
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt
from opentelemetry import context as otel_context
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from typing_extensions import TypedDict

from langchain_otel import health
from models import Model
from recording import Tracing, instrumented
from versions import classic

PICTURE = "c2VudGluZWwtcGljdHVyZQ=="

MESSAGES = (
    "in-system",
    "in-user",
    "in-answer",
    "in-tool-message",
    "in-completion-prompt",
    "in-completion-answer",
)
TOOLS = ("in-tool-argument", "in-tool-result", "in-agent-action", "in-agent-finish")
DOCUMENTS = ("in-query", "in-document", "in-document-metadata")
VARIABLES = ("in-prompt-variable",)
EXCEPTIONS = ("in-exception", "in-tool-exception", "in-cause")
EVENTS = ("in-text", "in-custom-event", "in-interrupt")
# What goes into the root of a trace and comes out of it.
ROOTS = ("in-state", "in-command", "in-chain-input", "in-chain-output")
SENTINELS = (*MESSAGES, *TOOLS, *DOCUMENTS, *VARIABLES, *EXCEPTIONS, *EVENTS, *ROOTS, PICTURE)

# Where the conventions have no event for it, content goes on spans only.
ON_SPANS = {*MESSAGES, *TOOLS, *DOCUMENTS, *VARIABLES, *EVENTS, *EXCEPTIONS, *ROOTS}
# Messages quote what tools were called with and gave.
ON_EVENTS = {*MESSAGES, *TOOLS, *VARIABLES, *EXCEPTIONS}


class SecretModel(Model):
    def _generate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage("in-answer"))])


class SecretRetriever(BaseRetriever):
    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [Document("in-document", metadata={"source": "in-document-metadata"})]


class State(TypedDict):
    text: str


@tool
def look_up(text: str) -> str:
    """Look something up."""
    if text == "fail":
        raise ValueError("in-tool-exception")
    return "in-tool-result"


def chains() -> None:
    def body(text: str, run_manager: CallbackManagerForChainRun) -> str:
        run_manager.on_text("in-text")
        dispatch_custom_event("progress", {"data": "in-custom-event"})
        return "in-chain-output"

    def fail(_: Any) -> Any:
        try:
            raise KeyError("in-cause")
        except KeyError as cause:
            raise ValueError("in-exception") from cause

    RunnableLambda(body).invoke("in-chain-input")
    with suppress(ValueError):
        RunnableLambda(fail).invoke("in-chain-input")
    prompt = ChatPromptTemplate.from_template("Greet {name}")
    (prompt | SecretModel()).invoke({"name": "in-prompt-variable"})


def models() -> None:
    call = {"name": "look_up", "args": {"text": "in-tool-argument"}, "id": "call-1"}
    picture = {"type": "image", "base64": PICTURE, "mime_type": "image/png"}
    SecretModel().invoke(
        [
            SystemMessage("in-system"),
            HumanMessage([{"type": "text", "text": "in-user"}, picture]),
            AIMessage("", tool_calls=[call | {"type": "tool_call"}]),
            ToolMessage("in-tool-message", tool_call_id="call-1"),
        ]
    )
    FakeListLLM(responses=["in-completion-answer"]).invoke("in-completion-prompt")


def tools() -> None:
    look_up.invoke({"text": "in-tool-argument"})
    with suppress(ValueError):
        look_up.invoke({"text": "fail"})
    model = FakeListLLM(
        responses=[
            "Action: look_up\nAction Input: in-agent-action",
            "Final Answer: in-agent-finish",
        ]
    )
    prompt = PromptTemplate.from_template("{tools} {tool_names} {input} {agent_scratchpad}")
    agents = classic("agents")
    agent = agents.create_react_agent(model, [look_up], prompt)
    agents.AgentExecutor(agent=agent, tools=[look_up]).invoke({"input": "question"})


def graphs() -> None:
    def ask(state: State) -> State:
        return {"text": interrupt("in-interrupt")}

    builder = StateGraph(State)
    builder.add_node("ask", ask)
    builder.add_node("leave", lambda _: Command(goto="ask", update={"text": "in-command"}))
    builder.add_edge(START, "leave")
    graph: Any = builder.compile(checkpointer=InMemorySaver(), name="graph")
    graph.invoke({"text": "in-state"}, {"configurable": {"thread_id": "1"}})
    inner = StateGraph(State)
    inner.add_node(
        "up", lambda _: Command(graph=Command.PARENT, goto="ask", update={"text": "in-command"})
    )
    inner.add_edge(START, "up")
    with suppress(Exception):
        inner.compile().invoke({"text": "in-state"})


def everything() -> None:
    chains()
    models()
    tools()
    graphs()
    SecretRetriever().invoke("in-query")


class Channels:
    """Every byte that leaves, by the channel it leaves on."""

    def __init__(self, tracing: Tracing, caplog: pytest.LogCaptureFixture) -> None:
        self.spans = encode_spans(tracing.spans).SerializeToString()
        self.events = encode_logs(tracing.logs).SerializeToString()
        data = tracing.metric_reader.get_metrics_data()
        assert data is not None
        self.metrics = encode_metrics(data).SerializeToString()
        own = [record for record in caplog.records if record.name.startswith("langchain_otel")]
        self.own_log = "\n".join(logging.Formatter().format(record) for record in own).encode()

    def found(self, channel: str) -> set[str]:
        sent: bytes = getattr(self, channel)
        return {sentinel for sentinel in SENTINELS if sentinel.encode() in sent}


@pytest.fixture
def loud(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Our own log at its most talkative."""
    with caplog.at_level(logging.DEBUG, logger="langchain_otel"):
        yield caplog


@pytest.mark.parametrize(
    ("mode", "on_spans", "on_events"),
    [
        ("NO_CONTENT", set(), set()),
        ("SPAN_ONLY", ON_SPANS, set()),
        ("EVENT_ONLY", set(), ON_EVENTS),
        ("SPAN_AND_EVENT", ON_SPANS, ON_EVENTS),
    ],
)
def test_content_is_where_it_belongs(
    mode: str, on_spans: set[str], on_events: set[str], loud: pytest.LogCaptureFixture
) -> None:
    """With content off nothing is found; in each mode only where the mode says."""
    tracing = Tracing()
    with instrumented(tracing, capture_message_content=mode):
        everything()
    channels = Channels(tracing, loud)
    assert channels.found("spans") == on_spans
    assert channels.found("events") == on_events
    assert channels.found("metrics") == set()
    assert channels.found("own_log") == set()


def test_failures_of_ours_quote_nothing(loud: pytest.LogCaptureFixture) -> None:
    """Where describing a run fails, the log line names the place and the type, not the text."""
    health.strict = False
    health.failed("place", ValueError("in-exception"))
    assert health.failures.pop("place:ValueError") == 1
    (warning, *rest) = loud.records
    assert "in-exception" not in warning.getMessage()
    # The stack trace, which quotes the text, is for the level DEBUG alone.
    assert all(record.levelno == logging.DEBUG for record in rest)


def test_the_context_of_a_run_quotes_nothing(tracing_with_content: Tracing) -> None:
    """Whoever prints OpenTelemetry's context in a run's code prints no content."""
    printed = []

    class Printing(SecretModel):
        def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> ChatResult:
            printed.append(repr(otel_context.get_current()))
            return super()._generate(messages, *args, **kwargs)

    Printing().invoke("in-user")
    assert "Run object" in printed[0]
    assert "in-user" not in printed[0]
