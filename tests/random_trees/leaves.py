"""Makes the parts that have none: functions, generators, models, retrievers, tools."""

from collections.abc import AsyncIterator
from typing import Any, Final

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, LLMResult
from langchain_core.tools import BaseTool, StructuredTool

from models import counted
from modes.completions import Completion, StreamingCompletion
from modes.lcel import generator, step, sync_step
from modes.models import AsyncModel, StreamingModel, SyncModel, TidyModel
from modes.tools import AsyncRetriever, OldRetriever, SyncRetriever
from random_trees.builder import Anything, Builder, Maker, PlannedError, adapter, result, text
from random_trees.plan import Part


class CountedModel(StreamingModel):
    """A chat model whose stream tells its tokens at the end."""

    def _usage(self, messages: list[BaseMessage]) -> ChatGenerationChunk:
        usage = self._answer(messages).usage_metadata
        return ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=usage))

    def _stream(self, messages: list[BaseMessage], *_: Any, **kwargs: Any) -> Any:
        yield from super()._stream(messages, **kwargs)
        yield self._usage(messages)

    async def _astream(
        self, messages: list[BaseMessage], *_: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        async for chunk in super()._astream(messages, **kwargs):
            yield chunk
        yield self._usage(messages)


class FailingModel(CountedModel):
    """A chat model that fails before its first chunk."""

    def _answer(self, messages: list[BaseMessage]) -> AIMessage:
        raise PlannedError("planned")


class BreakingModel(CountedModel):
    """A chat model that fails after its last chunk, and without a stream at once."""

    def _result(self, messages: list[BaseMessage]) -> Any:
        raise PlannedError("planned")

    def _usage(self, messages: list[BaseMessage]) -> ChatGenerationChunk:
        raise PlannedError("planned")


class FailingCompletion(Completion):
    """A completion model that fails."""

    def _result(self, prompts: list[str]) -> LLMResult:
        raise PlannedError("planned")


class FailingRetriever(AsyncRetriever):
    """A retriever that fails."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        raise PlannedError("planned")

    async def _aget_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        await super()._aget_relevant_documents(query, run_manager=run_manager)
        raise PlannedError("planned")


MODELS: Final = (CountedModel, AsyncModel, SyncModel, TidyModel)
FAILING_MODELS: Final = (FailingModel, BreakingModel)
RETRIEVERS: Final = (AsyncRetriever, SyncRetriever, OldRetriever, AsyncRetriever)


def function(builder: Builder, part: Part, name: str) -> Anything:
    made = sync_step if part.variant == 1 else step
    return made(builder.probe, name, lambda given: result(part, given))


def chunks(builder: Builder, part: Part, name: str) -> Anything:
    number = adapter(f"number-{name}", lambda _: 1)
    made = number | generator(builder.probe, name, 1 + part.variant)
    return made | function(builder, part, f"after-{name}") if part.fails else made


def answer(part: Part) -> AIMessage:
    """What a model says, with its tokens."""
    return AIMessage("hello", usage_metadata=counted(3 + part.variant, 2))


def model(builder: Builder, part: Part, name: str) -> Anything:
    kinds: Any = FAILING_MODELS if part.fails else MODELS
    kind = kinds[part.variant % len(kinds)]
    made: Anything = kind(probe=builder.probe, answers=[answer(part)])
    return adapter(f"in-{name}", text) | made


def completion(builder: Builder, part: Part, name: str) -> Anything:
    kind = (StreamingCompletion, Completion)[part.variant % 2]
    made = FailingCompletion if part.fails else kind
    return adapter(f"in-{name}", text) | made(probe=builder.probe)


def retriever(builder: Builder, part: Part, name: str) -> Anything:
    kind = FailingRetriever if part.fails else RETRIEVERS[part.variant]
    return adapter(f"in-{name}", text) | kind(probe=builder.probe)


def tool_of(builder: Builder, part: Part, name: str) -> BaseTool:
    """A tool whose body runs the inner parts one after the other."""
    inner = builder.inner(part)
    mark = builder.probe.mark

    def tool(word: str) -> str:
        """Run what is inside."""
        mark(name)
        for each in inner:
            each.invoke(word)
            mark(name)
        return result(part, word)

    async def atool(word: str) -> str:
        """Run what is inside."""
        mark(name)
        for each in inner:
            await each.ainvoke(word)
            mark(name)
        return result(part, word)

    if part.variant == 3:
        return StructuredTool.from_function(tool, name=name)
    return StructuredTool.from_function(tool, atool, name=name)


def tool(builder: Builder, part: Part, name: str) -> Anything:
    arguments = adapter(f"in-{name}", lambda given: {"word": text(given)})
    return arguments | tool_of(builder, part, name)


MAKERS: Final[dict[str, Maker]] = {
    "lambda": function,
    "generator": chunks,
    "model": model,
    "completion": completion,
    "retriever": retriever,
    "tool": tool,
}
