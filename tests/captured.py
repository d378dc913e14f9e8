"""Agents that tests of the pytest plugin ask, and what a trace of each looks like."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.tools import tool

from models import ScriptedModel, calls, says
from versions import create_agent, release


@tool
def get_weather(city: str, days: int = 1) -> str:
    """Say what the weather is like in a city."""
    if city == "Atlantis":
        raise ValueError("no such city")
    return f"sunny in {city} for {days} days"


@tool
def find_hotels(city: str) -> str:
    """Find hotels in a city."""
    return f"hotels in {city}"


QUESTION: dict[str, Any] = {"messages": [("user", "What is the weather like?")]}
TREE = """\
invoke_agent travel-agent
  model
    chat scripted
  tools
    execute_tool get_weather(city='Porto')
  model
    chat scripted"""


def agent(*answers: AIMessage) -> Any:
    """An agent with both tools, whose model gives these answers.

    The test is skipped where the edges of an agent's graph are runs, too.
    """
    if release("langchain") < (1, 2):
        pytest.skip("the trees are those of a newer LangChain")
    model = ScriptedModel(answers=list(answers))
    return create_agent(model, [get_weather, find_hotels], name="travel-agent")


def weather_agent(city: str = "Porto") -> Any:
    """An agent that looks up the weather in a city."""
    return agent(calls("get_weather", city=city), says(f"It is sunny in {city}."))


def both(city: str = "Porto") -> AIMessage:
    """An answer that calls both tools."""
    first, second = calls("get_weather", city=city), calls("find_hotels", city=city)
    return AIMessage("", tool_calls=[*first.tool_calls, *second.tool_calls])
