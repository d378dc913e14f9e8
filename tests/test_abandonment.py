"""Runs that are cancelled, closed or dropped end, with what came before, and are no errors."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool, tool
from langgraph.graph import END, START, StateGraph
from opentelemetry import context as otel_context
from opentelemetry.trace import StatusCode
from typing_extensions import TypedDict

from langchain_otel import semconv
from langchain_otel.runs.outcome import CANCELLED, CLOSED
from langchain_otel.runs.store import RUNS
from models import Model, Retriever, StreamingModel
from recording import Tracing
from waiting import Hold, begun, timed_out, until

pytestmark = pytest.mark.usefixtures("wrapped_once")


class State(TypedDict):
    text: str


def waiting_tool(hold: Hold) -> BaseTool:
    @tool
    async def wait(text: str) -> str:
        """Wait."""
        await hold.stay()
        return text

    return wait


def sync_tool(error: BaseException) -> BaseTool:
    @tool
    def fail(text: str) -> str:
        """Fail."""
        raise error

    return fail


def graph(hold: Hold) -> Any:
    async def node(state: State) -> State:
        await Model(hold=hold).ainvoke(state["text"])
        return state

    builder = StateGraph(State)
    builder.add_node("node", node)
    builder.add_edge(START, "node")
    builder.add_edge("node", END)
    return builder.compile()


def sequence(hold: Hold) -> Any:
    async def deep(text: str) -> str:
        await Model(hold=hold).ainvoke(text)
        return text

    return RunnableLambda(deep) | RunnableLambda(deep)


ASYNC_PROGRAMS: dict[str, Callable[[Hold], Awaitable[Any]]] = {
    "model": lambda hold: Model(hold=hold).ainvoke("hello"),
    "streaming model": lambda hold: StreamingModel(hold=hold).ainvoke("hello", stream=True),
    "tool": lambda hold: waiting_tool(hold).ainvoke({"text": "hello"}),
    "retriever": lambda hold: Retriever(hold=hold).ainvoke("hello"),
    "sequence": lambda hold: sequence(hold).ainvoke("hello"),
    "parallel models": lambda hold: Model(hold=hold).abatch(["a", "b"]),
    "graph": lambda hold: graph(hold).ainvoke({"text": "hello"}),
}
# How many of a program's runs are open where it stays.
OPEN = {"sequence": 3, "parallel models": 2, "graph": 3}


@pytest.mark.parametrize("program", ASYNC_PROGRAMS)
async def test_timeout_ends_every_run_as_cancelled(tracing: Tracing, program: str) -> None:
    """LangChain reports no end for several of these runs; each has one span, none of them red."""
    before = otel_context.get_current()
    hold = Hold(2 if program == "parallel models" else 1)
    await timed_out(ASYNC_PROGRAMS[program](hold), hold)
    await until(lambda: len(RUNS) == 0)
    assert otel_context.get_current() is before
    assert len(tracing.spans) == OPEN.get(program, 1)
    for span in tracing.spans:
        assert span.attributes is not None
        assert span.attributes[semconv.RUN_OUTCOME] == CANCELLED, span.name
        assert span.status.status_code is StatusCode.UNSET
        assert semconv.ERROR_TYPE not in span.attributes


async def test_cancelled_stream_keeps_text_and_tokens(
    tracing_with_content: Tracing,
) -> None:
    """What came before the cancellation stands on the span."""
    tracing = tracing_with_content

    hold = Hold()

    async def consume() -> None:
        async for _ in StreamingModel(words=["one"] * 9, hold=hold).astream("hello"):
            pass

    task = await begun(consume(), hold)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    attributes = tracing.span("chat").attributes or {}
    assert attributes[semconv.RUN_OUTCOME] == CANCELLED
    assert attributes[semconv.GEN_AI_RESPONSE_FINISH_REASONS] == ("error",)
    assert attributes[semconv.GEN_AI_USAGE_INPUT_TOKENS] == 3
    assert attributes[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == 9
    assert f'"{"one" * 9}"' in str(attributes[semconv.GEN_AI_OUTPUT_MESSAGES])


async def test_cancelled_streaming_ainvoke_keeps_text_and_tokens(
    tracing_with_content: Tracing,
) -> None:
    """The same where the caller did not stream and LangChain reports nothing of the end."""
    tracing = tracing_with_content
    hold = Hold()
    model = StreamingModel(words=["one"] * 9, hold=hold)
    await timed_out(model.ainvoke("hello", stream=True), hold)
    attributes = tracing.span("chat").attributes or {}
    assert attributes[semconv.GEN_AI_USAGE_INPUT_TOKENS] == 3
    assert attributes[semconv.GEN_AI_REQUEST_STREAM] is True
    assert f'"{"one" * 9}"' in str(attributes[semconv.GEN_AI_OUTPUT_MESSAGES])


def close_early(stream: Any) -> None:
    next(stream)
    stream.close()


def drop(stream: Any) -> None:
    next(stream)
    del stream
    gc.collect()


@pytest.mark.parametrize("leave", [close_early, drop])
def test_closed_stream_is_an_outcome(tracing: Tracing, leave: Callable[[Any], None]) -> None:
    """A consumer that stops early, or lets go of the generator, ends the model's span."""
    leave(StreamingModel().stream("hello"))
    span = tracing.span("chat")
    assert span.attributes is not None
    assert span.attributes[semconv.RUN_OUTCOME] == CLOSED
    assert span.attributes[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == 1
    assert span.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize("make", [StreamingModel, lambda: StreamingModel() | StrOutputParser()])
async def test_closed_async_stream_is_an_outcome(tracing: Tracing, make: Callable[[], Any]) -> None:
    """The same in async code, for a model and for a chain."""
    stream = make().astream("hello")
    await anext(stream)
    await stream.aclose()
    for span in tracing.spans:
        assert (span.attributes or {})[semconv.RUN_OUTCOME] == CLOSED
        assert span.status.status_code is StatusCode.UNSET


async def test_dropped_async_stream_ends(tracing: Tracing) -> None:
    """An async generator that nobody closes is closed by the event loop."""
    stream = StreamingModel().astream("hello")
    await anext(stream)
    del stream
    gc.collect()
    await until(lambda: len(RUNS) == 0)
    assert (tracing.span("chat").attributes or {})[semconv.RUN_OUTCOME] == CLOSED


def test_closed_graph_stream_is_an_outcome(tracing: Tracing) -> None:
    """Breaking out of a graph's stream closes the graph's span."""
    builder = StateGraph(State)
    builder.add_node("first", lambda state: state)
    builder.add_node("second", lambda state: state)
    builder.add_edge(START, "first")
    builder.add_edge("first", "second")
    stream = builder.compile(name="steps").stream({"text": "hello"})
    close_early(stream)
    graph_span = tracing.span("invoke_workflow steps")
    assert (graph_span.attributes or {})[semconv.RUN_OUTCOME] == CLOSED
    assert graph_span.status.status_code is StatusCode.UNSET


def interrupting(interrupt: BaseException) -> dict[str, Callable[[], Any]]:
    def raise_it(_: Any) -> None:
        raise interrupt

    return {
        "model": lambda: Model(fails=interrupt).invoke("hello"),
        "stream": lambda: list(StreamingModel(fails=interrupt).stream("hello")),
        "tool": lambda: sync_tool(interrupt).invoke({"text": "hello"}),
        "retriever": lambda: Retriever(fails=interrupt).invoke("hello"),
        "lambda": lambda: RunnableLambda(raise_it).invoke("hello"),
    }


@pytest.mark.parametrize("program", interrupting(KeyboardInterrupt()))
@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_keyboard_interrupt_is_an_outcome(
    tracing: Tracing, program: str, interrupt: type[BaseException]
) -> None:
    """Ctrl-C and an exit end every span, and reach the application as they are."""
    error = interrupt()
    with pytest.raises(interrupt) as raised:
        interrupting(error)[program]()
    assert raised.value is error
    (span,) = tracing.spans
    assert (span.attributes or {})[semconv.RUN_OUTCOME] == CANCELLED
    assert span.status.status_code is StatusCode.UNSET


@pytest.mark.skipif(
    not hasattr(StreamingModel, "stream_events"), reason="stream_events came after LangChain 1.0"
)
async def test_v3_stream_that_is_left_ends(tracing_with_content: Tracing) -> None:
    """The protocol stream of an abandoned answer ends its run, with the text so far."""
    tracing = tracing_with_content
    stream = StreamingModel().stream_events("hello", version="v3")
    text = iter(stream.text)
    assert next(text) == "one"
    del stream, text
    gc.collect()
    attributes = tracing.span("chat").attributes or {}
    assert attributes[semconv.RUN_OUTCOME] == CLOSED
    assert "one" in str(attributes[semconv.GEN_AI_OUTPUT_MESSAGES])
