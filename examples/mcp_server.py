"""An MCP server whose tool runs a chain. It is started by `mcp_client.py`.

The request says in which trace it is; the chain goes on there.
"""

from typing import Any

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from mcp.server.fastmcp import Context, FastMCP
from opentelemetry import context, propagate

import langchain_otel
from demo_model import chat_model

server = FastMCP("guide", log_level="ERROR")
prompt = ChatPromptTemplate.from_template("Describe {city} in a few words.")


@server.tool()
def describe_city(city: str, request: Context[Any, Any, Any]) -> str:
    """Describe a city."""
    meta = request.request_context.meta
    token = context.attach(propagate.extract(meta.model_dump() if meta else {}))
    try:
        with chat_model() as model:
            return (prompt | model | StrOutputParser()).invoke({"city": city})
    finally:
        context.detach(token)


if __name__ == "__main__":
    langchain_otel.configure(service_name="guide", exporter="langchain_file")
    server.run("stdio")
