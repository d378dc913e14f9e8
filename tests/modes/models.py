"""Knows the programs that call models: chat models and completion models of every make."""

import asyncio
import warnings
from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.caches import InMemoryCache
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import (
    ChatGeneration,
    ChatGenerationChunk,
    ChatResult,
)
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.runnables.history import RunnableWithMessageHistory
from pydantic import Field

from modes.drive import HAS_VERSION_3, experimental
from modes.lcel import step
from modes.probe import ASYNC, STREAMING_MODEL, SYNC, Probe, Programs

PROGRAMS = Programs()


def mark_model(model: Any, manager: Any) -> None:
    """Mark a place in the body of a model; its streams are not told their run manager."""
    if manager is None:
        model.probe.unidentified(type(model).__name__)
    else:
        model.probe.mark(type(model).__name__, manager)


class SyncModel(BaseChatModel):
    """A chat model of which only the simplest method exists."""

    probe: Any
    answers: list[AIMessage] = Field(default_factory=lambda: [AIMessage("hello")])

    @property
    def _llm_type(self) -> str:
        return "probed"

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self

    def _mark(self, manager: Any) -> None:
        mark_model(self, manager)

    def _answer(self, messages: list[BaseMessage]) -> AIMessage:
        turn = sum(isinstance(message, AIMessage) for message in messages)
        return self.answers[turn % len(self.answers)].model_copy()

    def _result(self, messages: list[BaseMessage]) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._answer(messages))])

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> ChatResult:
        self._mark(run_manager)
        return self._result(messages)


class AsyncModel(SyncModel):
    """A chat model with an asynchronous form, which does not stream."""

    async def _agenerate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> ChatResult:
        self._mark(run_manager)
        await asyncio.sleep(0)
        self._mark(run_manager)
        return self._result(messages)


class SyncStreamingModel(SyncModel):
    """A chat model that streams, in synchronous code only."""

    def _stream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> Iterator[ChatGenerationChunk]:
        answer = self._answer(messages)
        for part in (str(answer.content)[:2], str(answer.content)[2:]):
            self._mark(run_manager)
            yield ChatGenerationChunk(message=AIMessageChunk(content=part))
        self._mark(run_manager)
        yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_calls=answer.tool_calls))


class StreamingModel(AsyncModel, SyncStreamingModel):
    """A chat model with everything."""

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in SyncStreamingModel._stream(self, messages, run_manager=run_manager):
            await asyncio.sleep(0)
            self._mark(run_manager)
            yield chunk


class TidyModel(StreamingModel):
    """A chat model that cleans up after its stream, also where nobody reads on."""

    def _stream(self, messages: list[BaseMessage], *_: Any, **kwargs: Any) -> Any:
        try:
            yield from super()._stream(messages, **kwargs)
        finally:
            self._mark(kwargs.get("run_manager"))

    async def _astream(self, messages: list[BaseMessage], *_: Any, **kwargs: Any) -> Any:
        try:
            for chunk in SyncStreamingModel._stream(self, messages, **kwargs):
                await asyncio.sleep(0)
                yield chunk
        finally:
            self._mark(kwargs.get("run_manager"))
            await asyncio.sleep(0)
            self._mark(kwargs.get("run_manager"))


class BrokenModel(StreamingModel):
    """A chat model that fails, in streams after the first chunk."""

    def _result(self, messages: list[BaseMessage]) -> ChatResult:
        raise ValueError("broken")

    def _stream(self, messages: list[BaseMessage], *_: Any, **kwargs: Any) -> Any:
        yield next(super()._stream(messages, **kwargs))
        self._mark(kwargs.get("run_manager"))
        raise ValueError("broken")

    async def _astream(self, messages: list[BaseMessage], *_: Any, **kwargs: Any) -> Any:
        for chunk in self._stream(messages, **kwargs):
            yield chunk


class DeadModel(StreamingModel):
    """A chat model that fails at once."""

    def _answer(self, messages: list[BaseMessage]) -> AIMessage:
        raise ValueError("dead")


@PROGRAMS.add("SyncModel")
def sync_model(probe: Probe) -> tuple[Any, Any]:
    return SyncModel(probe=probe), "hi"


@PROGRAMS.add("AsyncModel")
def async_model(probe: Probe) -> tuple[Any, Any]:
    return AsyncModel(probe=probe), "hi"


@PROGRAMS.add("SyncStreamingModel", traits=STREAMING_MODEL)
def sync_streaming_model(probe: Probe) -> tuple[Any, Any]:
    return SyncStreamingModel(probe=probe), "hi"


@PROGRAMS.add("StreamingModel", traits=STREAMING_MODEL)
def streaming_model(probe: Probe) -> tuple[Any, Any]:
    return StreamingModel(probe=probe), "hi"


@PROGRAMS.add("TidyModel", traits=STREAMING_MODEL)
def tidy_model(probe: Probe) -> tuple[Any, Any]:
    return TidyModel(probe=probe), "hi"


@PROGRAMS.add("BrokenModel", raises=ValueError, traits=STREAMING_MODEL)
def broken_model(probe: Probe) -> tuple[Any, Any]:
    return BrokenModel(probe=probe), "hi"


@PROGRAMS.add("StreamingModel", "after")
def prompt_model_parser(probe: Probe) -> tuple[Any, Any]:
    prompt = ChatPromptTemplate.from_messages([("human", "{question}")])
    chain = prompt | StreamingModel(probe=probe) | StrOutputParser()
    return chain | step(probe, "after", lambda text: text), {"question": "hi"}


@PROGRAMS.add("caller", "StreamingModel")
def model_called_in_a_lambda(probe: Probe) -> tuple[Any, Any]:
    model = StreamingModel(probe=probe)
    pair: list[list[BaseMessage]] = [[AIMessage("a")], [AIMessage("b")]]

    def call(given: Any, config: RunnableConfig) -> Any:
        for _ in model.stream(given):
            probe.mark("caller")
        model.generate(pair, callbacks=config["callbacks"])
        probe.mark("caller")
        return model.invoke(given)

    async def acall(given: Any, config: RunnableConfig) -> Any:
        async for _ in model.astream(given):
            probe.mark("caller")
        await model.agenerate(pair, callbacks=config["callbacks"])
        probe.mark("caller")
        return await model.ainvoke(given)

    return RunnableLambda(call, acall, name="caller"), "hi"


@PROGRAMS.add("caller", "StreamingModel", kinds=SYNC | ASYNC if HAS_VERSION_3 else frozenset())
def model_whose_events_are_read_in_a_lambda(probe: Probe) -> tuple[Any, Any]:
    model: Any = StreamingModel(probe=probe)

    def call(given: Any) -> Any:
        with experimental():
            events = model.stream_events(given, version="v3")
        for _ in events:
            probe.mark("caller")
        return events.output

    async def acall(given: Any) -> Any:
        with experimental():
            events = await model.astream_events(given, version="v3")
        async for _ in events:
            probe.mark("caller")
        answer = await events.output
        # The task that reads the model has yet to tell of its end.
        for _ in range(20):
            await asyncio.sleep(0)
        return answer

    return RunnableLambda(call, acall, name="caller"), "hi"


@PROGRAMS.add("StreamingModel")
def model_fallbacks(probe: Probe) -> tuple[Any, Any]:
    return DeadModel(probe=Probe(probe.tracing)).with_fallbacks([StreamingModel(probe=probe)]), "hi"


@PROGRAMS.add("StreamingModel")
def cached_model(probe: Probe) -> tuple[Any, Any]:
    model = StreamingModel(probe=probe, cache=InMemoryCache())
    return model | (lambda message: [message]) | model, "hi"


@PROGRAMS.add("StreamingModel")
def model_with_history(probe: Probe) -> tuple[Any, Any]:
    history = InMemoryChatMessageHistory()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LangGraph is to be used instead.
        chain = RunnableWithMessageHistory(StreamingModel(probe=probe), lambda _: history)
    configured = chain.with_config(configurable={"session_id": "1"})
    return configured, [HumanMessage("hi")]
