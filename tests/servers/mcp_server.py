"""An MCP server by the official SDK that traces itself and says which trace context it was given.

Run as `python mcp_server.py stdio`, `sse` or `streamable-http`; the latter two say the URL on
standard output.
"""

import asyncio
import os
import socket
import sys
from typing import Any

import uvicorn
from mcp.server.fastmcp import Context, FastMCP
from opentelemetry import baggage, trace
from opentelemetry.propagate import extract
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

# It makes spans of traces that are not sampled too, to have something to say of them.
TRACER = TracerProvider(ALWAYS_ON, shutdown_on_exit=False).get_tracer("mcp-server")


class Server(FastMCP):
    """Remembers the `_meta` with which it was last asked for its tools."""

    listed_with: dict[str, Any] | None = None

    async def list_tools(self) -> Any:
        self.listed_with = meta_of(self._mcp_server.request_context)
        return await super().list_tools()


def meta_of(request_context: Any) -> dict[str, Any]:
    return (
        {} if request_context.meta is None else request_context.meta.model_dump(exclude_none=True)
    )


server = Server("test", host="127.0.0.1", port=0, log_level="CRITICAL")


@server.tool()
async def where(text: str, ctx: Context[Any, Any, Any]) -> dict[str, Any]:
    """Say where this call is in the trace."""
    meta = meta_of(ctx.request_context)
    context = extract(meta)
    with TRACER.start_as_current_span("server work", context) as span:
        assert isinstance(span, ReadableSpan)
        return {
            "text": text,
            "meta": meta,
            "listed_with": server.listed_with,
            "span": span.get_span_context().span_id,
            "trace": span.get_span_context().trace_id,
            "parent": None if span.parent is None else span.parent.span_id,
            "baggage": dict(baggage.get_all(context)),
            "state": trace.get_current_span(context).get_span_context().trace_state.to_header(),
        }


@server.tool()
async def fail(text: str) -> str:
    """Fail."""
    raise ValueError(text)


@server.tool()
async def count(ctx: Context[Any, Any, Any]) -> str:
    """Report progress, then answer."""
    await ctx.report_progress(1, 2, "half")
    return "counted"


@server.tool()
async def wait(ctx: Context[Any, Any, Any]) -> str:
    """Say that it has begun, and never answer."""
    await ctx.report_progress(1, 2, "begun")
    await asyncio.Event().wait()
    return "never"


@server.tool()
async def die() -> str:
    """End the whole server at once."""
    os._exit(3)


@server.prompt()
def greeting(name: str) -> str:
    """Greet."""
    return f"Hello {name}"


@server.resource("test://note")
def note() -> str:
    """A note."""
    return "noted"


def serve(transport: str) -> None:
    """Serve over HTTP at a port that the system chooses, and say the URL."""
    listening = socket.create_server(("127.0.0.1", 0))
    is_sse = transport == "sse"
    app = server.sse_app() if is_sse else server.streamable_http_app()
    port = listening.getsockname()[1]
    print(f"http://127.0.0.1:{port}/{'sse' if is_sse else 'mcp'}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run([listening])


if __name__ == "__main__":
    if sys.argv[1] == "stdio":
        server.run("stdio")
    else:
        serve(sys.argv[1])
