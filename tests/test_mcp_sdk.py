"""Tools of MCP servers from version 2 of their SDK on, which sends the trace's context itself."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain_core._api import suppress_langchain_beta_warning
from langchain_core.messages import HumanMessage

from models import ScriptedModel, calls, says
from recording import Tracing
from shown import logged
from versions import create_agent

fastmcp: Any = pytest.importorskip("fastmcp")
with suppress_langchain_beta_warning():
    langchain_mcp: Any = pytest.importorskip("langchain.mcp")

SERVER = Path(__file__).parent / "servers" / "mcp_sdk_server.py"


def test_an_agents_tool(tracing: Tracing, caplog: pytest.LogCaptureFixture) -> None:
    """The server is sent the context of the tool's span; nothing is said to be lost.

    The SDK's own span, which a global provider would have, is between the two.
    """
    answer = asyncio.run(asked())
    context: Any = tracing.span("execute_tool where").get_span_context()
    assert answer == f"{context.trace_id:032x} {context.span_id:016x}"
    assert logged(caplog) == []


async def asked() -> str:
    """What the server says of the context that it works in: that of the request."""
    client = fastmcp.Client(fastmcp.client.transports.StdioTransport(sys.executable, [str(SERVER)]))
    async with client:
        (listed,) = await client.list_tools()
        where = await langchain_mcp.as_langchain_tool(listed, client)
        model = ScriptedModel(answers=[calls("where"), says("done")])
        agent: Any = create_agent(model, [where], name="guide")
        state = await agent.ainvoke({"messages": [HumanMessage("Where?")]})
    text: str = state["messages"][2].text
    return text
