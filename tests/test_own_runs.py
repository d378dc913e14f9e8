"""Runs that a class starts by hand, in a method of its own, have the life of all others."""

# ruff: noqa: A002 - the name of LangChain's own argument

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackManager, CallbackManager
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import BaseOutputParser
from langchain_core.outputs import ChatGeneration, ChatResult, LLMResult
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import BaseTool
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from langchain_otel import LangChainInstrumentor, semconv
from langchain_otel.runs.outcome import CANCELLED, CLOSED
from langchain_otel.sources.patch_points import PATCHER
from models import Model, Retriever, held
from recording import Tracing
from versions import CLASSIC, classic
from waiting import Hold, timed_out


class OwnRetriever(Retriever):
    """Starts its run itself, and tells LangChain of ordinary exceptions only."""

    def invoke(self, input: str, config: Any = None, **_: Any) -> list[Document]:
        query = input
        manager = CallbackManager.configure((config or {}).get("callbacks"))
        run = manager.on_retriever_start(None, query, name="own")
        try:
            found = self._find(query)
        except Exception as error:
            run.on_retriever_error(error)
            raise
        run.on_retriever_end(found)
        return found

    async def ainvoke(self, input: str, config: Any = None, **_: Any) -> list[Document]:
        query = input
        manager = AsyncCallbackManager.configure((config or {}).get("callbacks"))
        run = await manager.on_retriever_start(None, query, name="own")
        try:
            await held(self.hold)
            found = self._find(query)
        except Exception as error:
            await run.on_retriever_error(error)
            raise
        await run.on_retriever_end(found)
        return found

    def _find(self, query: str) -> list[Document]:
        seen.append(trace.get_current_span())
        if self.fails is not None:
            raise self.fails
        return [Document(query)]


class OwnTool(BaseTool):
    """The same, for a tool."""

    name: str = "own"
    description: str = "A tool that starts its run itself."
    fails: Any = None
    hold: Any = None

    def invoke(self, input: Any, config: Any = None, **_: Any) -> Any:
        given = input
        manager = CallbackManager.configure((config or {}).get("callbacks"))
        run = manager.on_tool_start({"name": self.name}, str(given))
        try:
            output = self._run(given)
        except Exception as error:
            run.on_tool_error(error)
            raise
        run.on_tool_end(output)
        return output

    async def ainvoke(self, input: Any, config: Any = None, **_: Any) -> Any:
        given = input
        manager = AsyncCallbackManager.configure((config or {}).get("callbacks"))
        run = await manager.on_tool_start({"name": self.name}, str(given))
        try:
            await held(self.hold)
            output = self._run(given)
        except Exception as error:
            await run.on_tool_error(error)
            raise
        await run.on_tool_end(output)
        return output

    def _run(self, given: Any) -> Any:
        seen.append(trace.get_current_span())
        if self.fails is not None:
            raise self.fails
        return given


class OwnModel(BaseChatModel):
    """The same, for a model that answers without LangChain's `generate`."""

    fails: Any = None
    hold: Any = None

    @property
    def _llm_type(self) -> str:
        return "own"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        seen.append(trace.get_current_span())
        if self.fails is not None:
            raise self.fails
        return ChatResult(generations=[ChatGeneration(message=AIMessage("hi"))])

    def invoke(self, input: Any, config: Any = None, **_: Any) -> AIMessage:
        given = input
        manager = CallbackManager.configure((config or {}).get("callbacks"))
        (run,) = manager.on_chat_model_start({"name": "own"}, [[HumanMessage(given)]])
        try:
            answer = self._generate()
        except Exception as error:
            run.on_llm_error(error)
            raise
        run.on_llm_end(LLMResult(generations=[[*answer.generations]]))
        return AIMessage("hi")

    async def ainvoke(self, input: Any, config: Any = None, **_: Any) -> AIMessage:
        given = input
        manager = AsyncCallbackManager.configure((config or {}).get("callbacks"))
        (run,) = await manager.on_chat_model_start({"name": "own"}, [[HumanMessage(given)]])
        try:
            await held(self.hold)
            answer = self._generate()
        except Exception as error:
            await run.on_llm_error(error)
            raise
        await run.on_llm_end(LLMResult(generations=[[*answer.generations]]))
        return AIMessage("hi")


class OwnChain(Runnable[Any, Any]):
    """The same, for something that runs."""

    def __init__(self, fails: Any = None, hold: Any = None) -> None:
        self.fails = fails
        self.hold = hold

    def invoke(self, input: Any, config: Any = None, **_: Any) -> Any:
        given = input
        manager = CallbackManager.configure((config or {}).get("callbacks"))
        run = manager.on_chain_start(None, given, name="own")
        try:
            self._work()
        except Exception as error:
            run.on_chain_error(error)
            raise
        run.on_chain_end(given)
        return given

    async def ainvoke(self, input: Any, config: Any = None, **_: Any) -> Any:
        given = input
        manager = AsyncCallbackManager.configure((config or {}).get("callbacks"))
        run = await manager.on_chain_start(None, given, name="own")
        try:
            await held(self.hold)
            self._work()
        except Exception as error:
            await run.on_chain_error(error)
            raise
        await run.on_chain_end(given)
        return given

    def stream(self, input: Any, config: Any = None, **_: Any) -> Iterator[Any]:
        given = input
        manager = CallbackManager.configure((config or {}).get("callbacks"))
        run = manager.on_chain_start(None, given, name="own")
        self._work()
        yield 1
        yield 2
        run.on_chain_end(given)

    async def astream(self, input: Any, config: Any = None, **_: Any) -> AsyncIterator[Any]:
        given = input
        manager = AsyncCallbackManager.configure((config or {}).get("callbacks"))
        run = await manager.on_chain_start(None, given, name="own")
        self._work()
        yield 1
        await held(self.hold)
        yield 2
        await run.on_chain_end(given)

    def _work(self) -> None:
        seen.append(trace.get_current_span())
        if self.fails is not None:
            raise self.fails


def ensemble(**options: Any) -> Any:
    """LangChain's retriever that asks several, with a run that it starts itself."""
    kind = classic("retrievers.ensemble" if CLASSIC == "langchain_classic" else "retrievers")
    return kind.EnsembleRetriever(retrievers=[Retriever(**options)], weights=[1.0])


KINDS: dict[str, Callable[..., Any]] = {
    "ensemble": ensemble,
    "retriever": OwnRetriever,
    "tool": OwnTool,
    "model": OwnModel,
    "chain": OwnChain,
}
OWN = {name: kind for name, kind in KINDS.items() if name != "ensemble"}

seen: list[Any] = []


@pytest.fixture(autouse=True)
def nothing_seen() -> Iterator[None]:
    seen.clear()
    yield
    seen.clear()


def outcomes(tracing: Tracing) -> set[Any]:
    return {(span.attributes or {}).get(semconv.RUN_OUTCOME) for span in tracing.spans}


@pytest.mark.parametrize("kind", OWN)
def test_its_span_is_current_in_its_body(tracing: Tracing, kind: str) -> None:
    """What its own code does hangs under its span, in a chain and alone, and not afterwards."""
    it = OWN[kind]()
    it.invoke("hi")
    asyncio.run(it.ainvoke("hi"))
    RunnableLambda(it.invoke, name="outer").invoke("hi")
    own = [span for span in tracing.spans if span.name != "invoke_workflow outer"]
    assert [span.get_span_context() for span in seen] == [each.get_span_context() for each in own]
    assert own[-1].parent == tracing.span("invoke_workflow outer").get_span_context()


@pytest.mark.parametrize("kind", KINDS)
async def test_timed_out_it_ends_as_cancelled(tracing: Tracing, kind: str) -> None:
    """LangChain reports no end of it."""
    hold = Hold()
    await timed_out(KINDS[kind](hold=hold).ainvoke("hi"), hold)
    assert tracing.spans
    assert outcomes(tracing) == {CANCELLED}


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
@pytest.mark.parametrize("kind", KINDS)
def test_stopped_by_hand_it_ends_as_cancelled(
    tracing: Tracing, kind: str, interrupt: type[BaseException]
) -> None:
    """Nor of this."""
    with pytest.raises(interrupt):
        KINDS[kind](fails=interrupt()).invoke("hi")
    assert tracing.spans
    assert outcomes(tracing) == {CANCELLED}


@pytest.mark.parametrize("kind", KINDS)
def test_failed_it_is_an_error_once(tracing: Tracing, kind: str) -> None:
    """What LangChain does report stays as it is."""
    with pytest.raises(ValueError, match="no"):
        KINDS[kind](fails=ValueError("no")).invoke("hi")
    assert {span.status.status_code for span in tracing.spans} == {StatusCode.ERROR}


def test_its_stream_that_is_closed_ends(tracing: Tracing) -> None:
    """A stream of its own that nobody reads to its end."""
    stream: Any = OwnChain().stream("hi")
    next(stream)
    stream.close()
    assert outcomes(tracing) == {CLOSED}
    assert seen[0].get_span_context() == tracing.span("invoke_workflow own").get_span_context()


async def test_its_async_stream_that_is_cancelled_ends(tracing: Tracing) -> None:
    """The same in a coroutine, whose task is cancelled."""

    hold = Hold()

    async def consume() -> None:
        async for _ in OwnChain(hold=hold).astream("hi"):
            pass

    await timed_out(consume(), hold)
    assert outcomes(tracing) == {CANCELLED}


class Refusing(BaseOutputParser[str]):
    """Takes no answer."""

    def parse(self, text: str) -> str:
        raise ValueError("no")


APPLIES: dict[str, Callable[[Any, Any], Awaitable[Any]]] = {
    "apply": lambda chain, given: asyncio.to_thread(chain.apply, given),
    "aapply": lambda chain, given: chain.aapply(given),
}


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
@pytest.mark.parametrize("method", APPLIES)
async def test_many_calls_of_a_legacy_chain_end(tracing: Tracing, method: str) -> None:
    """`apply` reports nothing of an answer that its parser refuses."""
    chain = classic("chains").LLMChain(
        llm=Model(), prompt=PromptTemplate.from_template("{q}"), output_parser=Refusing()
    )
    with pytest.raises(ValueError, match="no"):
        await APPLIES[method](chain, [{"q": "one"}, {"q": "two"}])
    assert tracing.span("invoke_workflow").status.status_code is StatusCode.ERROR
    chats = [span for span in tracing.spans if span.name == "chat"]
    assert [s.parent for s in chats] == [tracing.span("invoke_workflow").get_span_context()] * 2


def failing(error: BaseException) -> Runnable[Any, Any]:
    def fail(given: Any) -> Any:
        if given == "bad":
            raise error
        return given

    step = RunnableLambda(fail, name="step")
    return step.with_fallbacks([step], exceptions_to_handle=(ValueError,))


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
@pytest.mark.parametrize("method", ["batch", "abatch"])
async def test_a_batch_with_fallbacks_ends_every_run(
    tracing: Tracing, method: str, error: type[BaseException]
) -> None:
    """LangChain reports no end of the run whose exception no fallback handles."""
    if method == "abatch" and error is KeyboardInterrupt:
        pytest.skip("it would stop the event loop")
    it = failing(error("no"))
    if method == "batch":
        with pytest.raises(error):
            it.batch(["good", "bad"])
    else:
        with pytest.raises(error):
            await it.abatch(["good", "bad"])
    batched = [span for span in tracing.spans if span.name == "invoke_workflow"]
    assert len(batched) == 2
    if error is KeyError:
        codes = {span.status.status_code for span in batched}
        assert codes == {StatusCode.UNSET, StatusCode.ERROR}


def test_classes_are_as_before_when_we_are_gone(tracing: Tracing) -> None:
    """Methods of one's own are given back, those of classes that came while we were there too."""

    class Late(OwnChain):
        def invoke(self, input: Any, config: Any = None, **_: Any) -> Any:
            run = CallbackManager.configure().on_chain_start(None, input, name="own")
            run.on_chain_end(input)
            return input

    wrapped = {kind: vars(kind)["invoke"] for kind in (OwnRetriever, OwnTool, OwnChain, Late)}
    LangChainInstrumentor().uninstrument()
    PATCHER.undo()
    for kind, method in wrapped.items():
        assert vars(kind)["invoke"] is method.__wrapped__, kind
    tracing.on()
