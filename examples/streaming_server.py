"""A FastAPI application streams its answers; one client reads to the end, the next one hangs up.

python examples/streaming_server.py
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
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

import langchain_otel
from demo_model import chat_model
from loopback import served

SHORT = "Describe Lisbon."
# The server is still answering when its client hangs up.
LONG = "Describe Lisbon" + ", and once more" * 1_000


def application(model: ChatOpenAI) -> FastAPI:
    """An application that knows nothing of tracing."""
    chain: Runnable[Any, str] = (
        ChatPromptTemplate.from_template("{question}") | model | StrOutputParser()
    ).with_config(run_name="answer")
    app = FastAPI()

    @app.get("/stream")
    async def stream(question: str) -> StreamingResponse:
        async def words() -> AsyncIterator[str]:
            async for word in chain.astream({"question": question}):
                yield word

        return StreamingResponse(words(), media_type="text/plain")

    return app


def ask(url: str, question: str, pieces: int | None = None) -> None:
    """Read an answer to its end, or hang up after some pieces of it."""
    with httpx.stream("GET", f"{url}/stream", params={"question": question}) as response:
        for number, _ in enumerate(response.iter_text(), 1):
            if number == pieces:
                print("hung up")
                return
    print("read it all")


def main() -> None:
    """Serve, and be both clients."""
    langchain_otel.configure(service_name="guide")
    with chat_model(model="slow", stream_usage=True) as model:
        app = application(model)
        # One span for a request, not one more for each piece of its answer.
        FastAPIInstrumentor.instrument_app(app, exclude_spans=["receive", "send"])
        with served(app) as url:
            ask(url, SHORT)
            ask(url, LONG, pieces=2)


if __name__ == "__main__":
    main()
