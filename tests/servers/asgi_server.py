"""Knows an application as it is served: FastAPI under uvicorn, which streams what an agent does."""

import json
import socket
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from fastapi import BackgroundTasks, FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse as FastAPIEventSourceResponse
from opentelemetry import context
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from sse_starlette.sse import EventSourceResponse

from waiting import PATIENCE

Texts = AsyncIterator[str]


def question(city: str) -> Any:
    """What the agent is asked."""
    return {"messages": [("user", f"What is the weather in {city}?")]}


async def from_model(model: Any, city: str) -> Texts:
    """The words of a model's answer, without an agent."""
    async for chunk in model.astream(question(city)["messages"]):
        if chunk.content:
            yield chunk.content


async def by_messages(agent: Any, city: str) -> Texts:
    """The words of an agent's answers, by `astream`."""
    async for message, _ in agent.astream(question(city), stream_mode="messages"):
        if message.type == "AIMessageChunk" and message.content:
            yield message.content


async def by_updates(agent: Any, city: str) -> Texts:
    """The names of an agent's nodes as they are done, by `astream`."""
    async for update in agent.astream(question(city)):
        yield next(iter(update))


async def by_events(agent: Any, city: str) -> Texts:
    """The words of an agent's answers, by `astream_events`."""
    async for event in agent.astream_events(question(city), version="v2"):
        if event["event"] == "on_chat_model_stream" and event["data"]["chunk"].content:
            yield event["data"]["chunk"].content


def in_threads(agent: Any, city: str) -> Iterator[str]:
    """The same by `stream`: Starlette reads each chunk in another thread."""
    for message, _ in agent.stream(question(city), stream_mode="messages"):
        if message.type == "AIMessageChunk" and message.content:
            yield f"data: {json.dumps(message.content)}\n\n"


async def framed(texts: Texts) -> Texts:
    """Texts as server-sent events."""
    async for text in texts:
        yield f"data: {json.dumps(text)}\n\n"


async def as_data(texts: Texts) -> AsyncIterator[dict[str, str]]:
    """Texts in the form that sse-starlette frames."""
    async for text in texts:
        yield {"data": json.dumps(text)}


def event_stream(content: Any) -> StreamingResponse:
    """A response of server-sent events."""
    return StreamingResponse(content, media_type="text/event-stream")


RESPONSES: dict[str, Callable[[Any, Any, str], Any]] = {
    "model": lambda model, _, city: event_stream(framed(from_model(model, city))),
    "messages": lambda _, agent, city: event_stream(framed(by_messages(agent, city))),
    "updates": lambda _, agent, city: event_stream(framed(by_updates(agent, city))),
    "events": lambda _, agent, city: event_stream(framed(by_events(agent, city))),
    "threads": lambda _, agent, city: event_stream(in_threads(agent, city)),
    "sse_starlette": lambda _, agent, city: EventSourceResponse(as_data(by_events(agent, city))),
}


def application(model: Any, agent: Any) -> FastAPI:
    """An application that answers with what a model or an agent says, in every usual way."""
    app = FastAPI()

    @app.get("/stream/fastapi", response_class=FastAPIEventSourceResponse)
    async def streamed_by_fastapi(city: str) -> AsyncIterable[str]:
        async for text in by_events(agent, city):
            yield text

    @app.get("/stream/{way}")
    async def streamed(way: str, city: str) -> Any:
        return RESPONSES[way](model, agent, city)

    @app.websocket("/socket")
    async def by_socket(websocket: WebSocket, city: str) -> None:
        await websocket.accept()
        with suppress(WebSocketDisconnect):
            async for text in by_events(agent, city):
                await websocket.send_text(text)
            await websocket.close()

    add_whole_answers(app, agent)
    return app


def add_whole_answers(app: FastAPI, agent: Any) -> None:
    """The routes of what is answered at once, or after the answer."""

    @app.get("/ainvoke")
    async def ainvoke(city: str) -> str:
        answer = await agent.ainvoke(question(city))
        return str(answer["messages"][-1].content)

    @app.get("/invoke")
    def invoke(city: str) -> str:
        answer = agent.invoke(question(city))
        return str(answer["messages"][-1].content)

    @app.get("/background")
    async def background(city: str, tasks: BackgroundTasks) -> str:
        tasks.add_task(agent.invoke, question(city))
        tasks.add_task(agent.ainvoke, question(city))
        return "later"


class Watched:
    """An application, and what it found or left in the context of its requests."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.found: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a request."""
        before = context.get_current()
        self.found.append(dict(before))
        try:
            await self.app(scope, receive, send)
        finally:
            assert context.get_current() is before


@contextmanager
def serving(model: Any, agent: Any, tracer_provider: TracerProvider) -> Iterator[str]:
    """Serve on loopback, with a span for each request; gives the address."""
    app = application(model, agent)
    FastAPIInstrumentor.instrument_app(
        app, tracer_provider=tracer_provider, exclude_spans=["receive", "send"]
    )
    watched = Watched(app)
    config = uvicorn.Config(
        watched,
        lifespan="off",
        log_config=None,
        ws="websockets-sansio",
        ws_ping_timeout=PATIENCE,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
    assert not any(watched.found), "a request began in another one's context"
