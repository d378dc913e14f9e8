"""A handler of somebody else that stops LangChain's reports does not leave our runs open."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from langgraph.graph import END, START, StateGraph
from opentelemetry.trace import StatusCode
from typing_extensions import TypedDict

from langchain_otel import OpenTelemetryCallbackHandler, semconv
from langchain_otel.runs.outcome import CANCELLED
from models import Model, Retriever, StreamingModel
from modes.completions import StreamingCompletion
from recording import Tracing
from waiting import PATIENCE

pytestmark = pytest.mark.usefixtures("wrapped_once")

KINDS = ("chain", "chat_model", "llm", "tool", "retriever")
ENDS = {kind: kind.replace("chat_model", "llm") for kind in KINDS}


class RefusedError(Exception):
    """What the handler raises."""


class Raising(BaseCallbackHandler):
    """Raises at one event, inline or not."""

    raise_error = True

    def __init__(self, event: str, error: BaseException, *, inline: bool = True) -> None:
        self.run_inline = inline

        def fail(*_: Any, **__: Any) -> None:
            raise error

        setattr(self, event, fail)


class State(TypedDict):
    text: str


def graph() -> Any:
    builder = StateGraph(State)
    builder.add_node("node", lambda state: state)
    builder.add_edge(START, "node")
    builder.add_edge("node", END)
    return builder.compile(name="graph")


@tool
def echo(text: str) -> str:
    """Give it back."""
    return text


@tool
async def aecho(text: str) -> str:
    """Give it back, in a coroutine."""
    return text


class Silent:
    """Stands where a program has a probe."""

    def mark(self, *_: Any) -> None:
        """Mark nothing."""


def failing(error: BaseException) -> dict[str, tuple[Any, Any]]:
    """Something of each kind that fails."""

    @tool
    def fail(text: str) -> str:
        """Fail."""
        raise error

    def step(_: Any) -> Any:
        raise error

    return {
        "chain": (RunnableLambda(step), 1),
        "chat_model": (Model(fails=error), "hi"),
        "tool": (fail, {"text": "hi"}),
        "retriever": (Retriever(fails=error), "hi"),
    }


def working() -> dict[str, tuple[Any, Any]]:
    """Something of each kind."""
    return {
        "chain": (RunnableLambda(lambda x: x) | RunnableLambda(lambda x: x), 1),
        "chat_model": (Model(), "hi"),
        "llm": (StreamingCompletion(probe=Silent()), "hi"),
        "tool": (echo, {"text": "hi"}),
        "retriever": (Retriever(), "hi"),
    }


def invoke(it: Any, given: Any, config: Any) -> None:
    it.invoke(given, config)


def stream(it: Any, given: Any, config: Any) -> None:
    list(it.stream(given, config))


def batch(it: Any, given: Any, config: Any) -> None:
    it.batch([given, given], config)


def ainvoke(it: Any, given: Any, config: Any) -> None:
    asyncio.run(it.ainvoke(given, config))


def astream(it: Any, given: Any, config: Any) -> None:
    async def consume() -> None:
        async for _ in it.astream(given, config):
            pass

    asyncio.run(consume())


def abatch(it: Any, given: Any, config: Any) -> None:
    asyncio.run(it.abatch([given, given], config))


MODES = (invoke, stream, batch, ainvoke, astream, abatch)


@pytest.fixture
def raised() -> Iterator[None]:
    """LangChain complains of the handler: that is no complaint of ours."""

    def is_of_another(record: logging.LogRecord) -> bool:
        return f"{Raising.__name__}." not in record.getMessage()

    logger = logging.getLogger("langchain_core.callbacks.manager")
    logger.addFilter(is_of_another)
    yield
    logger.removeFilter(is_of_another)


@pytest.mark.usefixtures("raised")
@pytest.mark.parametrize("first", [True, False], ids=["after", "before"])
@pytest.mark.parametrize("inline", [True, False], ids=["inline", "in a thread"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
def test_raising_at_a_start_ends_the_run_as_failed(
    tracing: Tracing, kind: str, mode: Callable[..., None], inline: bool, first: bool
) -> None:
    """Whether it comes before our handler or after: no run is left, the begun one is an error."""
    it, given = working()[kind]
    raising = Raising(f"on_{kind}_start", RefusedError(), inline=inline)
    ours = OpenTelemetryCallbackHandler()
    callbacks = [ours, raising] if first else [raising, ours]
    with pytest.raises(RefusedError):
        mode(it, given, {"callbacks": callbacks})
    for span in tracing.spans:
        assert span.attributes is not None
        cancelled = CANCELLED in span.attributes.values()
        assert cancelled or span.status.status_code is StatusCode.ERROR
        assert not cancelled or "batch" in mode.__name__, "it was alone"


@pytest.mark.usefixtures("raised")
@pytest.mark.parametrize("first", [True, False], ids=["after", "before"])
@pytest.mark.parametrize("inline", [True, False], ids=["inline", "in a thread"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
def test_raising_at_an_end_keeps_the_result(
    tracing_with_content: Tracing,
    kind: str,
    mode: Callable[..., None],
    inline: bool,
    first: bool,
) -> None:
    """The run has ended well; its span says so, whoever is told of it first."""
    it, given = working()[kind]
    raising = Raising(f"on_{ENDS[kind]}_end", RefusedError(), inline=inline)
    ours = OpenTelemetryCallbackHandler()
    callbacks = [ours, raising] if first else [raising, ours]
    with pytest.raises(RefusedError):
        mode(it, given, {"callbacks": callbacks})
    spans = tracing_with_content.spans
    assert spans
    done = [span for span in spans if span.status.status_code is StatusCode.UNSET]
    assert done
    if kind == "chat_model":
        assert (done[0].attributes or {})[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == 3


@pytest.mark.usefixtures("raised")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", failing(ValueError()))
def test_raising_at_an_error_keeps_the_error(
    tracing: Tracing, kind: str, mode: Callable[..., None]
) -> None:
    """The run's own error stands on its span, not the handler's."""
    it, given = failing(ValueError("no"))[kind]
    raising = Raising(f"on_{ENDS[kind]}_error", RefusedError())
    with pytest.raises(RefusedError):
        mode(it, given, {"callbacks": [raising]})
    types = {(span.attributes or {}).get(semconv.ERROR_TYPE) for span in tracing.spans}
    # Where one of several fails, the event loop that ends cancels the others.
    assert types == {"ValueError"} or (mode is abatch and types == {"ValueError", None})


@pytest.mark.usefixtures("raised")
@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("event", ["start", "end"])
@pytest.mark.parametrize("kind", KINDS)
def test_stopped_by_hand_in_a_handler_no_run_is_left(
    tracing: Tracing, kind: str, event: str, interrupt: type[BaseException]
) -> None:
    """What is no `Exception` goes through LangChain's dispatch, whatever the handler wants."""
    it, given = working()[kind]
    name = f"on_{kind}_start" if event == "start" else f"on_{ENDS[kind]}_end"
    ours = OpenTelemetryCallbackHandler()
    with pytest.raises(interrupt):
        it.invoke(given, {"callbacks": [ours, Raising(name, interrupt())]})
    assert tracing.spans


@pytest.mark.usefixtures("raised")
@pytest.mark.parametrize("event", ["on_chain_start", "on_chain_end"])
@pytest.mark.parametrize("mode", [invoke, stream, ainvoke, astream])
def test_a_graph_leaves_no_run_either(
    tracing: Tracing, event: str, mode: Callable[..., None]
) -> None:
    """The graph and its node are ended."""
    ours = OpenTelemetryCallbackHandler()
    with pytest.raises(RefusedError):
        mode(graph(), {"text": "hi"}, {"callbacks": [ours, Raising(event, RefusedError())]})
    assert tracing.spans


class Slow(AsyncCallbackHandler):
    """Never comes to the end of being told of one kind of start."""

    def __init__(self, event: str) -> None:
        self.is_told = asyncio.Event()

        async def wait(*_: Any, **__: Any) -> None:
            self.is_told.set()
            await asyncio.Event().wait()

        setattr(self, event, wait)


async def consumed(chunks: Any) -> None:
    async for _ in chunks:
        pass


WAYS: dict[str, Callable[[Any, Any, Any], Awaitable[Any]]] = {
    "ainvoke": lambda it, given, config: it.ainvoke(given, config),
    "astream": lambda it, given, config: consumed(it.astream(given, config)),
    "abatch": lambda it, given, config: it.abatch([given, given], config),
    "astream_events": lambda it, given, config: consumed(
        it.astream_events(given, config, version="v2")
    ),
}
PROGRAMS: dict[str, tuple[str, Any, Any]] = {
    **{kind: (f"on_{kind}_start", *each) for kind, each in working().items()},
    "tool": ("on_tool_start", aecho, {"text": "hi"}),
    "streaming_model": ("on_chat_model_start", StreamingModel(), "hi"),
    "lambda": ("on_chain_start", RunnableLambda(lambda x: x), 1),
    "parallel": ("on_chain_start", RunnableParallel(a=lambda x: x, b=lambda x: x), 1),
    "graph": ("on_chain_start", graph(), {"text": "hi"}),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("program", PROGRAMS)
async def test_cancelled_while_another_handler_is_being_told_of_its_start(
    tracing: Tracing, program: str, way: str
) -> None:
    """The run has begun for us, and LangChain will never report its end."""
    event, it, given = PROGRAMS[program]
    slow = Slow(event)
    task = asyncio.ensure_future(WAYS[way](it, given, {"callbacks": [slow]}))
    await asyncio.wait_for(slow.is_told.wait(), PATIENCE)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(20):
        await asyncio.sleep(0)
    # A completion model's start is reported to the others first: its run has not begun for us.
    assert tracing.spans or program == "llm"
    for span in tracing.spans:
        assert (span.attributes or {})[semconv.RUN_OUTCOME] == CANCELLED
