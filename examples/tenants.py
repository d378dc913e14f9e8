"""A FastAPI application that traces the requests of each tenant in the tenant's own way.

    python examples/tenants.py

serves on loopback, asks as three tenants, and prints what the backend of each was sent. One wants
its questions and answers in its traces, another without names, the rest want none of it.

The model is the scripted one of `openai_server.py`.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable
from langchain_openai import ChatOpenAI
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from langchain_otel import LangChainInstrumentor, traced_with
from loopback import served
from openai_server import start_server

QUESTION = "My name is Ada. What is it like in Lisbon?"


class Backend:
    """Where spans go: here to memory, else by a BatchSpanProcessor and an OTLPSpanExporter."""

    def __init__(self) -> None:
        self.spans = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.spans))


def without_names(text: str, _attribute: str) -> str:
    return text.replace("Ada", "[name]")


# Everybody's, whom nothing else is said of: content is off.
OURS, ACME, GLOBEX = Backend(), Backend(), Backend()
LangChainInstrumentor().instrument(tracer_provider=OURS.provider)

# Made once, and entered by any number of requests at the same time.
TENANTS = {
    "acme": traced_with(tracer_provider=ACME.provider, capture_message_content=True),
    "globex": traced_with(
        tracer_provider=GLOBEX.provider, capture_message_content=True, redact=without_names
    ),
}
NOBODY = traced_with()


class TenantTracing:
    """Has the whole request inside the block of its tenant, a streamed answer too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A real application takes it from whom it has authenticated, not from a header.
        tenant = dict(scope.get("headers", ())).get(b"x-tenant", b"").decode("latin-1")
        with TENANTS.get(tenant, NOBODY):
            await self.app(scope, receive, send)


def application(model: ChatOpenAI) -> FastAPI:
    """An application that says nothing of tracing but its middleware."""
    chain: Runnable[Any, str] = (
        ChatPromptTemplate.from_template("{question}") | model | StrOutputParser()
    )
    app = FastAPI()
    app.add_middleware(TenantTracing)

    @app.get("/answer")
    async def answer(question: str) -> str:
        return await chain.ainvoke({"question": question})

    @app.get("/blocking")
    def blocking(question: str) -> str:
        return chain.invoke({"question": question})

    @app.get("/stream")
    async def stream(question: str) -> StreamingResponse:
        async def words() -> AsyncIterator[str]:
            async for word in chain.astream({"question": question}):
                yield word

        return StreamingResponse(words(), media_type="text/plain")

    return app


def main() -> None:
    """Ask as three tenants, in three ways, and print what was sent where."""
    with start_server() as models:
        model = ChatOpenAI(
            model="gpt-5-mini", base_url=models.base_url, api_key=SecretStr("none"), max_retries=0
        )
        with served(application(model)) as url, httpx.Client(base_url=url) as client:
            for tenant in ("acme", "globex", "initech"):
                for way in ("answer", "blocking", "stream"):
                    headers = {"x-tenant": tenant}
                    client.get(f"/{way}", params={"question": QUESTION}, headers=headers)
    for name, backend in (("ours", OURS), ("acme", ACME), ("globex", GLOBEX)):
        for span in backend.spans.get_finished_spans():
            if span.name.startswith("chat"):
                content = str((span.attributes or {}).get("gen_ai.input.messages", "no content"))
                print(f"{name}: {span.name}: {content}")


if __name__ == "__main__":
    main()
