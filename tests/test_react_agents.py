"""What is an agent: a graph that LangGraph or LangChain made to be one, whatever its name."""

from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import create_react_agent

from langchain_otel import semconv
from models import ScriptedModel, calls, says
from recording import Tracing
from shown import STEPS, executed, shown

SECRET = "the secret state"

# It is deprecated, and much used.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def question() -> Any:
    return {"messages": [HumanMessage(SECRET)]}


def react_agent(*answers: Any, **options: Any) -> Any:
    return create_react_agent(ScriptedModel(answers=list(answers)), [add], **options)


def test_react_agent(tracing: Tracing, mode: str) -> None:
    """`create_react_agent` makes an agent, with its name, its tools' and its totals."""
    agent = react_agent(calls("add", a=1, b=2), says("3"), name="adder")
    executed(agent, question(), mode)
    assert shown(tracing, STEPS) == (
        "invoke_agent adder\n"
        "  agent\n"
        "    chat scripted\n"
        "  tools\n"
        "    execute_tool add\n"
        "  agent\n"
        "    chat scripted\n"
    )
    attributes = tracing.span("invoke_agent adder").attributes or {}
    assert attributes[semconv.GEN_AI_AGENT_NAME] == "adder"
    assert attributes[semconv.GEN_AI_USAGE_INPUT_TOKENS] == 8
    assert attributes[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == 6
    tool_attributes = tracing.span("execute_tool add").attributes or {}
    assert tool_attributes[semconv.GEN_AI_AGENT_NAME] == "adder"
    assert SECRET not in "".join(span.to_json() for span in tracing.spans)


def test_react_agent_without_a_name(tracing: Tracing, mode: str) -> None:
    """An agent that has no name is given none."""
    executed(react_agent(says("done")), question(), mode)
    (agent,) = [span for span in tracing.spans if span.parent is None]
    assert agent.name == "invoke_agent"
    assert semconv.GEN_AI_AGENT_NAME not in (agent.attributes or {})


def test_react_agent_with_hooks_and_a_schema(tracing: Tracing, mode: str) -> None:
    """Hooks and the structured answer are nodes of their own."""
    # For the structured answer the model is asked once more.
    agent = react_agent(
        says("done"),
        calls("Sum", total=3),
        name="adder",
        pre_model_hook=lambda _: {"messages": []},
        post_model_hook=lambda _: {},
        response_format={
            "title": "Sum",
            "description": "A sum.",
            "type": "object",
            "properties": {"total": {"type": "integer"}},
        },
    )
    answer = executed(agent, question(), mode)
    if mode.endswith("invoke"):
        assert answer["structured_response"] == {"total": 3}
    names = [
        span.name for span in tracing.spans if semconv.LANGGRAPH_NODE in (span.attributes or {})
    ]
    expected = ["pre_model_hook", "agent", "post_model_hook", "generate_structured_response"]
    assert [name for name in names if name in expected] == expected
    assert tracing.span("invoke_agent adder").parent is None


def test_name_of_a_run_is_not_the_agents(tracing: Tracing) -> None:
    """An agent keeps its name, whatever a caller calls the run."""
    react_agent(says("done"), name="adder").invoke(question(), {"run_name": "request"})
    assert "invoke_agent adder" in tracing.names()


def test_configured_agent(tracing: Tracing) -> None:
    """An agent with a configuration bound to it is one still."""
    agent = react_agent(says("done"), name="adder").with_config(tags=["mine"])
    agent.invoke(question())
    assert "invoke_agent adder" in tracing.names()


@pytest.mark.parametrize("node", ["agent", "model"])
def test_graph_that_only_looks_like_an_agent(tracing: Tracing, node: str) -> None:
    """Names make no agent: neither the graph's, nor a node's, nor a function's."""

    def call_model(state: MessagesState) -> Any:
        return {"messages": [ScriptedModel(answers=[says("done")]).invoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node(node, call_model)
    graph.add_edge(START, node)
    graph.compile(name="agent").invoke(question())
    assert "invoke_workflow agent" in tracing.names()


def test_graph_around_an_agent(tracing: Tracing, mode: str) -> None:
    """A graph with an agent in it is a workflow, the agent is an agent."""
    graph = StateGraph(MessagesState)
    graph.add_node("agent", react_agent(says("done"), name="adder"))
    graph.add_edge(START, "agent")
    executed(graph.compile(name="outer"), question(), mode)
    assert shown(tracing, STEPS) == (
        "invoke_workflow outer\n"
        "  agent\n"
        "    invoke_agent adder\n"
        "      agent\n"
        "        chat scripted\n"
    )
