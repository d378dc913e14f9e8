"""A tool's span links to the model call whose answer asked for it."""

import asyncio
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, interrupt
from opentelemetry.sdk.trace import ReadableSpan
from pydantic import Field

from langchain_otel import semconv
from models import Model
from recording import Tracing, id_of
from versions import create_agent, release


@tool
def look_up(word: str) -> str:
    """Look up a word."""
    return word.upper()


@tool
def ask(word: str) -> str:
    """Ask a person."""
    return str(interrupt(word))


def call(name: str, number: int) -> Any:
    """A tool call; another conversation has calls of the same ids."""
    return {"name": name, "args": {"word": "x"}, "id": f"call_{number}", "type": "tool_call"}


class Asking(Model):
    """A model that asks for all tool calls of a round, then answers."""

    rounds: list[list[Any]] = Field(default_factory=list)

    def _generate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
        done = sum(isinstance(message, AIMessage) for message in messages)
        calls = self.rounds[done] if done < len(self.rounds) else []
        message = AIMessage("" if calls else "done", tool_calls=calls)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self


def asked_by(span: ReadableSpan, tracing: Tracing) -> str:
    """What the span links to: a model call, counted by start in its trace."""
    (link,) = span.links
    assert dict(link.attributes or {}) == {semconv.LINK_TYPE: semconv.REQUESTED_BY}
    models = [
        other
        for other in sorted(tracing.spans, key=lambda other: other.start_time or 0)
        if other.name.startswith("chat") and trace_of(other) == link.context.trace_id
    ]
    return f"model {[id_of(model) for model in models].index(link.context.span_id)}"


def trace_of(span: ReadableSpan) -> int:
    context = span.get_span_context()
    assert context is not None
    return context.trace_id


def tools(tracing: Tracing) -> list[ReadableSpan]:
    found = [span for span in tracing.spans if span.name.startswith("execute_tool")]
    return sorted(found, key=lambda span: span.start_time or 0)


ROUNDS = [[call("look_up", 1), call("look_up", 2)], [call("look_up", 1)]]
QUESTION: Any = {"messages": [HumanMessage("hello")]}


def test_an_agent(tracing: Tracing) -> None:
    """Each call, also the second of a round, and one whose id comes again in the next round."""
    create_agent(Asking(rounds=ROUNDS), [look_up]).invoke(QUESTION)
    found = [asked_by(span, tracing) for span in tools(tracing)]
    assert found == ["model 0", "model 0", "model 1"]
    assert all(trace_of(span) == trace_of(tools(tracing)[0]) for span in tracing.spans)


async def test_agents_side_by_side(tracing: Tracing) -> None:
    """The same ids in other traces are other calls."""
    agent = create_agent(Asking(rounds=ROUNDS), [look_up])
    await asyncio.gather(*(agent.ainvoke(QUESTION) for _ in range(5)))
    assert len(tools(tracing)) == 15
    for span in tools(tracing):
        (link,) = span.links
        assert link.context.trace_id == trace_of(span)


@pytest.mark.parametrize("together", [True, False])
def test_a_loop_by_hand(tracing: Tracing, together: bool) -> None:
    """Also where nothing is around the two, and each is a trace of its own."""
    model = Asking(rounds=ROUNDS)
    if together:
        with tracing.user_span("loop"):
            look_up.invoke(model.invoke([HumanMessage("hello")]).tool_calls[0])
    else:
        look_up.invoke(model.invoke([HumanMessage("hello")]).tool_calls[0])
    (span,) = tools(tracing)
    assert asked_by(span, tracing) == "model 0"
    (link,) = span.links
    assert (link.context.trace_id == trace_of(span)) is together


@pytest.mark.skipif(
    release("langchain-core") < (1, 1), reason="a tool's start does not name its call here"
)
def test_after_a_person_was_asked(tracing: Tracing) -> None:
    """The tool goes on in another trace, and links to the model call in the first one."""
    agent = create_agent(
        Asking(rounds=[[call("ask", 1)]]), [ask], name="asker", checkpointer=InMemorySaver()
    )
    config: Any = {"configurable": {"thread_id": "1"}}
    agent.invoke(QUESTION, config)
    # Another conversation has a call of the same id in the meantime.
    create_agent(Asking(rounds=ROUNDS), [look_up]).invoke(QUESTION)
    agent.invoke(Command(resume="yes"), config)
    asks = [span for span in tools(tracing) if span.name == "execute_tool ask"]
    first, second = asks
    assert trace_of(first) != trace_of(second)
    assert [asked_by(span, tracing) for span in asks] == ["model 0", "model 0"]
    assert {link.context.trace_id for span in asks for link in span.links} == {trace_of(first)}


def test_a_call_that_no_model_asked_for(tracing: Tracing) -> None:
    """There is nothing to link to."""
    look_up.invoke({**call("look_up", 1), "id": "nobody-asked"})
    look_up.invoke({"word": "x"})
    assert [span.links for span in tools(tracing)] == [(), ()]
