"""A clock that somebody sets back while runs are open: no span ends before it started."""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any, Final

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding

from faults import PROGRAMS
from langchain_otel.recording import recorder
from langchain_otel.runs import closing
from models import StreamingModel
from recording import Tracing

HOUR: Final = 3_600 * 10**9
NOON: Final = 1_800_000_000 * 10**9


def left_early() -> None:
    stream: Any = StreamingModel().stream("hello")
    next(stream)
    stream.close()


WAYS: Final[dict[str, Callable[[], Any]]] = PROGRAMS | {
    "left": left_early,
    "async": lambda: asyncio.run(StreamingModel().ainvoke("hello")),
    "embeddings": lambda: DeterministicFakeEmbedding(size=2).embed_query("hello"),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_clock_is_set_back(way: str, tracing: Tracing, monkeypatch: pytest.MonkeyPatch) -> None:
    """By an hour each time that we look: times on the wall are wrong, durations are not."""
    hours = count()
    for module in (recorder, closing):
        monkeypatch.setattr(module, "time_ns", lambda: NOON - HOUR * next(hours))
    WAYS[way]()
    assert tracing.spans
    for span in tracing.spans:
        assert span.start_time is not None
        assert span.end_time is not None
        assert 0 <= span.end_time - span.start_time < HOUR
    durations = [name for name in tracing.metrics() if name.endswith("duration")]
    for name in durations:
        assert all(0 <= point.min <= point.max < 3_600 for point in tracing.points(name))
