"""An agent whose tool and whose model provider fail, to see what failures look like.

    langchain-otel run examples/failing_agent.py

The model server is on loopback: no key is needed. Nothing in here is about tracing.
"""

import os
from contextlib import suppress

import openai
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from openai_server import start_server


@tool
def get_weather(city: str) -> str:
    """Say what the weather is like in a city."""
    raise ConnectionError(f"no route to the weather of {city}")


def main() -> None:
    """One agent fails in its tool, one call of a model is refused."""
    with start_server() as server:
        os.environ.update(OPENAI_BASE_URL=server.base_url, OPENAI_API_KEY="none")
        agent = create_agent(ChatOpenAI(model="gpt-5-mini"), [get_weather], name="weather-agent")
        with suppress(ConnectionError):
            agent.invoke({"messages": [HumanMessage("Weather in Lisbon?")]})
        with suppress(openai.AuthenticationError):
            ChatOpenAI(model="fail-401").invoke("Hello")
    print("One tool and one model call have failed.")


if __name__ == "__main__":
    main()
