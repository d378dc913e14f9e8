"""Knows the programs that are agents of `create_agent`, with tools and middleware."""

from collections.abc import Callable
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware
from langchain_core.messages import AIMessage
from langchain_core.tools import BaseTool, StructuredTool

from modes.loops import calls, question
from modes.models import AsyncModel, StreamingModel
from modes.probe import ASYNC, GRAPH, SYNC, Probe, Programs
from modes.tools import Lookup, add_tool, wait_tool

PROGRAMS = Programs(GRAPH)


def two_rounds(*tools: str) -> list[AIMessage]:
    """Answers of a model that calls these tools, then is done."""
    return [calls(*tools), AIMessage("done")]


class Hooks(AgentMiddleware[Any, Any]):
    """A middleware with a hook before and after each call of the model."""

    def __init__(self, probe: Probe) -> None:
        super().__init__()
        self.probe = probe

    def before_model(self, state: Any, runtime: Any) -> None:
        self.probe.mark("Hooks.before_model")

    def after_model(self, state: Any, runtime: Any) -> None:
        self.probe.mark("Hooks.after_model")

    def before_agent(self, state: Any, runtime: Any) -> None:
        self.probe.mark("Hooks.before_agent")


class Around(AgentMiddleware[Any, Any]):
    """A middleware around each call of the model, and of a tool."""

    def __init__(self, probe: Probe) -> None:
        super().__init__()
        self.probe = probe

    def wrap_model_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        self.probe.mark("model")
        answer = handler(request)
        self.probe.mark("model")
        return answer

    async def awrap_model_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        self.probe.mark("model")
        answer = await handler(request)
        self.probe.mark("model")
        return answer

    def wrap_tool_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        self.probe.mark("tools")
        result = handler(request)
        self.probe.mark("tools")
        return result

    async def awrap_tool_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        self.probe.mark("tools")
        result = await handler(request)
        self.probe.mark("tools")
        return result


class AsyncHooks(AgentMiddleware[Any, Any]):
    """A middleware whose hooks are asynchronous."""

    def __init__(self, probe: Probe) -> None:
        super().__init__()
        self.probe = probe

    async def abefore_model(self, state: Any, runtime: Any) -> None:
        self.probe.mark("AsyncHooks.before_model")

    async def aafter_model(self, state: Any, runtime: Any) -> None:
        self.probe.mark("AsyncHooks.after_model")


@PROGRAMS.add("StreamingModel", "add", "lookup")
def agent(probe: Probe) -> tuple[Any, Any]:
    model = StreamingModel(probe=probe, answers=two_rounds("add", "lookup"))
    return create_agent(model, [add_tool(probe), Lookup(probe=probe)]), question()


@PROGRAMS.add("AsyncModel", "wait", "add", kinds=ASYNC)
def agent_with_async_tools(probe: Probe) -> tuple[Any, Any]:
    model = AsyncModel(probe=probe, answers=two_rounds("wait", "add", "wait"))
    return create_agent(model, [add_tool(probe), wait_tool(probe)], name="helper"), question()


@PROGRAMS.add(
    "StreamingModel",
    "add",
    "model",
    "tools",
    "Hooks.before_agent",
    "Hooks.before_model",
    "Hooks.after_model",
)
def agent_with_middleware(probe: Probe) -> tuple[Any, Any]:
    model = StreamingModel(probe=probe, answers=two_rounds("add", "add"))
    middleware = [Hooks(probe), Around(probe)]
    return create_agent(model, [add_tool(probe)], middleware=middleware), question()


@PROGRAMS.add(
    "StreamingModel",
    "wait",
    "AsyncHooks.before_model",
    "AsyncHooks.after_model",
    kinds=ASYNC,
)
def agent_with_async_middleware(probe: Probe) -> tuple[Any, Any]:
    model = StreamingModel(probe=probe, answers=two_rounds("wait"))
    return create_agent(model, [wait_tool(probe)], middleware=[AsyncHooks(probe)]), question()


def delegate_tool(probe: Probe) -> BaseTool:
    """A tool that asks another agent."""
    answers = [calls("add"), AIMessage("the other is done")]
    model = StreamingModel(probe=probe, answers=answers)
    other: Any = create_agent(model, [add_tool(probe)], name="other")

    def lookup(word: str) -> str:
        """Ask the other agent."""
        probe.mark("lookup")
        answer = other.invoke(question())
        probe.mark("lookup")
        return str(answer["messages"][-1].content)

    async def alookup(word: str) -> str:
        """Ask the other agent."""
        probe.mark("lookup")
        answer = await other.ainvoke(question())
        probe.mark("lookup")
        return str(answer["messages"][-1].content)

    return StructuredTool.from_function(lookup, alookup, name="lookup")


@PROGRAMS.add("StreamingModel", "lookup", "add")
def agent_as_tool(probe: Probe) -> tuple[Any, Any]:
    model = StreamingModel(probe=probe, answers=two_rounds("lookup", "lookup"))
    return create_agent(model, [delegate_tool(probe)], name="main"), question()


@PROGRAMS.add("StreamingModel", "fails", kinds=SYNC, raises=ValueError)
def agent_whose_tool_fails(probe: Probe) -> tuple[Any, Any]:
    def fails(word: str) -> str:
        """Fail."""
        probe.mark("fails")
        raise ValueError("broken")

    tool = StructuredTool.from_function(fails, name="fails")
    call = {"name": "fails", "args": {"word": "hi"}, "id": "1"}
    answers = [AIMessage("", tool_calls=[call]), AIMessage("done")]
    return create_agent(StreamingModel(probe=probe, answers=answers), [tool]), question()
