"""Tenants of a FastAPI application: each way to have a request inside a block."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.responses import StreamingResponse

from langchain_otel import traced_with
from models import StreamingModel
from recording import Tracing, instrumented
from shown import everything

TENANTS = ("acme", "globex")


def of_request(blocks: dict[str, Any], request: Request) -> Any:
    return blocks[request.headers["x-tenant"]]


def by_middleware(app: FastAPI, blocks: dict[str, Any]) -> None:
    class Middleware:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            with of_request(blocks, Request(scope)):
                await self.app(scope, receive, send)

    app.add_middleware(Middleware)


def by_http_middleware(app: FastAPI, blocks: dict[str, Any]) -> None:
    @app.middleware("http")
    async def inside(request: Request, call_next: Any) -> Any:
        with of_request(blocks, request):
            return await call_next(request)


def by_dependency(app: FastAPI, blocks: dict[str, Any]) -> None:
    async def inside(request: Request) -> AsyncIterator[None]:
        async with of_request(blocks, request):
            yield

    app.router.dependencies.append(Depends(inside))


def add_routes(app: FastAPI) -> None:
    model = StreamingModel()

    @app.get("/answer")
    async def answer(question: str) -> str:
        return str((await model.ainvoke(question)).content)

    @app.get("/blocking")
    def blocking(question: str) -> str:
        return str(model.invoke(question).content)

    @app.get("/stream")
    async def stream(question: str) -> StreamingResponse:
        async def words() -> AsyncIterator[str]:
            async for chunk in model.astream(question):
                yield str(chunk.content)

        return StreamingResponse(words())


@pytest.mark.parametrize("way", [by_middleware, by_http_middleware, by_dependency])
async def test_requests_at_the_same_time(way: Callable[..., None]) -> None:
    """Each tenant's requests go where they are to go, however they are answered."""
    tracings = {name: Tracing() for name in TENANTS}
    blocks = {
        name: traced_with(
            capture_message_content=True,
            tracer_provider=tracing.tracer_provider,
            meter_provider=tracing.meter_provider,
            logger_provider=tracing.logger_provider,
        )
        for name, tracing in tracings.items()
    }
    app, default = FastAPI(), Tracing()
    way(app, blocks)
    add_routes(app)
    transport = httpx.ASGITransport(app)
    with instrumented(default):
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            await asyncio.gather(
                *(
                    client.get(
                        f"/{route}",
                        params={"question": f"secret of {name}"},
                        headers={"x-tenant": name},
                    )
                    for route in ("answer", "blocking", "stream")
                    for name in TENANTS * 3
                )
            )
    assert default.spans == ()
    for name, other in (TENANTS, TENANTS[::-1]):
        assert tracings[name].names() == ["chat"] * 9
        assert f"secret of {name}" in everything(tracings[name])
        assert f"secret of {other}" not in everything(tracings[name])
