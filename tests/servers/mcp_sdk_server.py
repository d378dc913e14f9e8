"""An MCP server on stdio, whose tool says in which trace, and below which span, it works."""

from importlib import import_module
from typing import Any

fastmcp: Any = import_module("fastmcp")


def where(context: fastmcp.Context) -> str:
    """Say which context the request carries."""
    _, trace_id, span_id, _ = dict(context.request_context.meta)["traceparent"].split("-")
    return f"{trace_id} {span_id}"


if __name__ == "__main__":
    server = fastmcp.FastMCP("places")
    server.tool(where)
    server.run("stdio", show_banner=False)
