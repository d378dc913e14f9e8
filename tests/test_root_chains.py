"""The root of a chain is a workflow: its name, its content, its metric."""

import json
from typing import Any

import pytest
from langchain_core.callbacks.manager import trace_as_chain_group
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import (
    RunnableBranch,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    RunnableSequence,
    RunnableSerializable,
)
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt
from opentelemetry.sdk.trace import ReadableSpan

from langchain_otel import OpenTelemetryCallbackHandler, semconv
from models import Model
from recording import Tracing, instrumented
from shown import MODES, executed

pytestmark = pytest.mark.usefixtures("wrapped_once")

WORKFLOW = semconv.INVOKE_WORKFLOW
NAME = semconv.GEN_AI_WORKFLOW_NAME
RUN_NAME = semconv.RUN_NAME
PROMPT = ChatPromptTemplate.from_template("about {topic}")


class Own(RunnableSerializable[Any, Any]):
    """A runnable of a user's own class."""

    def invoke(self, input: Any, config: Any = None, **_: Any) -> Any:  # noqa: A002
        return self._call_with_config(lambda it: it, input, config)


def answer(text: Any) -> Any:
    return text


UNNAMED: dict[str, Any] = {
    "sequence": PROMPT | Model(),
    "lambda": RunnableLambda(lambda it: it),
    "parallel": RunnableParallel(first=answer, second=answer),
    "passthrough": RunnablePassthrough(),
    "assigned": RunnablePassthrough.assign(more=answer),
    "branch": RunnableBranch((lambda _: True, answer), answer),
    "retried": (PROMPT | Model()).with_retry(),
    "with fallbacks": (PROMPT | Model()).with_fallbacks([PROMPT | Model()]),
    "own class": Own(),
}
NAMED: dict[str, Any] = {
    "sequence": RunnableSequence(PROMPT, Model(), name="mine"),
    "function": RunnableLambda(answer, name="mine"),
    "parallel": RunnableParallel(first=answer, second=answer).with_config(run_name="mine"),
    "configured": (PROMPT | Model()).with_config(run_name="mine"),
    "retried": RunnableSequence(PROMPT, Model(), name="mine").with_retry(),
    "own class": Own(name="mine"),
}
GIVEN = {"topic": "cats"}


def root_of(tracing: Tracing) -> ReadableSpan:
    (root,) = [span for span in tracing.spans if span.parent is None]
    return root


def facts(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def said(span: ReadableSpan, name: str) -> list[tuple[str, Any]]:
    """The messages of an attribute: role and text."""
    messages = json.loads(facts(span)[name])
    return [(message["role"], message["parts"][0]["content"]) for message in messages]


def into(span: ReadableSpan) -> list[tuple[str, Any]]:
    return said(span, semconv.GEN_AI_INPUT_MESSAGES)


def out_of(span: ReadableSpan) -> list[tuple[str, Any]]:
    return said(span, semconv.GEN_AI_OUTPUT_MESSAGES)


@pytest.mark.parametrize("chain", UNNAMED.values(), ids=UNNAMED)
def test_chain_that_nobody_named(tracing: Tracing, mode: str, chain: Any) -> None:
    """It is a workflow without a name: that of a type says which kind of thing it is."""
    executed(chain, GIVEN, mode)
    root = root_of(tracing)
    assert root.name == WORKFLOW
    assert facts(root)[semconv.GEN_AI_OPERATION_NAME] == WORKFLOW
    assert not {NAME, RUN_NAME} & facts(root).keys()


@pytest.mark.parametrize("chain", UNNAMED.values(), ids=UNNAMED)
def test_name_of_a_run(tracing: Tracing, chain: Any) -> None:
    """Where a chain has no name of its own, it has that of its run."""
    chain.invoke(GIVEN, {"run_name": "question"})
    root = root_of(tracing)
    assert (root.name, facts(root)[NAME]) == (f"{WORKFLOW} question", "question")
    assert RUN_NAME not in facts(root)


@pytest.mark.parametrize("chain", NAMED.values(), ids=NAMED)
def test_chain_that_somebody_named(tracing: Tracing, mode: str, chain: Any) -> None:
    """By its own name, or by one that it was configured with."""
    executed(chain, GIVEN, mode)
    root = root_of(tracing)
    assert (root.name, facts(root)[NAME]) == (f"{WORKFLOW} mine", "mine")
    assert RUN_NAME not in facts(root)


@pytest.mark.parametrize("chain", [NAMED["sequence"], NAMED["function"], NAMED["own class"]])
def test_its_own_name_comes_first(tracing: Tracing, chain: Any) -> None:
    """A name given at each request is that of the run, and of no metric."""
    chain.invoke(GIVEN, {"run_name": "request 4711"})
    root = root_of(tracing)
    assert (root.name, facts(root)[RUN_NAME]) == (f"{WORKFLOW} mine", "request 4711")
    (point,) = tracing.points("gen_ai.invoke_workflow.duration")
    assert point.attributes == {NAME: "mine"}


async def test_every_run_of_a_batch(tracing: Tracing) -> None:
    """Each is a workflow of its own, in whatever way it starts."""
    chain = NAMED["sequence"]
    chain.batch([GIVEN] * 2)
    await chain.abatch([GIVEN] * 2)
    roots = [span for span in tracing.spans if span.parent is None]
    assert [root.name for root in roots] == [f"{WORKFLOW} mine"] * 4


def test_group(tracing: Tracing) -> None:
    """A group of chains is a chain run without a parent, and has a name."""
    with trace_as_chain_group("my group", inputs={"question": "x"}) as group:
        (PROMPT | Model()).invoke(GIVEN, {"callbacks": group})
    assert tracing.tree().splitlines()[:2] == [f"{WORKFLOW} my group", "  RunnableSequence"]


def test_what_is_one_step_alone(tracing_with_content: Tracing) -> None:
    """A prompt, a parser or a model that nothing is around is no workflow."""
    PROMPT.invoke(GIVEN)
    StrOutputParser().invoke("text")
    Model().invoke("hi")
    names = ["ChatPromptTemplate", "StrOutputParser", "chat"]
    assert tracing_with_content.names() == names
    assert "gen_ai.invoke_workflow.duration" not in tracing_with_content.metrics()


def test_inside_a_span_of_the_user(tracing: Tracing) -> None:
    """It is a root of LangChain's all the same."""
    with tracing.user_span("request"):
        UNNAMED["lambda"].invoke(1)
    assert tracing.tree() == f"request\n  {WORKFLOW}"


@pytest.mark.parametrize("detail", ["all", "nodes"])
def test_called_plainly_in_the_body_of_a_run(detail: str) -> None:
    """It is a step of that run, though LangChain names no parent, and below it a step too."""
    tracing = Tracing()

    def outer(text: Any) -> Any:
        return RunnableLambda(inner).invoke(text, {"callbacks": []})

    def inner(text: Any) -> Any:
        return Model().invoke(text)

    with instrumented(tracing, detail=detail):
        RunnableLambda(outer).invoke("hi")
    step = "  inner\n    " if detail == "all" else "  "
    assert tracing.tree() == f"{WORKFLOW} outer\n{step}chat"
    (point,) = tracing.points("gen_ai.invoke_workflow.duration")
    assert point.count == 1


def test_root_for_one_provider_is_a_step_for_another(tracing: Tracing) -> None:
    """What another provider records around it is nothing to this one."""
    other = Tracing()
    handler = OpenTelemetryCallbackHandler(tracer_provider=other.tracer_provider)
    inner = RunnableLambda(answer)
    RunnableLambda(lambda it: inner.invoke(it, {"callbacks": [handler]}), name="outer").invoke("x")
    assert tracing.tree() == f"{WORKFLOW} outer\n  answer"
    assert other.names() == [f"{WORKFLOW} answer"]


def test_conversation(tracing: Tracing) -> None:
    """Of its own metadata."""
    UNNAMED["sequence"].invoke(GIVEN, {"metadata": {"thread_id": "t-1"}})
    assert facts(root_of(tracing))[semconv.GEN_AI_CONVERSATION_ID] == "t-1"


VALUES: dict[str, tuple[Any, list[tuple[str, Any]]]] = {
    "text": ("hello", [("user", "hello")]),
    "number": (3, [("user", "3")]),
    "dict": ({"topic": "cats"}, [("user", '{"topic":"cats"}')]),
    "message": (HumanMessage("hello"), [("user", "hello")]),
    "messages": ([HumanMessage("a"), AIMessage("b")], [("user", "a"), ("assistant", "b")]),
    "state": ({"messages": [HumanMessage("a")]}, [("user", "a")]),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("given", "expected"), VALUES.values(), ids=VALUES)
def test_input(tracing_with_content: Tracing, mode: str, given: Any, expected: Any) -> None:
    """The messages in it, or all of it as what a user says, streamed or not."""
    executed(RunnableLambda(lambda _: "done"), given, mode)
    root = root_of(tracing_with_content)
    assert into(root) == expected
    assert out_of(root) == [("assistant", "done")]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("text", "text"),
        ({"a": 1}, '{"a":1}'),
        (AIMessage("hello"), "hello"),
        ({"messages": [HumanMessage("a"), AIMessage("last")]}, "last"),
    ],
)
def test_output(tracing_with_content: Tracing, result: Any, expected: str) -> None:
    """A message, of a state the last one, or else all of it as what an assistant says."""
    RunnableLambda(lambda _: result).invoke("x")
    assert out_of(root_of(tracing_with_content)) == [("assistant", expected)]


def test_steps_keep_theirs(tracing_with_content: Tracing) -> None:
    """What goes into the steps inside is a state, which has a switch of its own."""
    (PROMPT | Model() | RunnableLambda(answer)).invoke(GIVEN)
    step = tracing_with_content.span("answer")
    assert not {name for name in facts(step) if name.startswith(("gen_ai.", "langchain.state"))}
    assert semconv.STATE_INPUT not in facts(root_of(tracing_with_content))


def test_with_states_every_chain_has_its_own() -> None:
    """With `capture_state`, steps and root say it in the same attributes."""
    tracing = Tracing()
    with instrumented(tracing, capture_message_content="SPAN_ONLY", capture_state=True):
        (PROMPT | Model() | RunnableLambda(answer)).invoke(GIVEN)
    assert facts(root_of(tracing))[semconv.STATE_INPUT] == '{"topic":"cats"}'
    assert semconv.STATE_INPUT in facts(tracing.span("answer"))


@pytest.mark.parametrize(
    "options", [{}, {"capture_message_content": "SPAN_ONLY", "capture_messages": False}]
)
def test_nothing_without_content(options: dict[str, Any]) -> None:
    """Content is off by default, and messages have a switch."""
    tracing = Tracing()
    with instrumented(tracing, **options):
        UNNAMED["lambda"].invoke("a secret")
    assert "a secret" not in root_of(tracing).to_json()


def test_redaction_reaches_into_values() -> None:
    """`redact` is given each text of an input, not the JSON of all."""
    tracing = Tracing()

    def redact(text: str, attribute: str) -> str | None:
        return text.replace("cats", f"<{attribute}>")

    with instrumented(tracing, capture_message_content="SPAN_ONLY", redact=redact):
        UNNAMED["lambda"].invoke({"a": ["cats"]})
    assert into(root_of(tracing)) == [("user", '{"a":["<gen_ai.input.messages>"]}')]
    assert out_of(root_of(tracing)) == [("assistant", '{"a":["<gen_ai.output.messages>"]}')]


def test_graph_without_messages(tracing_with_content: Tracing) -> None:
    """Its state is what a user says and an assistant answers; what resumes it is an answer too."""

    def node(state: dict[str, Any]) -> dict[str, Any]:
        return {"topic": state["topic"] + interrupt("and?")}

    builder: Any = StateGraph(dict)
    builder.add_node("node", node)
    builder.add_edge(START, "node")
    graph = builder.compile(name="graph", checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "t"}}
    # LangGraph adds the interrupt to this very dict.
    graph.invoke(dict(GIVEN), config)
    graph.invoke(Command(resume=" and dogs"), config)
    paused, resumed = [span for span in tracing_with_content.spans if span.parent is None]
    assert into(paused) == [("user", '{"topic":"cats"}')]
    assert into(resumed) == [("user", " and dogs")]
    assert out_of(resumed) == [("assistant", '{"topic":"cats and dogs"}')]
    node_span = facts(tracing_with_content.spans[0])
    assert semconv.GEN_AI_INPUT_MESSAGES not in node_span
