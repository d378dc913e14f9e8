"""Models, tools and retrievers that tests run: small, real subclasses of LangChain's own."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManagerForRetrieverRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.retrievers import BaseRetriever
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from waiting import Hold


def counted(input_tokens: int, output_tokens: int) -> UsageMetadata:
    """The usage of one answer or chunk."""
    return UsageMetadata(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        total_tokens=input_tokens + output_tokens,
    )


async def held(hold: Hold | None) -> None:
    """Let the event loop turn, or stay."""
    await (asyncio.sleep(0) if hold is None else hold.stay())


class Model(BaseChatModel):
    """Answers with its words: at once, or a chunk a word.

    `fails` raises before the answer. In `hold` a coroutine stays before the answer, or where it
    has given all the words of its stream.
    """

    words: list[str] = Field(default_factory=lambda: ["one", "two", "three"])
    fails: Any = None
    hold: Any = None

    @property
    def _llm_type(self) -> str:
        return "test-model"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        if self.fails is not None:
            raise self.fails
        message = AIMessage(" ".join(self.words), usage_metadata=counted(3, len(self.words)))
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        await held(self.hold)
        return self._generate(messages)


class ScriptedModel(BaseChatModel):
    """Gives its answers one after the other, whatever it is asked."""

    answers: list[AIMessage]
    model: str = "scripted"

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model}

    def bind_tools(self, tools: Any, **options: Any) -> Any:
        return self.bind(tools=[convert_to_openai_tool(each) for each in tools], **options)

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self.answers.pop(0))])


def calls(tool: str, **arguments: Any) -> AIMessage:
    """An answer that calls a tool."""
    call = {"name": tool, "args": arguments, "id": f"call-{tool}", "type": "tool_call"}
    return AIMessage("", tool_calls=[call], usage_metadata=counted(3, 2))


def says(text: str) -> AIMessage:
    """An answer in words."""
    return AIMessage(text, usage_metadata=counted(5, 4))


class StreamingModel(Model):
    """The same, streamed; each chunk counts one token of its answer."""

    def _chunks(self) -> Iterator[ChatGenerationChunk]:
        for position, word in enumerate(self.words):
            usage = counted(0 if position else 3, 1)
            yield ChatGenerationChunk(message=AIMessageChunk(content=word, usage_metadata=usage))
        if self.fails is not None:
            raise self.fails

    def _stream(self, *_: Any, **__: Any) -> Iterator[ChatGenerationChunk]:
        yield from self._chunks()

    async def _astream(self, *_: Any, **__: Any) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._chunks():
            yield chunk
            await asyncio.sleep(0)
        await held(self.hold)


class Retriever(BaseRetriever):
    """Finds one document; `fails` raises instead, and in `hold` a coroutine stays before it."""

    fails: Any = None
    hold: Any = None

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        if self.fails is not None:
            raise self.fails
        return [Document(f"about {query}", id="doc-1", metadata={"score": 0.5, "source": "s"})]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> list[Document]:
        await held(self.hold)
        return self._get_relevant_documents(query, run_manager=run_manager.get_sync())
