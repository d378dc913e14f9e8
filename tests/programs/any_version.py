"""Runs what every supported version of LangChain and LangGraph can do; says nothing of tracing.

Each body makes a span of its own, which shows whose body it is.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from opentelemetry import trace


def mark(name: str) -> None:
    trace.get_tracer("application").start_span(name).end()


class Model(BaseChatModel):
    @property
    def _llm_type(self) -> str:
        return "test-model"

    def bind_tools(self, *_: Any, **__: Any) -> Any:
        return self

    def _generate(self, messages: list[Any], *_: Any, **__: Any) -> ChatResult:
        mark("in model")
        calls = [{"name": "add", "args": {"a": 1, "b": 2}, "id": "call-1", "type": "tool_call"}]
        asked = any(message.type == "tool" for message in messages)
        answer = AIMessage("3") if asked else AIMessage("", tool_calls=calls)
        return ChatResult(generations=[ChatGeneration(message=answer)])

    def _stream(self, *_: Any, **__: Any) -> Iterator[ChatGenerationChunk]:
        for word in ("one", "two"):
            mark("in model")
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))

    async def _astream(self, *_: Any, **__: Any) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._stream():
            yield chunk


class Retriever(BaseRetriever):
    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        mark("in retriever")
        return [Document(page_content="document")]


has_begun = asyncio.Event()


@tool
async def wait(text: str) -> str:
    """Wait."""
    mark("in tool")
    has_begun.set()
    await asyncio.Event().wait()
    return text


@tool
def add(a: int, b: int) -> int:
    """Add."""
    mark("in tool")
    return a + b


def find(question: str) -> str:
    mark("in lambda")
    return Retriever().invoke(question)[0].page_content


async def main() -> None:
    chain = RunnableLambda(find, name="find") | Model()
    chain.invoke("hello")
    chunks = chain.astream("hello")
    await anext(chunks)
    mark("between chunks")
    async for _ in chunks:
        pass
    waiting = asyncio.ensure_future(wait.ainvoke({"text": "hello"}))
    await has_begun.wait()
    try:
        await asyncio.wait_for(waiting, 0)
    except TimeoutError:
        mark("timed out")
    if find_spec("langgraph") is not None:
        await graph()


async def graph() -> None:
    from langgraph.graph import END, START, MessagesState, StateGraph
    from langgraph.prebuilt import ToolNode

    async def model(state: Any) -> Any:
        mark("in node")
        return {"messages": [await Model().ainvoke(state["messages"])]}

    builder = StateGraph(MessagesState)
    builder.add_node("model", model)
    builder.add_node("tools", ToolNode([add]))
    builder.add_edge(START, "model")
    builder.add_edge("model", "tools")
    builder.add_edge("tools", END)
    await builder.compile(name="calculator").ainvoke({"messages": [HumanMessage("1 + 2?")]})


if __name__ == "__main__":
    asyncio.run(main())
