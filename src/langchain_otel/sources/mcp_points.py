"""Lists the functions of MCP clients that are wrapped, each with its contract."""

from __future__ import annotations

from typing import Final

from langchain_otel.patching.points import ASYNC_GENERATOR, COROUTINE, PatchPoint
from langchain_otel.sources import seams
from langchain_otel.sources.mcp import TRANSPORTS, opens_transport, sends_request

TRANSPORT_VERSIONS: Final = {
    "streamable_http_client": "langchain-mcp-adapters >= 0.3.0",
    "streamablehttp_client": "langchain-mcp-adapters < 0.3.0",
}

POINTS: Final = (
    PatchPoint(
        "mcp.shared.session",
        "BaseSession.send_request",
        sends_request,
        seams.MCP_REQUEST,
        COROUTINE,
        ("self", "request"),
        # From 2 on the SDK sends the context itself.
        "mcp < 2",
    ),
    *(
        PatchPoint(
            "langchain_mcp_adapters.sessions",
            name,
            opens_transport(facts),
            seams.MCP_TRANSPORT,
            ASYNC_GENERATOR,
            versions=TRANSPORT_VERSIONS.get(name, ""),
        )
        for name, facts in TRANSPORTS.items()
    ),
)
