"""A supervisor that hands a question to one agent after the other, and answers when it knows.

python examples/supervisor.py
"""

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langgraph_supervisor import create_handoff_tool, create_supervisor

import langchain_otel
from demo_model import chat_model

QUESTION = "What is the weather in Lisbon, and which hotels are there?"


@tool
def get_weather(city: str) -> str:
    """Say what the weather is like in a city."""
    return f"In {city} it is sunny."


@tool
def find_hotels(city: str) -> str:
    """Find hotels in a city."""
    return f"Casa do Rio is in {city}."


def main() -> None:
    """Ask the team one question."""
    langchain_otel.configure(service_name="travel", detail="semantic")
    with chat_model() as model:
        weather = create_agent(model, [get_weather], name="weather")
        hotels = create_agent(model, [find_hotels], name="hotels")
        team = create_supervisor(
            [weather, hotels],
            model=model,
            # Named here, because the supervisor's own ones are in another order in each process.
            tools=[create_handoff_tool(agent_name=name) for name in ("weather", "hotels")],
            output_mode="full_history",
        ).compile(name="team")
        answer = team.invoke({"messages": [HumanMessage(QUESTION)]})
    print(answer["messages"][-1].text)


if __name__ == "__main__":
    main()
