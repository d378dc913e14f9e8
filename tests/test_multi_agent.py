"""Agents that work together: as tools of one another, under a supervisor, in a swarm."""

import importlib
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.prebuilt import create_react_agent

from langchain_otel import semconv
from models import ScriptedModel, calls, says
from recording import Tracing, id_of
from shown import STEPS, everything, executed, shown
from versions import release

SECRET = "the secret state"

# The way before `create_agent`, which the supervisor itself still goes.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def question() -> Any:
    return {"messages": [HumanMessage(SECRET)]}


def react_agent(name: str, tools: list[Any], *answers: Any) -> Any:
    return create_react_agent(ScriptedModel(answers=list(answers)), tools, name=name)


def new_agent(name: str, tools: list[Any], *answers: Any) -> Any:
    agents = pytest.importorskip("langchain.agents.factory")
    return agents.create_agent(ScriptedModel(answers=list(answers)), tools, name=name)


@pytest.fixture(params=[react_agent, new_agent])
def make(request: pytest.FixtureRequest) -> Any:
    return request.param


def agents_of_tools(tracing: Tracing) -> dict[str, Any]:
    return {
        span.name: (span.attributes or {}).get(semconv.GEN_AI_AGENT_NAME)
        for span in tracing.spans
        if span.name.startswith("execute_tool")
    }


def generic(tracing: Tracing) -> str:
    """The tree, whichever way its agents were made."""
    lines = [line for line in shown(tracing, STEPS).splitlines() if "chat" not in line]
    return "".join(f"{line}\n".replace(" agent\n", " model\n") for line in lines)


def test_agent_as_a_tool(tracing: Tracing, mode: str, make: Any) -> None:
    """The inner agent nests under the tool that asks it; each agent's tools say which one's."""
    inner = make("adder", [add], calls("add", a=1, b=2), says("3"))

    @tool
    async def ask(text: str) -> str:
        """Ask the other agent."""
        return str((await inner.ainvoke(question()))["messages"][-1].content)

    ask.func = lambda text: str(inner.invoke(question())["messages"][-1].content)
    executed(make("asker", [ask], calls("ask", text=SECRET), says("done")), question(), mode)
    assert generic(tracing) == (
        "invoke_agent asker\n"
        "  model\n"
        "  tools\n"
        "    execute_tool ask\n"
        "      invoke_agent adder\n"
        "        model\n"
        "        tools\n"
        "          execute_tool add\n"
        "        model\n"
        "  model\n"
    )
    assert agents_of_tools(tracing) == {"execute_tool ask": "asker", "execute_tool add": "adder"}
    assert SECRET not in everything(tracing)


def test_supervisor(tracing: Tracing, mode: str, make: Any) -> None:
    """The team is a workflow; supervisor and workers are agents, which hand off without failure."""
    supervisor = pytest.importorskip("langgraph_supervisor")
    worker = make("adder", [add], calls("add", a=1, b=2), says("3"))
    model = ScriptedModel(answers=[calls("transfer_to_adder"), says("done")])
    team = supervisor.create_supervisor([worker], model=model).compile(name="team")
    executed(team, question(), mode)
    assert generic(tracing) == (
        "invoke_workflow team\n"
        "  supervisor handed_off\n"
        "    invoke_agent supervisor handed_off\n"
        "      model\n"
        "      tools handed_off\n"
        "        execute_tool transfer_to_adder\n"
        "  adder\n"
        "    invoke_agent adder\n"
        "      model\n"
        "      tools\n"
        "        execute_tool add\n"
        "      model\n"
        "  supervisor\n"
        "    invoke_agent supervisor\n"
        "      model\n"
    )
    assert agents_of_tools(tracing) == {
        "execute_tool transfer_to_adder": "supervisor",
        "execute_tool add": "adder",
    }
    assert SECRET not in everything(tracing)


def test_swarm(tracing: Tracing, mode: str, make: Any) -> None:
    """Agents that hand over to one another; the next turn goes to the one that was last active."""
    swarm = pytest.importorskip("langgraph_swarm", exc_type=ImportError)
    if make is new_agent and release("langchain") < (1, 1):
        pytest.skip("agents of this LangChain do not hand over to one another")
    to_bob, to_alice = (swarm.create_handoff_tool(agent_name=name) for name in ("bob", "alice"))
    alice = make("alice", [to_bob], calls("transfer_to_bob"))
    bob = make("bob", [add, to_alice], calls("add", a=1, b=2), says("3"), says("again"))
    team = swarm.create_swarm([alice, bob], default_active_agent="alice").compile(
        InMemorySaver(), name="swarm"
    )
    for _ in range(2):
        executed(team, question(), mode, {"configurable": {"thread_id": "1"}})
    assert generic(tracing) == (
        "invoke_workflow swarm\n"
        "  __start__\n"
        "    route_to_active_agent\n"
        "  alice handed_off\n"
        "    invoke_agent alice handed_off\n"
        "      model\n"
        "      tools handed_off\n"
        "        execute_tool transfer_to_bob\n"
        "  bob\n"
        "    invoke_agent bob\n"
        "      model\n"
        "      tools\n"
        "        execute_tool add\n"
        "      model\n"
        "invoke_workflow swarm\n"
        "  __start__\n"
        "    route_to_active_agent\n"
        "  bob\n"
        "    invoke_agent bob\n"
        "      model\n"
    )
    assert agents_of_tools(tracing) == {
        "execute_tool transfer_to_bob": "alice",
        "execute_tool add": "bob",
    }
    assert SECRET not in everything(tracing)


def test_supervisor_with_a_real_client(tracing: Tracing) -> None:
    """The same with OpenAI's own client and a server that decides by the question."""
    pytest.importorskip("langchain_openai")
    supervisor = pytest.importorskip("langgraph_supervisor")
    chat_models = importlib.import_module("langchain_openai.chat_models")
    from openai_server import start_server

    with start_server() as server:
        model = chat_models.ChatOpenAI(
            model="gpt-5-mini", base_url=server.base_url, api_key="none", max_retries=0
        )
        worker = create_react_agent(model, [add], name="adder")
        team = supervisor.create_supervisor([worker], model=model).compile(name="team")
        answer = team.invoke({"messages": [HumanMessage("Ask the adder for 1 and 2")]})
    assert len(answer["messages"]) > 4
    chats = [span for span in tracing.spans if span.name == "chat gpt-5-mini"]
    owners = {id_of(span): span for span in tracing.spans}
    assert len(chats) == len(server.requests) == 4
    assert all(span.parent and span.parent.span_id in owners for span in chats)
    assert tracing.names().count("invoke_agent supervisor") == 2
    assert tracing.names().count("invoke_agent adder") == 1
