"""How many spans runs without a name in the conventions have, and what holds at every level."""

from typing import Any

import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda

from langchain_otel import semconv
from marked_graph import marked_graph
from models import Model
from recording import Tracing, instrumented

ALL = """\
invoke_workflow
  ChatPromptTemplate
  chat
  outer
    in outer
    inner
      in inner
      invoke_workflow steps
        node
          in node
          mine
            chat"""
NODES = """\
invoke_workflow
  chat
  in outer
  in inner
  invoke_workflow steps
    node
      in node
      mine
        chat"""
SEMANTIC = """\
invoke_workflow
  chat
  in outer
  in inner
  invoke_workflow steps
    in node
    mine
      chat"""


def program(tracing: Tracing) -> Any:
    graph = marked_graph(tracing)

    def inner(message: Any) -> Any:
        tracing.mark("in inner")
        return graph.invoke({"messages": [message]})

    def outer(message: Any) -> Any:
        tracing.mark("in outer")
        return RunnableLambda(inner, name="inner").invoke(message)

    prompt = ChatPromptTemplate.from_template("about {topic}")
    return prompt | Model() | RunnableLambda(outer, name="outer")


@pytest.mark.parametrize(
    ("detail", "tree"), [("all", ALL), ("nodes", NODES), ("semantic", SEMANTIC)]
)
def test_levels(detail: str, tree: str) -> None:
    """Children of a run that is left out hang under the nearest one kept, user spans too."""
    tracing = Tracing()
    with instrumented(tracing, detail=detail):
        program(tracing).invoke({"topic": "x"})
    assert tracing.tree() == tree


@pytest.mark.parametrize("detail", ["nodes", "semantic"])
async def test_levels_async(detail: str) -> None:
    """The same in async code, with streaming."""
    tracing = Tracing()
    with instrumented(tracing, detail=detail):
        async for _ in program(tracing).astream({"topic": "x"}):
            pass
    assert sorted(tracing.tree().split()) == sorted(
        {"nodes": NODES, "semantic": SEMANTIC}[detail].split()
    )


def test_annotations_go_to_those_who_have_a_span() -> None:
    """Tags and metadata given to a run that is left out stand on its children."""
    tracing = Tracing()
    config: Any = {"tags": ["mine"], "metadata": {"tenant": "acme"}}
    step = RunnableLambda(Model().invoke).with_config(config)
    with instrumented(tracing, detail="semantic"):
        RunnableLambda(step.invoke).invoke("hello")
    attributes = tracing.span("chat").attributes or {}
    assert attributes[semconv.TAGS] == ("mine",)
    assert attributes[semconv.METADATA + "tenant"] == "acme"


@pytest.mark.parametrize("detail", ["all", "nodes", "semantic"])
def test_root_is_one_trace_with_what_was_given(detail: str) -> None:
    """A chain of two model calls is one trace at every level, with its name, tags and metadata."""
    tracing = Tracing()
    config: Any = {"run_name": "twice", "tags": ["mine"], "metadata": {"tenant": "acme"}}
    with instrumented(tracing, detail=detail):
        (Model() | StrOutputParser() | Model()).invoke("hello", config)
    assert len({span.context.trace_id for span in tracing.spans if span.context}) == 1
    attributes = tracing.span("invoke_workflow twice").attributes or {}
    assert attributes[semconv.TAGS] == ("mine",)
    assert attributes[semconv.METADATA + "tenant"] == "acme"


def fail(_: Any) -> Any:
    raise ValueError


def test_error_of_a_run_that_is_left_out() -> None:
    """Its exception is recorded all the same, in the span that is current there."""
    tracing = Tracing()

    def outer(text: str) -> Any:
        with tracing.user_span("request"):
            return RunnableLambda(fail).invoke(text)

    with instrumented(tracing, detail="semantic"), pytest.raises(ValueError):
        RunnableLambda(outer).invoke("x")
    (record,) = tracing.logs
    request = tracing.span("request").context
    assert request is not None
    assert record.log_record.span_id == request.span_id


def test_root_shows_the_exception_of_a_run_that_is_left_out() -> None:
    """On the nearest span of ours that it ended, not on a span of the user's."""
    tracing = Tracing()
    with instrumented(tracing, detail="semantic"), pytest.raises(ValueError):
        RunnableLambda(RunnableLambda(fail).invoke, name="root").invoke("x")
    (event,) = tracing.span("invoke_workflow root").events
    assert event.name == "exception"
