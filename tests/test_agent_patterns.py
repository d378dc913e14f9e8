"""Agents of `create_agent` as people build them: middleware, structured answers, choices."""

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from langchain_otel import semconv
from models import ScriptedModel, calls, says
from recording import RunTree, Tracing
from shown import STEPS, everything, executed, shown

pytest.importorskip("langchain.agents.factory", reason="this LangChain has no create_agent")

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, hook_config
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy

SECRET = "the secret state"


class Sum(BaseModel):
    """A sum."""

    total: int


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool
def multiply(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


def question() -> Any:
    return {"messages": [HumanMessage(SECRET)]}


def agent_of(*answers: Any, **options: Any) -> Any:
    return create_agent(ScriptedModel(answers=list(answers)), [add, multiply], **options)


ROUND = "  model\n    chat scripted\n  tools\n    execute_tool add\n  model\n    chat scripted\n"


@pytest.mark.parametrize(
    ("name", "title"), [("adder", "invoke_agent adder"), (None, "invoke_agent")]
)
def test_agent(tracing: Tracing, mode: str, name: str | None, title: str) -> None:
    """An agent, its model and its tools; only a name that it was given is its name."""
    executed(agent_of(calls("add", a=1, b=2), says("3"), name=name), question(), mode)
    assert shown(tracing, STEPS) == f"{title}\n{ROUND}"
    for span in (tracing.span(title), tracing.span("execute_tool add")):
        assert (span.attributes or {}).get(semconv.GEN_AI_AGENT_NAME) == name
    assert SECRET not in everything(tracing)


class Hooks(AgentMiddleware[Any, Any]):
    """Every hook that is a node of the graph, in both forms; each makes a span of its own."""

    def __init__(self, tracing: Tracing) -> None:
        super().__init__()
        self.tracing = tracing

    def before_agent(self, state: Any, runtime: Any) -> None:
        self.tracing.mark("in before_agent")

    def before_model(self, state: Any, runtime: Any) -> None:
        self.tracing.mark("in before_model")

    def after_model(self, state: Any, runtime: Any) -> None:
        self.tracing.mark("in after_model")

    def after_agent(self, state: Any, runtime: Any) -> None:
        self.tracing.mark("in after_agent")

    async def abefore_agent(self, state: Any, runtime: Any) -> None:
        self.tracing.mark("in before_agent")

    async def abefore_model(self, state: Any, runtime: Any) -> None:
        self.tracing.mark("in before_model")

    async def aafter_model(self, state: Any, runtime: Any) -> None:
        self.tracing.mark("in after_model")

    async def aafter_agent(self, state: Any, runtime: Any) -> None:
        self.tracing.mark("in after_agent")


class Around(AgentMiddleware[Any, Any]):
    """Both hooks around a call, which run in the node of what they are around."""

    def __init__(self, tracing: Tracing) -> None:
        super().__init__()
        self.tracing = tracing

    def wrap_model_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        with self.tracing.user_span("around model"):
            return handler(request)

    async def awrap_model_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        with self.tracing.user_span("around model"):
            return await handler(request)

    def wrap_tool_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        with self.tracing.user_span("around tool"):
            return handler(request)

    async def awrap_tool_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        with self.tracing.user_span("around tool"):
            return await handler(request)


HOOKED = """\
invoke_agent adder
  Hooks.before_agent
    in before_agent
  Hooks.before_model
    in before_model
  model
    around model
      chat scripted
  Hooks.after_model
    in after_model
  tools
    around tool
      execute_tool add
  Hooks.before_model
    in before_model
  model
    around model
      chat scripted
  Hooks.after_model
    in after_model
  Hooks.after_agent
    in after_agent
"""


def test_middleware(tracing: Tracing, mode: str) -> None:
    """Each hook is a node by its name, or runs in the node that it is around."""
    middleware = [Hooks(tracing), Around(tracing)]
    agent = agent_of(calls("add", a=1, b=2), says("3"), name="adder", middleware=middleware)
    executed(agent, question(), mode)
    assert shown(tracing, STEPS) == HOOKED
    assert SECRET not in everything(tracing)


def test_graph_is_the_same_with_us(tracing: Tracing, mode: str) -> None:
    """An agent has the nodes, and makes the runs, that it has and makes without us."""

    def built_and_run() -> tuple[list[str], str]:
        middleware = [Hooks(tracing), Around(tracing)]
        agent = agent_of(calls("add", a=1, b=2), says("3"), name="adder", middleware=middleware)
        runs = RunTree()
        executed(agent, question(), mode, {"callbacks": [runs]})
        return sorted(agent.get_graph().nodes), runs.tree()

    with tracing.off():
        without = built_and_run()
    assert built_and_run() == without
    assert len(without[0]) == 8


def test_jump_to_the_end(tracing: Tracing, mode: str) -> None:
    """A hook that ends the agent is control flow, no failure."""

    class Stops(AgentMiddleware[Any, Any]):
        @hook_config(can_jump_to=["end"])
        def before_model(self, state: Any, runtime: Any) -> Any:
            return {"jump_to": "end"}

    executed(agent_of(name="adder", middleware=[Stops()]), question(), mode)
    assert shown(tracing, STEPS).startswith("invoke_agent adder\n  Stops.before_model\n")
    assert "ERROR" not in shown(tracing, STEPS)
    assert not tracing.logs


def test_structured_answer_by_a_tool(tracing: Tracing, mode: str) -> None:
    """The tool that stands for the answer's form is never run; a wrong form is asked for again."""
    answers = (calls("Sum", total="none"), calls("Sum", total=3))
    agent = agent_of(*answers, name="adder", response_format=ToolStrategy(Sum))
    answer = executed(agent, question(), mode)
    if mode.endswith("invoke"):
        assert answer["structured_response"] == Sum(total=3)
    assert shown(tracing, STEPS) == "invoke_agent adder\n" + "  model\n    chat scripted\n" * 2


def test_structured_answer_by_the_provider(tracing: Tracing, mode: str) -> None:
    """The provider itself gives the answer its form."""
    agent = agent_of(says('{"total": 3}'), name="adder", response_format=ProviderStrategy(Sum))
    answer = executed(agent, question(), mode)
    if mode.endswith("invoke"):
        assert answer["structured_response"] == Sum(total=3)
    assert shown(tracing, STEPS) == "invoke_agent adder\n  model\n    chat scripted\n"


class Chooses(AgentMiddleware[Any, Any]):
    """Takes another model, and fewer tools, once a tool has answered."""

    def __init__(self, other: ScriptedModel) -> None:
        super().__init__()
        self.other = other

    def _chosen(self, request: Any) -> Any:
        asked = any(message.type == "tool" for message in request.messages)
        return request.override(model=self.other, tools=[multiply]) if asked else request

    def wrap_model_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        return handler(self._chosen(request))

    async def awrap_model_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        return await handler(self._chosen(request))


def test_model_and_tools_chosen_at_run_time(tracing_with_content: Tracing, mode: str) -> None:
    """Each call says its own model and tools; the agent, which had two models, says none."""
    other = ScriptedModel(answers=[says("3")], model="other")
    agent = agent_of(calls("add", a=1, b=2), name="adder", middleware=[Chooses(other)])
    executed(agent, question(), mode)
    tools = {
        name: tracing_with_content.span(name).attributes or {}
        for name in ("chat scripted", "chat other", "invoke_agent adder")
    }
    assert '"name":"add"' in str(tools["chat scripted"][semconv.GEN_AI_TOOL_DEFINITIONS])
    assert '"name":"add"' not in str(tools["chat other"][semconv.GEN_AI_TOOL_DEFINITIONS])
    assert '"name":"multiply"' in str(tools["chat other"][semconv.GEN_AI_TOOL_DEFINITIONS])
    assert semconv.GEN_AI_REQUEST_MODEL not in tools["invoke_agent adder"]


def test_agent_of_any_version_is_marked(tracing: Tracing) -> None:
    """Without the mark that newer ones carry among their metadata an agent is one too."""
    agent = agent_of(says("done"), name="adder")
    agent.config = None
    agent.invoke(question())
    assert "invoke_agent adder" in tracing.names()
