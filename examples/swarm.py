"""Two agents that hand over to one another; whoever spoke last is asked next.

python examples/swarm.py
"""

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_swarm import create_handoff_tool, create_swarm

import langchain_otel
from demo_model import chat_model

CONVERSATION: RunnableConfig = {"configurable": {"thread_id": "trip-42"}}


@tool
def get_weather(city: str) -> str:
    """Say what the weather is like in a city."""
    return f"In {city} it is sunny."


@tool
def find_hotels(city: str) -> str:
    """Find hotels in a city."""
    return f"Casa do Rio is in {city}."


def main() -> None:
    """Ask the weather agent for a hotel, and then whoever answered for another."""
    langchain_otel.configure(service_name="travel")
    with chat_model() as model:
        to_hotels = create_handoff_tool(agent_name="hotels")
        weather = create_agent(model, [get_weather, to_hotels], name="weather")
        hotels = create_agent(model, [find_hotels], name="hotels")
        swarm = create_swarm([weather, hotels], default_active_agent="weather")
        team = swarm.compile(InMemorySaver(), name="team")
        for city in ("Lisbon", "Vienna"):
            question = HumanMessage(f"Which hotels are in {city}?")
            print(team.invoke({"messages": [question]}, CONVERSATION)["messages"][-1].text)


if __name__ == "__main__":
    main()
