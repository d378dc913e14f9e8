"""A graph that is streamed, in all of LangGraph's modes: the same chunks, and the whole trace."""

import inspect
from itertools import product
from typing import Any, get_args

import pytest
from langgraph.pregel import Pregel
from langgraph.types import StreamMode

from modes.loops import question
from modes.probe import Probe
from modes.streaming import BODIES, graph, on_a_thread
from observation import plain
from recording import Tracing

HAS_TOOLS_MODE = "StreamToolCallHandler" in vars(inspect.getmodule(Pregel))
EACH = [*get_args(StreamMode), *(["tools"] if HAS_TOOLS_MODE else [])]
MODES = [*EACH, EACH]
VERSIONS = ("v1", "v2") if "version" in inspect.signature(Pregel.stream).parameters else ("v1",)


def cells() -> list[Any]:
    """Every mode, with and without subgraphs, in every form of the chunks."""
    table = []
    for mode, subgraphs, version in product(MODES, (False, True), VERSIONS):
        options = {"stream_mode": mode, "subgraphs": subgraphs}
        name = mode if isinstance(mode, str) else "all"
        form = {} if version == "v1" else {"version": version}
        table.append(pytest.param({**options, **form}, id=f"{name}-{subgraphs}-{version}"))
    return table


def streamed(probe: Probe, options: dict[str, Any]) -> list[str]:
    """The chunks of the graph, without what differs from run to run."""
    chunks = []
    with probe.watching() as config:
        for chunk in graph(probe).stream(question(), on_a_thread(config), **options):
            probe.in_caller()
            chunks.append(chunk)
    # LangGraph still gives ids to messages after it has handed them out.
    return [plain(chunk) for chunk in chunks]


async def astreamed(probe: Probe, options: dict[str, Any]) -> list[str]:
    """The same in asynchronous code."""
    chunks = []
    with probe.watching() as config:
        async for chunk in graph(probe).astream(question(), on_a_thread(config), **options):
            probe.in_caller()
            chunks.append(chunk)
    return [plain(chunk) for chunk in chunks]


def check(probe: Probe) -> None:
    probe.check()
    assert {mark.name for mark in probe.marks} == BODIES


@pytest.mark.parametrize("options", cells())
def test_a_stream_mode(options: dict[str, Any], tracing: Tracing) -> None:
    """Each chunk is what it is without us, and every body has its own span around it."""
    with tracing.off():
        expected = streamed(Probe(tracing), options)
    probe = Probe(tracing)
    assert streamed(probe, options) == expected
    assert expected or not options["subgraphs"]
    check(probe)


@pytest.mark.parametrize("options", cells())
async def test_an_async_stream_mode(options: dict[str, Any], tracing: Tracing) -> None:
    """The same in asynchronous code."""
    with tracing.off():
        expected = await astreamed(Probe(tracing), options)
    probe = Probe(tracing)
    assert await astreamed(probe, options) == expected
    assert expected or not options["subgraphs"]
    check(probe)
