"""Coroutines that are thrown away half way, in the midst of other code, leave that code alone."""

from contextvars import copy_context
from typing import Any

import pytest
from opentelemetry import context as otel_context

from langchain_otel import semconv
from models import Model, Retriever
from recording import Tracing
from waiting import Hold

HALF_WAY: dict[str, Any] = {
    "model": lambda: Model(hold=Hold()).ainvoke("hello"),
    "retriever": lambda: Retriever(hold=Hold()).ainvoke("hello"),
}


@pytest.mark.parametrize("kind", HALF_WAY)
async def test_coroutine_that_is_closed_in_another_context(kind: str, tracing: Tracing) -> None:
    """As the garbage collector does it: the run ends, the context of who was there is its own."""
    coroutine = HALF_WAY[kind]()
    copy_context().run(coroutine.send, None)
    with tracing.user_span("other"):
        before = otel_context.get_current()
        coroutine.close()
        assert otel_context.get_current() is before
    (run,) = [span for span in tracing.spans if span.name != "other"]
    assert semconv.RUN_OUTCOME in (run.attributes or {})
