"""Does what dashboards and queries show, once for every line that it reads, and says "sent" then.

The examples' agents, one of them interrupted and resumed, another waiting, a streamed answer, a
tool, a node and a model that fail. Says nothing of tracing but that it is to be sent now.
"""

import os
import sys
import tempfile
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any

import openai
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.graph import START, StateGraph
from langgraph.types import Command
from opentelemetry import metrics, trace

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))

import agent
import human_in_the_loop
from openai_server import start_server

CONVERSATION: Any = {"configurable": {"thread_id": "support-3"}}


@tool
def get_weather(city: str) -> str:
    """Say what the weather is like in a city."""
    raise ConnectionError(city)


def wait_for_a_person() -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = str(Path(folder) / "approval.db")
        question: Any = {"messages": [HumanMessage(human_in_the_loop.QUESTION)]}
        human_in_the_loop.run(question, database, "booking-7")
        human_in_the_loop.run(Command(resume="yes"), database, "booking-7")
        # Nobody will answer this one.
        human_in_the_loop.run(question, database, "booking-8")


def stream_and_fail() -> None:
    # Nobody sells it: its price is not known, to the option `cost` and to prices.yaml.
    model = ChatOpenAI(model="house-model", stream_usage=True)
    storyteller = create_agent(model, [], name="storyteller")
    question: Any = {"messages": [HumanMessage("Tell me of Lisbon.")]}
    list(storyteller.stream(question, CONVERSATION, stream_mode="messages"))
    broken = create_agent(model, [get_weather], name="broken-agent")
    with suppress(ConnectionError):
        broken.invoke({"messages": [HumanMessage("Weather in Lisbon?")]}, CONVERSATION)
    with suppress(openai.AuthenticationError):
        ChatOpenAI(model="fail-401").invoke("Hello")


def fail(_: Any) -> Any:
    raise ValueError


def fail_in_a_node() -> None:
    builder: Any = StateGraph(dict)
    builder.add_node("publish", fail)
    builder.add_edge(START, "publish")
    with suppress(ValueError):
        builder.compile(name="newsroom").invoke({}, CONVERSATION)


def send() -> None:
    providers: tuple[Any, ...] = (trace.get_tracer_provider(), metrics.get_meter_provider())
    for provider in providers:
        provider.force_flush()


def work() -> None:
    agent.main()
    wait_for_a_person()
    stream_and_fail()
    fail_in_a_node()
    send()


# One model server for all rounds: the address is a label.
with start_server() as server:
    os.environ.update(OPENAI_BASE_URL=server.base_url, OPENAI_API_KEY="none")
    for _ in sys.stdin:
        with redirect_stdout(sys.stderr):
            work()
        print("sent", flush=True)
