"""An agent with the tool of an MCP server; the server's work is in the agent's trace.

    python examples/mcp_client.py
    langchain-otel view traces.jsonl

Client and server are two processes. Each appends its spans to `traces.jsonl`.
"""

import asyncio
import os
import sys
from pathlib import Path

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.sessions import StdioConnection

import langchain_otel
from demo_model import chat_model

SERVER = StdioConnection(
    transport="stdio",
    command=sys.executable,
    args=[str(Path(__file__).with_name("mcp_server.py"))],
    env=dict(os.environ),
)


async def main() -> None:
    """Ask the agent one question."""
    langchain_otel.configure(service_name="travel", exporter="langchain_file")
    tools = await MultiServerMCPClient({"guide": SERVER}).get_tools()
    with chat_model() as model:
        agent = create_agent(model, tools, name="travel-agent")
        answer = await agent.ainvoke({"messages": [HumanMessage("Describe the city of Lisbon.")]})
    print(answer["messages"][-1].text)


if __name__ == "__main__":
    asyncio.run(main())
