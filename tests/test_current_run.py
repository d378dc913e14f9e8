"""`current_run_id()` is the run in whose code the caller is, wherever LangChain executes it."""

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import RunnableGenerator, RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from langgraph.graph import START, StateGraph
from opentelemetry import context as otel_context
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.trace import NoOpTracerProvider
from typing_extensions import TypedDict

from langchain_otel import (
    OpenTelemetryCallbackHandler,
    current_run_id,
    current_span_of,
    span_context_of,
    traceparent_of,
)
from models import Model, Retriever
from recording import Tracing, running_id

STREAMED: Final = uuid4()
HERE: Any = RunnableLambda(lambda _: current_run_id())


class State(TypedDict):
    x: Any


class Looking(Model):
    """A model that looks in its own body."""

    seen: Any

    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Any:
        self.seen.append((current_run_id(), run_manager.run_id))
        return super()._generate(messages)

    async def _agenerate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Any:
        self.seen.append((current_run_id(), run_manager.run_id))
        return super()._generate(messages)

    def _stream(self, *args: Any, **kwargs: Any) -> Any:
        # LangChain gives the manager to the caller alone, who gave the id.
        self.seen.append((current_run_id(), STREAMED))
        yield ChatGenerationChunk(message=AIMessageChunk(content="hi"))


class LookingRetriever(Retriever):
    """A retriever that looks in its own body."""

    seen: Any

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> Any:
        self.seen.append((current_run_id(), run_manager.run_id))
        return super()._get_relevant_documents(query, run_manager=run_manager)


def check(seen: list[Any], count: int) -> None:
    """What was seen is what LangChain says."""
    assert len(seen) == count
    assert all(isinstance(ours, UUID) and ours == theirs for ours, theirs in seen), seen
    assert current_run_id() is None


def looking(seen: list[Any]) -> Any:
    """A function that looks; all that stands in LangChain's own configuration is the run."""

    def look(value: Any) -> Any:
        seen.append((current_run_id(), running_id()))
        return value

    return look


def test_outside(tracing: Tracing) -> None:
    """Nothing runs."""
    assert current_run_id() is None
    with tracing.user_span("request"):
        assert current_run_id() is None


def test_functions(tracing: Tracing) -> None:
    """Each function has its own run, the inner one too; afterwards the outer one is back."""
    seen: list[Any] = []
    inner: Any = RunnableLambda(looking(seen))

    def outer(value: Any) -> Any:
        before = current_run_id()
        inner.invoke(value)
        assert current_run_id() == before == running_id()
        return value

    (RunnableLambda(outer) | RunnableLambda(looking(seen))).invoke(1)
    check(seen, 2)
    assert len({ours for ours, _ in seen}) == 2


async def test_async_functions(tracing: Tracing) -> None:
    """So it is with asyncio, where many run at once, and in tasks that they start."""
    seen: list[Any] = []
    look = looking(seen)

    async def body(value: Any) -> Any:
        await asyncio.sleep(0)
        await asyncio.create_task(asyncio.sleep(0, look(value)))
        return value

    await RunnableLambda(body).abatch(list(range(5)))
    check(seen, 5)
    assert len({ours for ours, _ in seen}) == 5


def test_threads_of_langchain(tracing: Tracing) -> None:
    """`batch` and `RunnableParallel` run in threads."""
    seen: list[Any] = []
    look: Any = RunnableLambda(looking(seen))
    RunnableParallel(a=look, b=look).batch([1, 2])
    check(seen, 4)
    assert len({ours for ours, _ in seen}) == 4


def test_generators(tracing: Tracing) -> None:
    """Between two chunks the caller is outside again."""
    seen: list[Any] = []
    look = looking(seen)

    def body(values: Iterator[Any]) -> Iterator[Any]:
        for value in values:
            yield look(value)
            yield look(value)

    for _ in RunnableGenerator(body).stream(1):
        assert current_run_id() is None
    check(seen, 2)


async def test_async_generators(tracing: Tracing) -> None:
    """The same with `astream`."""
    seen: list[Any] = []
    look = looking(seen)

    async def body(values: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for value in values:
            yield look(value)

    async for _ in RunnableGenerator(body).astream(1):
        assert current_run_id() is None
    check(seen, 1)


def test_tools_models_and_retrievers(tracing: Tracing) -> None:
    """In the body of each it is the run that its manager names."""
    seen: list[Any] = []

    @tool
    def look(x: int) -> int:
        """Look."""
        seen.append((current_run_id(), running_id()))
        return x

    look.invoke({"x": 1})
    Looking(seen=seen).invoke("hi")
    list(Looking(seen=seen).stream("hi", {"run_id": STREAMED}))
    LookingRetriever(seen=seen).invoke("hi")
    check(seen, 4)


async def test_async_bodies(tracing: Tracing) -> None:
    """Tools and models that await, and retrievers in the executor."""
    seen: list[Any] = []

    @tool
    async def look(x: int) -> int:
        """Look."""
        await asyncio.sleep(0)
        seen.append((current_run_id(), running_id()))
        return x

    await look.ainvoke({"x": 1})
    await Looking(seen=seen).ainvoke("hi")
    check(seen, 2)


def test_graph(tracing: Tracing) -> None:
    """In a node it is the node's run, not the graph's; the model inside has its own."""
    seen: list[Any] = []

    def node(state: State) -> Any:
        looking(seen)(state)
        Looking(seen=seen).invoke("hi")
        return {"x": 2}

    builder: Any = StateGraph(State)
    graph_id = uuid4()
    graph = builder.add_node("node", node).add_edge(START, "node").compile()
    graph.invoke({"x": 1}, {"run_id": graph_id})
    check(seen, 2)
    assert graph_id not in {ours for ours, _ in seen}
    span = tracing.span("node").get_span_context()
    assert span_context_of(seen[0][0]) == span


def test_callbacks(tracing: Tracing) -> None:
    """A callback is called in the code around the run that it is about, or in that run's own."""
    outer_id, seen = uuid4(), []

    class Watching(BaseCallbackHandler):
        def on_chat_model_start(self, *_: Any, **__: Any) -> None:
            seen.append(current_run_id())

        def on_llm_end(self, *_: Any, **__: Any) -> None:
            seen.append(current_run_id())

    def body(_: Any) -> None:
        Model().invoke("hi", {"callbacks": [Watching()]})

    RunnableLambda(body).invoke(1, {"run_id": outer_id})
    assert seen == [outer_id, outer_id]


def test_threads_of_the_application(tracing: Tracing) -> None:
    """A thread is in no run, but in a copy of the context it is, until the run has ended."""
    seen: list[Any] = []

    def in_thread(target: Any) -> None:
        thread = threading.Thread(target=lambda: seen.append(target()))
        thread.start()
        thread.join()

    def body(_: Any) -> Any:
        copied = contextvars.copy_context()
        in_thread(current_run_id)
        in_thread(lambda: copied.run(current_run_id))
        seen.append(current_run_id())
        return copied

    copied: Any = RunnableLambda(body).invoke(1)
    assert seen[0] is None
    assert seen[1] == seen[2] is not None
    assert copied.run(current_run_id) is None


def test_work_that_outlives_its_run(tracing: Tracing) -> None:
    """In what an inner run left behind it is the outer run that is open still."""
    outer_id = uuid4()

    def outer(_: Any) -> Any:
        inner: Any = RunnableLambda(lambda _: contextvars.copy_context())
        return inner.invoke(1).run(current_run_id)

    assert RunnableLambda(outer).invoke(1, {"run_id": outer_id}) == outer_id


def test_a_handler_passed_by_hand() -> None:
    """Without the instrumentor, too."""
    tracing, seen = Tracing(), list[Any]()
    handler = OpenTelemetryCallbackHandler(tracer_provider=tracing.tracer_provider)
    look = RunnableLambda(looking(seen))
    RunnableLambda(look.invoke).invoke(1, {"callbacks": [handler]})
    check(seen, 1)


def test_suppressed_runs_are_none_of_ours(tracing: Tracing) -> None:
    """Where OpenTelemetry is told to be silent there is no run."""
    with suppress_instrumentation():
        assert HERE.invoke(1) is None


@pytest.mark.parametrize(
    "key", ["suppress_instrumentation", _SUPPRESS_INSTRUMENTATION_KEY], ids=["old", "new"]
)
def test_each_word_for_silence_counts(key: str, tracing: Tracing) -> None:
    """Older packages have another one than newer ones."""
    token = otel_context.attach(otel_context.set_value(key, True))
    assert HERE.invoke(1) is None
    otel_context.detach(token)
    assert not tracing.spans


@pytest.mark.parametrize("run_id", [uuid4(), "ticket 4711", 7], ids=["uuid", "text", "number"])
def test_ids_of_the_application(run_id: Any, tracing: Tracing) -> None:
    """The id of a request is the one that the application gave."""
    assert HERE.invoke(1, {"run_id": run_id}) == run_id


def test_span_context(tracing: Tracing) -> None:
    """Of an open run, of one that has ended, by the id or its text; of no other."""
    run_id = uuid4()
    while_open: list[Any] = []

    def body(_: Any) -> None:
        while_open.extend([span_context_of(run_id), traceparent_of(str(run_id))])

    RunnableLambda(body, name="body").invoke(1, {"run_id": run_id})
    context = tracing.span("invoke_workflow body").get_span_context()
    assert context is not None
    text = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    assert while_open == [context, text]
    assert [span_context_of(run_id), traceparent_of(run_id.hex)] == [context, text]
    assert current_span_of(run_id).get_span_context().is_valid is False
    for unknown in (uuid4(), "no such run", None):
        assert span_context_of(unknown) is None
        assert traceparent_of(unknown) is None


def test_span_context_without_a_trace() -> None:
    """Where no provider makes spans there is none, neither while the run is open nor later."""
    run_id = uuid4()
    found: list[Any] = []

    def look(_: Any) -> None:
        found.extend([span_context_of(run_id), traceparent_of(run_id)])

    handler = OpenTelemetryCallbackHandler(tracer_provider=NoOpTracerProvider())
    RunnableLambda(look).invoke(1, {"run_id": run_id, "callbacks": [handler]})
    look(None)
    assert found == [None] * 4


async def test_code_that_goes_on_after_runs_around_it_have_ended(tracing: Tracing) -> None:
    """It is in the code of the run that is still open, also with a user's span in between."""
    has_begun, is_over, are_over = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def late() -> Any:
        await are_over.wait()
        return current_run_id()

    async def inner(_: Any) -> Any:
        has_begun.set()
        await is_over.wait()
        return asyncio.create_task(late())

    async def outer(_: Any) -> Any:
        with tracing.tracer.start_as_current_span("user"):
            going_on = asyncio.create_task(RunnableLambda(inner).ainvoke(0))
            await has_begun.wait()
        return going_on

    async def whole(_: Any) -> Any:
        going_on = await RunnableLambda(outer).ainvoke(0)
        is_over.set()
        looking = await going_on
        are_over.set()
        return await looking, running_id()

    ours, theirs = await RunnableLambda(whole).ainvoke(0)
    assert ours is not None
    assert ours == theirs
