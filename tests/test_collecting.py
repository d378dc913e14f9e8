"""Streams that the garbage collector closes: no context is set under a set that is under way."""

import gc
import sys
import threading
from contextvars import ContextVar
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda

from langchain_otel.runs import garbage_collector
from models import Model, StreamingModel
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


def test_collections_in_other_threads_disturb_no_run(tracing: Tracing) -> None:
    """Whether the collector runs is looked at in one step: another thread may begin to collect."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    is_over = threading.Event()

    def collect() -> None:
        while not is_over.is_set():
            gc.collect(0)

    chain: Any = RunnableLambda(lambda text: Model().invoke(text))
    collecting = threading.Thread(target=collect)
    collecting.start()
    try:
        for _ in range(300):
            chain.invoke("hello")
    finally:
        is_over.set()
        collecting.join()
        sys.setswitchinterval(before)
    assert len(tracing.spans) == 600
