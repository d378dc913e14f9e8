"""An application of one chain, for WSGI and ASGI servers: says which process answered.

It says nothing of tracing but that it is to be sent at the end, unless the environment has IN_CODE:
then it sets tracing up itself, as a module that every worker imports.
"""

import os
from typing import Any

from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import Runnable, RunnableLambda
from opentelemetry import trace

if "IN_CODE" in os.environ:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from langchain_otel import LangChainInstrumentor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    LangChainInstrumentor().instrument()

model = FakeListChatModel(responses=["hello"])
ask: Runnable[str, Any] = RunnableLambda(lambda text: f"{text} {os.getpid()}")
chain: Runnable[str, Any] = (ask | model).with_config(run_name="answer")


def wsgi(_: Any, start_response: Any) -> list[bytes]:
    chain.invoke("who?", {"metadata": {"process": str(os.getpid())}})
    start_response("200 OK", [("content-type", "text/plain")])
    return [str(os.getpid()).encode()]


def send_spans() -> None:
    """Uvicorn ends by the signal that it got: nothing that is left for the exit happens then."""
    provider: Any = trace.get_tracer_provider()
    provider.force_flush()


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        send_spans()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await chain.ainvoke("who?", {"metadata": {"process": str(os.getpid())}})
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
