"""Tests of the travel agent of agent.py: which tools it calls, with what, and how often.

    pytest -q examples/test_agent.py

The fixture `langchain_trace` comes with the package. Nothing is exported.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from unittest.mock import ANY

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage

from agent import HOTELS, QUESTION, travel_tools, weather_service
from demo_model import chat_model
from langchain_otel.testing import Trace

TREE = """\
invoke_agent travel-agent
  chat gpt-5-mini
  execute_tool find_hotels(city='Lisbon', max_price=120)
  execute_tool get_weather(city='Lisbon')
  chat gpt-5-mini"""


def ask(folder: Path) -> str:
    """What the agent answers."""
    with weather_service() as weather_url, chat_model() as model:
        database = folder / "hotels.db"
        with closing(sqlite3.connect(database)) as connection:
            connection.executescript(HOTELS)
        agent = create_agent(model, travel_tools(weather_url, database), name="travel-agent")
        answer = agent.invoke({"messages": [HumanMessage(QUESTION)]})
    text: str = answer["messages"][-1].text
    return text


def test_looks_everything_up(langchain_trace: Trace, tmp_path: Path) -> None:
    """The weather and the hotels of the city that was asked about, before it answers."""
    assert "sunny" in ask(tmp_path)
    assert langchain_trace.called("get_weather", city="Lisbon")
    assert langchain_trace.called("find_hotels", city="Lisbon", max_price=ANY)
    assert langchain_trace.last("chat").after("execute_tool")
    assert not langchain_trace.errors()


def test_asks_the_model_twice(langchain_trace: Trace, tmp_path: Path) -> None:
    """Once for what to look up, once for the answer."""
    ask(tmp_path)
    assert langchain_trace.within(calls=2, tool_calls=2, tokens=2_000)


@pytest.mark.langchain_otel(detail="semantic")
def test_does_this(langchain_trace: Trace, tmp_path: Path) -> None:
    """The whole of it, the same in every run."""
    ask(tmp_path)
    assert langchain_trace.tree() == TREE
