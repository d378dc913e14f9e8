"""Streams that the garbage collector closes: no context is set under a set that is under way."""

import gc
import sys
from contextvars import ContextVar
from typing import Any

import pytest

from langchain_otel.runs import garbage_collector
from models import StreamingModel
from recording import Tracing

ONLY_WHERE_IT_MATTERS = pytest.mark.skipif(
    not garbage_collector.IS_ANYWHERE, reason="this CPython collects between instructions only"
)


def abandon_in_a_cycle() -> None:
    """Leave a stream that has begun as garbage that only the collector finds."""
    stream: Any = StreamingModel().stream("hello")
    next(stream)
    holder: dict[str, Any] = {"stream": stream}
    holder["self"] = holder


@ONLY_WHERE_IT_MATTERS
def test_streams_collected_while_a_variable_is_set(tracing: Tracing) -> None:
    """With a collection at almost every allocation, thousands of sets do no harm."""
    variable: ContextVar[object] = ContextVar("variable")
    before = gc.get_threshold()
    gc.set_threshold(1)
    try:
        for _ in range(100):
            abandon_in_a_cycle()
            for number in range(20):
                variable.set(object())
                with tracing.user_span(f"span {number}"):
                    pass
    finally:
        gc.set_threshold(*before)
    gc.collect()
    assert tracing.names().count("chat") == 100


@ONLY_WHERE_IT_MATTERS
def test_collections_are_noted_while_instrumented(tracing: Tracing) -> None:
    """The collector is watched while functions are wrapped, and in the thread where it runs."""
    seen = []

    class Garbage:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            seen.append(garbage_collector.is_collecting())

    Garbage()
    gc.collect()
    assert seen == [True]
    assert not garbage_collector.is_collecting()
    assert sys.version_info < (3, 12)
