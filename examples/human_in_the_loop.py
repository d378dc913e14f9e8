"""An agent that asks a person before it acts, and goes on in another process when it is answered.

    langchain-otel run examples/human_in_the_loop.py ask
    langchain-otel run examples/human_in_the_loop.py answer yes

The first process ends with the agent waiting: its trace says `interrupted`, and nothing in it is an
error. The second one is a trace of its own, days later if need be. It continues the first: its root
has a span link there, and says how long the person was waited for. What joins the two is the
checkpoint in a file (`--database`, by default one of yours in the temporary directory); there is
not a word about tracing in this program either.
"""

import argparse
import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.types import Command, interrupt

from demo_model import chat_model

QUESTION = "Book the hotel Adler in Vienna."
# The user's number is part of its name, where the system has one: the directory is everybody's.
OWNER = getattr(os, "getuid", int)()
DATABASE = str(Path(tempfile.gettempdir()) / f"langchain-otel-approval-{OWNER}.db")


@tool
def book_hotel(hotel: str) -> str:
    """Book a hotel, if a person agrees."""
    answer = interrupt(f"Book {hotel}?")
    return f"{hotel} is booked." if answer == "yes" else f"{hotel} is not booked: {answer}."


def run(given: Any, database: str, thread: str) -> None:
    """Let the agent go on as far as it can, and print what it says or asks."""
    conversation: RunnableConfig = {"configurable": {"thread_id": thread}}
    with (
        chat_model() as model,
        closing(sqlite3.connect(database, check_same_thread=False)) as connection,
    ):
        agent = create_agent(
            model, [book_hotel], name="booking-agent", checkpointer=SqliteSaver(connection)
        )
        state = agent.invoke(given, conversation)
    for asked in state.get("__interrupt__", ()):
        print(asked.value)
        return
    print(state["messages"][-1].text)


def main() -> None:
    """Ask the agent, or answer it."""
    parser = argparse.ArgumentParser(description="An agent that asks before it acts.")
    parser.add_argument("--database", default=DATABASE, help="where the agent waits")
    parser.add_argument("--thread", default="booking-7", help="the conversation")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("ask", help="start: the agent asks whether to book")
    commands.add_parser("answer", help="go on").add_argument("text", help="yes, or why not")
    chosen = parser.parse_args()
    if chosen.command == "ask":
        run({"messages": [HumanMessage(QUESTION)]}, chosen.database, chosen.thread)
    else:
        run(Command(resume=chosen.text), chosen.database, chosen.thread)


if __name__ == "__main__":
    main()
