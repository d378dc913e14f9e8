"""Knows the programs that call tools and retrievers."""

import asyncio
from typing import Any

from langchain_core.documents import Document
from langchain_core.messages import ToolMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig, RunnableLambda, RunnablePassthrough
from langchain_core.tools import BaseTool, StructuredTool, ToolException, tool

from modes.lcel import step
from modes.models import StreamingModel
from modes.probe import ASYNC, Probe, Programs

PROGRAMS = Programs()


def add_tool(probe: Probe) -> BaseTool:
    """A tool without an asynchronous form."""

    @tool
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        probe.mark("add")
        return a + b

    return add


def wait_tool(probe: Probe) -> BaseTool:
    """A tool that is asynchronous."""

    @tool
    async def wait(a: int) -> int:
        """Wait a little."""
        probe.mark("wait")
        await asyncio.sleep(0)
        probe.mark("wait")
        return a

    return wait


class Lookup(BaseTool):
    """A tool that is a class with both forms."""

    name: str = "lookup"
    description: str = "Look something up."
    probe: Any

    def _run(self, word: str, run_manager: Any = None) -> str:
        self.probe.mark("lookup", run_manager)
        return word

    async def _arun(self, word: str, run_manager: Any = None) -> str:
        self.probe.mark("lookup", run_manager)
        await asyncio.sleep(0)
        self.probe.mark("lookup")
        return word


class SyncRetriever(BaseRetriever):
    """A retriever without an asynchronous form."""

    probe: Any

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        self.probe.mark(type(self).__name__, run_manager)
        return [Document(query)]


class AsyncRetriever(SyncRetriever):
    """A retriever with both forms."""

    async def _aget_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        self.probe.mark(type(self).__name__, run_manager)
        await asyncio.sleep(0)
        self.probe.mark(type(self).__name__, run_manager)
        return [Document(query)]


class OldRetriever(BaseRetriever):
    """A retriever of the kind that is not given its run manager."""

    probe: Any

    def _get_relevant_documents(self, query: str) -> list[Document]:  # type: ignore[override]
        self.probe.unidentified("OldRetriever")
        return [Document(query)]

    async def _aget_relevant_documents(  # type: ignore[override]
        self, query: str
    ) -> list[Document]:
        self.probe.unidentified("OldRetriever")
        await asyncio.sleep(0)
        self.probe.unidentified("OldRetriever")
        return [Document(query)]


class BrokenRetriever(AsyncRetriever):
    """A retriever that fails."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        super()._get_relevant_documents(query, run_manager=run_manager)
        raise ValueError("broken")

    async def _aget_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        await super()._aget_relevant_documents(query, run_manager=run_manager)
        raise ValueError("broken")


@PROGRAMS.add("add")
def sync_tool(probe: Probe) -> tuple[Any, Any]:
    return add_tool(probe), {"a": 1, "b": 2}


@PROGRAMS.add("wait", kinds=ASYNC)
def async_tool(probe: Probe) -> tuple[Any, Any]:
    return wait_tool(probe), {"a": 1}


@PROGRAMS.add("lookup")
def tool_class(probe: Probe) -> tuple[Any, Any]:
    return Lookup(probe=probe), "word"


@PROGRAMS.add("add")
def tool_call(probe: Probe) -> tuple[Any, Any]:
    call = {"type": "tool_call", "id": "1", "name": "add", "args": {"a": 1, "b": 2}}
    return add_tool(probe), call


@PROGRAMS.add("fails")
def tool_that_reports_its_failure(probe: Probe) -> tuple[Any, Any]:
    def fails(a: int) -> ToolMessage:
        """Fail."""
        probe.mark("fails")
        return ToolMessage("no", tool_call_id="1", status="error")

    call = {"type": "tool_call", "id": "1", "name": "fails", "args": {"a": 1}}
    return StructuredTool.from_function(fails), call


@PROGRAMS.add("fails", raises=ToolException)
def tool_that_raises(probe: Probe) -> tuple[Any, Any]:
    def fails(a: int) -> int:
        """Fail."""
        probe.mark("fails")
        raise ToolException("no")

    return StructuredTool.from_function(fails), {"a": 1}


@PROGRAMS.add("fails")
def tool_whose_failure_is_handled(probe: Probe) -> tuple[Any, Any]:
    def fails(a: int) -> int:
        """Fail."""
        probe.mark("fails")
        raise ToolException("no")

    return StructuredTool.from_function(fails, handle_tool_error=True), {"a": 1}


@PROGRAMS.add("research", "double", "StreamingModel")
def tool_that_runs_a_chain(probe: Probe) -> tuple[Any, Any]:
    chain = step(probe, "double", lambda word: word * 2) | StreamingModel(probe=probe)

    def research(word: str, config: RunnableConfig) -> str:
        """Find out about a word."""
        probe.mark("research")
        return str(chain.invoke(word, config).content)

    async def aresearch(word: str, config: RunnableConfig) -> str:
        """Find out about a word."""
        probe.mark("research")
        answer = await chain.ainvoke(word)
        probe.mark("research")
        return str(answer.content)

    both = StructuredTool.from_function(research, aresearch, name="research")
    return both | RunnablePassthrough(), {"word": "hi"}


@PROGRAMS.add("SyncRetriever")
def sync_retriever(probe: Probe) -> tuple[Any, Any]:
    return SyncRetriever(probe=probe), "query"


@PROGRAMS.add("AsyncRetriever")
def async_retriever(probe: Probe) -> tuple[Any, Any]:
    return AsyncRetriever(probe=probe), "query"


@PROGRAMS.add("OldRetriever")
def old_retriever(probe: Probe) -> tuple[Any, Any]:
    return OldRetriever(probe=probe), "query"


@PROGRAMS.add("BrokenRetriever", raises=ValueError)
def broken_retriever(probe: Probe) -> tuple[Any, Any]:
    return BrokenRetriever(probe=probe), "query"


@PROGRAMS.add("AsyncRetriever", "OldRetriever", "joined", "StreamingModel", "calls")
def retrievers_in_a_chain(probe: Probe) -> tuple[Any, Any]:
    old = OldRetriever(probe=probe)

    def call(documents: list[Document]) -> Any:
        probe.mark("calls")
        return documents + old.invoke("more")

    async def acall(documents: list[Document]) -> Any:
        probe.mark("calls")
        more = await old.ainvoke("more")
        probe.mark("calls")
        return documents + more

    joined = step(probe, "joined", lambda documents: documents[0].page_content)
    chain = AsyncRetriever(probe=probe) | RunnableLambda(call, acall, name="calls") | joined
    return chain | StreamingModel(probe=probe), "query"
