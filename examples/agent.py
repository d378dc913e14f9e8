"""A travel agent with two tools, and not a word about tracing: that is the point.

    langchain-otel run examples/agent.py

prints the agent's answer, then its trace as a tree: the agent, its model calls and tools, and
below them the HTTP requests and database queries that OpenTelemetry's own instrumentations see.
With OTEL_EXPORTER_OTLP_ENDPOINT set the same trace goes to a backend.

The model is the scripted one of `openai_server.py`, unless the environment names another: see
`demo_model.py`.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import httpx
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, tool
from langgraph.checkpoint.memory import InMemorySaver

from demo_model import chat_model

QUESTION = "What is the weather in Lisbon, and which hotels there cost less than 120 euros?"
HOTELS = """
    CREATE TABLE hotels (name TEXT, city TEXT, price INTEGER);
    INSERT INTO hotels VALUES ('Casa do Rio', 'Lisbon', 95), ('Pensão Luz', 'Lisbon', 110),
        ('Palácio', 'Lisbon', 240), ('Hotel Adler', 'Vienna', 115);
"""


def travel_tools(weather_url: str, database: Path) -> list[BaseTool]:
    """The agent's tools: one asks a web service, the other a database."""

    @tool
    def get_weather(city: str) -> str:
        """Say what the weather is like in a city."""
        weather = httpx.get(f"{weather_url}/{quote(city)}").raise_for_status().json()
        return f"In {city} it is {weather['sky']} at {weather['celsius']} degrees."

    @tool
    def find_hotels(city: str, max_price: int) -> str:
        """Find hotels in a city that cost less than a price in euros."""
        query = "SELECT name, price FROM hotels WHERE city = ? AND price < ?"
        with closing(sqlite3.connect(database)) as connection:
            cursor = connection.cursor()
            cursor.execute(query, (city, max_price))
            rows = cursor.fetchall()
        return ", ".join(f"{name} for {price} euros" for name, price in rows) or "none"

    return [get_weather, find_hotels]


class WeatherService(BaseHTTPRequestHandler):
    """A web service that always reports the same weather."""

    def do_GET(self) -> None:
        """Answer in JSON."""
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"sky": "sunny", "celsius": 24}).encode())

    def log_message(self, *_: object, **__: object) -> None:
        """Keep quiet."""


@contextmanager
def weather_service() -> Iterator[str]:
    """Serve the weather on a free port of this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), WeatherService) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/weather"
        server.shutdown()


def main() -> None:
    """Ask the agent one question."""
    with weather_service() as weather_url, chat_model() as model, TemporaryDirectory() as folder:
        database = Path(folder) / "hotels.db"
        with closing(sqlite3.connect(database)) as connection:
            connection.executescript(HOTELS)
        agent = create_agent(
            model,
            travel_tools(weather_url, database),
            name="travel-agent",
            checkpointer=InMemorySaver(),
        )
        conversation: RunnableConfig = {"configurable": {"thread_id": "trip-42"}}
        answer = agent.invoke({"messages": [HumanMessage(QUESTION)]}, conversation)
    print(answer["messages"][-1].text)


if __name__ == "__main__":
    main()
