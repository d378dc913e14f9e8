"""What is called plainly in a body that LangChain does not pass on hangs under the span there."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManager
from langchain_core.callbacks.manager import atrace_as_chain_group, trace_as_chain_group
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers.context import collect_runs
from langgraph.graph import END, START, StateGraph
from opentelemetry import context, trace
from typing_extensions import TypedDict

from langchain_otel import LangChainInstrumentor, OpenTelemetryCallbackHandler, semconv
from models import Model, StreamingModel
from recording import Tracing
from versions import classic, create_agent

EARLY = trace_as_chain_group
AEARLY = atrace_as_chain_group


class Asking(BaseRetriever):
    """A retriever of one's own that asks a model, in a span of its own."""

    tracing: Any

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        with self.tracing.user_span("mine"):
            return [Document(str(Model().invoke(query).content))]

    async def _aget_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        with self.tracing.user_span("mine"):
            return [Document(str((await Model().ainvoke(query)).content))]


class Wrapper(BaseChatModel):
    """A model that has another one answer."""

    tracing: Any

    @property
    def _llm_type(self) -> str:
        return "wrapper"

    def bind_tools(self, *_: Any, **__: Any) -> Any:
        return self

    def _generate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
        with self.tracing.user_span("mine"):
            return Model()._generate([Model().invoke(messages)])

    async def _agenerate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
        with self.tracing.user_span("mine"):
            return Model()._generate([await Model().ainvoke(messages)])


class StreamingWrapper(Wrapper):
    """The same, streamed."""

    def _stream(self, messages: Any, *_: Any, **__: Any) -> Iterator[ChatGenerationChunk]:
        for chunk in StreamingModel().stream(messages):
            yield ChatGenerationChunk(message=chunk)

    async def _astream(self, messages: Any, *_: Any, **__: Any) -> AsyncIterator[Any]:
        async for chunk in StreamingModel().astream(messages):
            yield ChatGenerationChunk(message=chunk)


def legacy_chain(tracing: Tracing) -> Any:
    class Legacy(classic("chains.base").Chain):  # type: ignore[misc]
        @property
        def input_keys(self) -> list[str]:
            return ["input"]

        @property
        def output_keys(self) -> list[str]:
            return ["output"]

        def _call(self, inputs: Any, run_manager: Any = None) -> Any:
            with tracing.user_span("mine"):
                return {"output": Model().invoke(inputs["input"]).content}

        async def _acall(self, inputs: Any, run_manager: Any = None) -> Any:
            with tracing.user_span("mine"):
                return {"output": (await Model().ainvoke(inputs["input"])).content}

    return Legacy()


KINDS: dict[str, Callable[[Tracing], Any]] = {
    "retriever": lambda tracing: Asking(tracing=tracing, name="inner"),
    "model": lambda tracing: Wrapper(tracing=tracing),
    "legacy chain": legacy_chain,
}
NAMES = {"retriever": "retrieval inner", "model": "chat", "legacy chain": "Legacy"}


class State(TypedDict):
    input: str


def in_a_node(it: Any) -> Any:
    def sync(state: State) -> State:
        it.invoke(state["input"] if not hasattr(it, "input_keys") else state)
        return state

    async def asynchronous(state: State) -> State:
        await it.ainvoke(state["input"] if not hasattr(it, "input_keys") else state)
        return state

    builder = StateGraph(State)
    builder.add_node("outer", RunnableLambda(sync, afunc=asynchronous))
    builder.add_edge(START, "outer")
    builder.add_edge("outer", END)
    return builder.compile()


def in_a_lambda(it: Any) -> Any:
    def sync(state: State) -> Any:
        return it.invoke(state["input"] if not hasattr(it, "input_keys") else state)

    async def asynchronous(state: State) -> Any:
        return await it.ainvoke(state["input"] if not hasattr(it, "input_keys") else state)

    return RunnableLambda(sync, afunc=asynchronous, name="outer")


def in_a_sequence(it: Any) -> Any:
    def given(state: State) -> Any:
        return state["input"] if not hasattr(it, "input_keys") else state

    return RunnableLambda(given, name="first") | it


def invoke(it: Any) -> None:
    it.invoke({"input": "hi"})


def stream(it: Any) -> None:
    list(it.stream({"input": "hi"}))


def batch(it: Any) -> None:
    it.batch([{"input": "hi"}])


def ainvoke(it: Any) -> None:
    asyncio.run(it.ainvoke({"input": "hi"}))


def astream_events(it: Any) -> None:
    async def consume() -> None:
        async for _ in it.astream_events({"input": "hi"}, version="v2"):
            pass

    asyncio.run(consume())


MODES = (invoke, stream, batch, ainvoke, astream_events)


def parent_of(tracing: Tracing, span: Any) -> Any:
    return next((s for s in tracing.spans if s.get_span_context() == span.parent), None)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("around", [in_a_lambda, in_a_node, in_a_sequence])
@pytest.mark.parametrize("kind", KINDS)
def test_it_hangs_under_the_span_around_the_call(
    tracing: Tracing, kind: str, around: Callable[..., Any], mode: Callable[..., None]
) -> None:
    """LangChain names the chain outside; the user's span and the run in between are nearer."""
    mode(around(KINDS[kind](tracing)))
    mine = tracing.span("mine")
    inner = [span for span in tracing.spans if span.parent == mine.get_span_context()]
    assert [span.name for span in inner] == ["chat"]
    owner = parent_of(tracing, mine)
    assert owner.name == NAMES[kind]
    above = parent_of(tracing, owner)
    assert above is not None
    assert above.name in (
        "sync",
        "asynchronous",
        "outer",
        "invoke_workflow outer",
        "invoke_workflow",
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("own_first", [True, False])
def test_it_does_so_for_every_recorder(kind: str, own_first: bool) -> None:
    """A handler with providers of its own has it under its own span, or the user's."""
    one, other = Tracing(), Tracing()
    handler = OpenTelemetryCallbackHandler(tracer_provider=other.tracer_provider)
    second = OpenTelemetryCallbackHandler(tracer_provider=one.tracer_provider)
    it = in_a_lambda(KINDS[kind](one))
    callbacks = [handler, second] if own_first else [second, handler]
    it.invoke({"input": "hi"}, {"callbacks": callbacks})
    mine = one.span("mine")
    for tracing in (one, other):
        spans = {span.name: span for span in tracing.spans if span.name != "mine"}
        # The model that ends first is the inner one.
        inner = next(span for span in tracing.spans if span.name == "chat")
        around = [span for span in tracing.spans if span.name == NAMES[kind]][-1]
        assert inner.parent in (mine.get_span_context(), around.get_span_context())
        assert around.parent == spans["invoke_workflow outer"].get_span_context()


@pytest.mark.parametrize("mode", MODES)
def test_a_streamed_sequence_is_as_flat_as_ever(
    tracing: Tracing, mode: Callable[..., None]
) -> None:
    """A step pulls on the step before it, which is no call of its body: they stay siblings."""
    mode(RunnableLambda(lambda x: x["input"], name="first") | StreamingModel() | StrOutputParser())
    assert sorted(tracing.tree().splitlines()) == [
        "  StrOutputParser",
        "  chat",
        "  first",
        "invoke_workflow",
    ]


@pytest.mark.parametrize("mode", MODES)
def test_a_streamed_wrapper_keeps_its_model_inside(
    tracing: Tracing, mode: Callable[..., None]
) -> None:
    """Also where the step behind it pulls, which LangChain takes for the parent."""
    mode(
        RunnableLambda(lambda x: x["input"], name="first")
        | StreamingWrapper(tracing=tracing)
        | StrOutputParser()
    )
    chats = [span for span in tracing.spans if span.name == "chat"]
    if mode in (stream, astream_events):
        assert chats[0].parent == chats[1].get_span_context()
    else:
        assert parent_of(tracing, tracing.span("mine")) == chats[1]


def test_an_agent_still_counts_what_its_wrapped_model_spends(tracing: Tracing) -> None:
    """The totals follow LangChain's own parents, as before."""
    create_agent(Wrapper(tracing=tracing), [], name="helper").invoke({"messages": [("user", "hi")]})
    agent = tracing.span("invoke_agent helper").attributes or {}
    assert agent[semconv.GEN_AI_USAGE_OUTPUT_TOKENS]
    conversation = {"configurable": {"thread_id": "t"}}
    in_a_lambda(Asking(tracing=tracing)).invoke({"input": "hi"}, {"metadata": {"thread_id": "t"}})
    assert conversation
    chat = [span for span in tracing.spans if span.name == "chat"][-1]
    assert (chat.attributes or {})[semconv.GEN_AI_CONVERSATION_ID] == "t"


# Groups


@pytest.mark.parametrize("early", [True, False])
def test_the_span_of_a_group_is_current_inside_its_block(tracing: Tracing, early: bool) -> None:
    """For runs with the group's callbacks and without, and for the user's own spans."""
    from langchain_core.callbacks import manager as module

    group = EARLY if early else module.trace_as_chain_group
    before = context.get_current()
    with group("g", inputs={"a": 1}) as manager:
        Model().invoke("plain")
        Model().invoke("told", {"callbacks": manager})
        with tracing.user_span("mine"):
            Model().invoke("nested")
    assert context.get_current() is before
    assert tracing.tree() == "invoke_workflow g\n  chat\n  chat\n  mine\n    chat"
    Model().invoke("after")
    assert tracing.spans[-1].parent is None


@pytest.mark.parametrize("early", [True, False])
async def test_the_span_of_an_async_group_is_current_too(tracing: Tracing, early: bool) -> None:
    """The same in a coroutine, with tasks."""
    from langchain_core.callbacks import manager as module

    group = AEARLY if early else module.atrace_as_chain_group
    before = context.get_current()
    async with group("g") as manager:
        await asyncio.gather(Model().ainvoke("a"), Model().ainvoke("b", {"callbacks": manager}))
    assert context.get_current() is before
    assert tracing.tree() == "invoke_workflow g\n  chat\n  chat"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_a_group_gives_the_context_back_after_an_exception(
    tracing: Tracing, error: type[BaseException]
) -> None:
    """Nested ones too."""
    before = context.get_current()
    with pytest.raises(error), EARLY("g"), EARLY("h"):
        raise error
    assert context.get_current() is before
    assert tracing.tree() == "invoke_workflow g\n  h"


async def test_an_async_group_gives_the_context_back_after_an_exception(tracing: Tracing) -> None:
    """The same in a coroutine."""
    before = context.get_current()
    with pytest.raises(ValueError, match="no"):
        async with AEARLY("g"), AEARLY("h"):
            raise ValueError("no")
    assert context.get_current() is before
    assert tracing.tree() == "invoke_workflow g\n  h"


def test_a_group_in_a_chain_hangs_under_it(tracing: Tracing) -> None:
    """And what is called plainly inside hangs under the group."""

    def work(given: Any) -> Any:
        with EARLY("g"):
            Model().invoke("hi")
        return Model().invoke("after").content

    RunnableLambda(work, name="outer").invoke(1)
    assert tracing.tree() == "invoke_workflow outer\n  g\n    chat\n  chat"


def test_what_follows_the_end_of_a_group_in_its_block_is_outside(tracing: Tracing) -> None:
    """A group that its user ends by hand is over, and the context is given back all the same."""
    before = context.get_current()
    with EARLY("g") as manager:
        manager.on_chain_end({"output": 1})
        Model().invoke("late")
    assert context.get_current() is before
    assert tracing.tree() == "invoke_workflow g\nchat"


def test_a_group_can_be_used_as_a_decorator_and_left_open_elsewhere(tracing: Tracing) -> None:
    """What `contextlib` makes of it stays; a block that ends elsewhere changes no context."""

    @EARLY("g")
    def work() -> None:
        tracing.mark()

    work()
    assert tracing.span("marker").parent == tracing.span("invoke_workflow g").get_span_context()
    group = EARLY("h")
    copied = context.get_current()
    import contextvars

    contextvars.copy_context().run(group.__enter__)
    group.__exit__(None, None, None)
    assert context.get_current() is copied


def test_a_group_without_us_is_as_it_was(tracing: Tracing) -> None:
    """Its function is the same object before, during and after."""
    from langchain_otel.sources.patch_points import PATCHER

    (cell,) = EARLY.__closure__ or ()
    wrapped = cell.cell_contents
    LangChainInstrumentor().uninstrument()
    PATCHER.undo()
    assert cell.cell_contents is EARLY.__wrapped__  # type: ignore[attr-defined]
    assert cell.cell_contents is not wrapped
    with EARLY("g"):
        assert trace.get_current_span() is trace.INVALID_SPAN
    tracing.on()
    assert not tracing.spans


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")
def test_other_context_managers_start_no_run(tracing: Tracing) -> None:
    """They collect, and leave the current span alone."""
    before = context.get_current()
    with collect_runs() as runs:
        assert context.get_current() is before
        Model().invoke("hi")
    assert len(runs.traced_runs) == 1
    assert tracing.tree() == "chat"


def test_a_manager_used_by_hand_is_the_parent_of_what_has_its_callbacks(tracing: Tracing) -> None:
    """There is no block whose span could be current, but the tree is right."""
    run = CallbackManager.configure().on_chain_start(None, {}, name="by hand")
    Model().invoke("hi", {"callbacks": run.get_child()})
    run.on_chain_end({})
    assert tracing.tree() == "invoke_workflow by hand\n  chat"
