"""A model waits for its rate limiter inside its own span, however it is called."""

import asyncio
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.rate_limiters import BaseRateLimiter, InMemoryRateLimiter
from opentelemetry import trace

from models import Model, StreamingModel
from recording import Tracing

seen: list[Any] = []


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    seen.clear()


class Asking(BaseRateLimiter):
    """A limiter that asks somebody else, and is asked where it does."""

    def acquire(self, *, blocking: bool = True) -> bool:
        seen.append(trace.get_current_span())
        return True

    async def aacquire(self, *, blocking: bool = True) -> bool:
        return self.acquire(blocking=blocking)


class AskingLater(Asking):
    """One whose method of its own goes on with the one it inherits."""

    def acquire(self, *, blocking: bool = True) -> bool:
        return super().acquire(blocking=blocking)


class Slow(InMemoryRateLimiter):
    """LangChain's own, asked where it is."""

    def _consume(self) -> bool:
        seen.append(trace.get_current_span())
        return super()._consume()


class Other(BaseCallbackHandler):
    """Another handler, which LangChain calls after ours."""

    run_inline = True

    def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        self.found = trace.get_current_span()


LIMITERS: Any = {
    "own": Asking,
    "inherited": AskingLater,
    "in memory": lambda: Slow(requests_per_second=1000, max_bucket_size=1),
}


async def _astream(model: Any, **config: Any) -> None:
    async for _ in model.astream("hi", config):
        pass


CALLS: Any = {
    "invoke": lambda model, **config: model.invoke("hi", config),
    "stream": lambda model, **config: list(model.stream("hi", config)),
    "ainvoke": lambda model, **config: asyncio.run(model.ainvoke("hi", config)),
    "astream": lambda model, **config: asyncio.run(_astream(model, **config)),
}


@pytest.mark.parametrize("limiter", LIMITERS)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", [Model, StreamingModel])
def test_a_limiter_is_inside_the_span_of_the_model(
    kind: Any, call: str, limiter: str, tracing: Tracing
) -> None:
    CALLS[call](kind(rate_limiter=LIMITERS[limiter]()))
    (span,) = tracing.spans
    assert {each.get_span_context().span_id for each in seen} == {span.context.span_id}
    assert not trace.get_current_span().get_span_context().is_valid


@pytest.mark.parametrize("call", CALLS)
def test_other_handlers_find_the_span_of_the_caller(call: str, tracing: Tracing) -> None:
    """Also of a model that waits: its span is current from the wait on, not from its start."""
    other = Other()
    with tracing.tracer.start_as_current_span("caller") as caller:
        CALLS[call](StreamingModel(rate_limiter=Asking()), callbacks=[other])
    assert other.found is caller
    assert [each.parent for each in seen] == [caller.get_span_context()]
