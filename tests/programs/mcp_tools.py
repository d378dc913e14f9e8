"""Calls a tool of an MCP server and says where in the trace the server's work was."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from langchain_core.messages import ToolMessage
from langchain_mcp_adapters.client import MultiServerMCPClient
from opentelemetry import trace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

SERVER = Path(__file__).parents[1] / "servers" / "mcp_server.py"
CALL: Any = {"type": "tool_call", "id": "call-1", "name": "where", "args": {"text": "hello"}}
EXPORTER = InMemorySpanExporter()


def report_of(message: ToolMessage) -> dict[str, Any]:
    content: Any = message.content
    report: dict[str, Any] = json.loads(content if isinstance(content, str) else content[0]["text"])
    return report


def ancestors(span_id: int | None) -> list[str]:
    """The span with this id and those that it hangs under, the innermost first."""
    spans = {span.context.span_id: span for span in EXPORTER.get_finished_spans()}
    names = []
    while span_id is not None:
        names.append(spans[span_id].name)
        parent = spans[span_id].parent
        span_id = None if parent is None else parent.span_id
    return names


async def main() -> None:
    provider: Any = trace.get_tracer_provider()
    provider.add_span_processor(SimpleSpanProcessor(EXPORTER))
    arguments = [str(SERVER), "stdio"]
    connection: Any = {"transport": "stdio", "command": sys.executable, "args": arguments}
    tools = await MultiServerMCPClient({"test": connection}).get_tools()
    where = next(tool for tool in tools if tool.name == "where")
    report = report_of(await where.ainvoke(CALL))
    print("server:", *ancestors(report["parent"]))
    spans = [dict(span.attributes or {}) for span in EXPORTER.get_finished_spans()]
    (found,) = [span for span in spans if span.get("gen_ai.operation.name") == "execute_tool"]
    print(json.dumps({name: found[name] for name in sorted(found) if "langchain" not in name}))


asyncio.run(main())
