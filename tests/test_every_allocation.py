"""The garbage collector runs at every allocation that it can: streams that are left end, once."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from faults import PROGRAMS, Checked
from langchain_otel.runs.store import RUNS
from models import StreamingModel
from recording import Tracing
from seeds import count


@pytest.fixture
def always_collecting() -> Iterator[None]:
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(1, 1, 1)
    yield
    gc.set_threshold(*before)


@pytest.mark.parametrize("name", PROGRAMS)
def test_collections_at_every_allocation(
    name: str, tracing_with_content: Tracing, always_collecting: None
) -> None:
    """The runs in the midst of which they come are whole."""
    checked = Checked(tracing_with_content, PROGRAMS[name])
    for _ in range(count(3, 300)):
        # Its generator is in a cycle, which the next run's first allocation collects.
        stream: Any = StreamingModel().stream("hello")
        next(stream)
        cycle = [stream]
        cycle.append(cycle)
        del stream, cycle
        PROGRAMS[name]()
        gc.collect()
        assert len(RUNS) == 0
        assert checked.faults() == []
