"""Knows the modes: every way to run something, each with its caller watched between chunks."""

import asyncio
import gc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langgraph.pregel import Pregel

from modes.probe import GRAPH, STREAMING_MODEL, Probe

Run = Callable[[Any, Any, Any, Probe], Any]

EMPTY: frozenset[str] = frozenset()
ANY = frozenset(("any",))
HAS_VERSION_3 = hasattr(BaseChatModel, "_iter_v2_events")
# The traits of programs whose events have a version 3, in this version of LangChain.
VERSION_3 = (STREAMING_MODEL if HAS_VERSION_3 else EMPTY) | (
    GRAPH if hasattr(Pregel, "_pregel_stream_v3") else EMPTY
)


@dataclass(frozen=True, slots=True)
class Mode:
    """A way to run a program; `partly` where it stops early, `needs` one of these traits."""

    name: str
    kind: str
    run: Run
    partly: bool = False
    needs: frozenset[str] = ANY


def consumed(chunks: Any, probe: Probe) -> None:
    for _ in chunks:
        probe.in_caller()


async def aconsumed(chunks: Any, probe: Probe) -> None:
    async for _ in chunks:
        probe.in_caller()


def invoke(it: Any, given: Any, config: Any, probe: Probe) -> None:
    it.invoke(given, config)


async def ainvoke(it: Any, given: Any, config: Any, probe: Probe) -> None:
    await it.ainvoke(given, config)


def stream(it: Any, given: Any, config: Any, probe: Probe) -> None:
    consumed(it.stream(given, config), probe)


async def astream(it: Any, given: Any, config: Any, probe: Probe) -> None:
    await aconsumed(it.astream(given, config), probe)


def transform(it: Any, given: Any, config: Any, probe: Probe) -> None:
    consumed(it.transform(iter([given]), config), probe)


async def atransform(it: Any, given: Any, config: Any, probe: Probe) -> None:
    async def inputs() -> Any:
        yield given

    await aconsumed(it.atransform(inputs(), config), probe)


def batch(it: Any, given: Any, config: Any, probe: Probe) -> None:
    it.batch([given] * 4, {**config, "max_concurrency": 3})


async def abatch(it: Any, given: Any, config: Any, probe: Probe) -> None:
    await it.abatch([given] * 4, {**config, "max_concurrency": 3})


def batch_as_completed(it: Any, given: Any, config: Any, probe: Probe) -> None:
    consumed(it.batch_as_completed([given, given], config), probe)


async def abatch_as_completed(it: Any, given: Any, config: Any, probe: Probe) -> None:
    await aconsumed(it.abatch_as_completed([given, given], config), probe)


def stream_closed(it: Any, given: Any, config: Any, probe: Probe) -> None:
    chunks = it.stream(given, config)
    for _ in chunks:
        probe.in_caller()
        break
    chunks.close()
    gc.collect()


def stream_dropped(it: Any, given: Any, config: Any, probe: Probe) -> None:
    for _ in it.stream(given, config):
        probe.in_caller()
        break
    gc.collect()


async def astream_closed(it: Any, given: Any, config: Any, probe: Probe) -> None:
    chunks = it.astream(given, config)
    async for _ in chunks:
        probe.in_caller()
        break
    await chunks.aclose()
    probe.in_caller()
    await settled()


async def astream_dropped(it: Any, given: Any, config: Any, probe: Probe) -> None:
    async for _ in it.astream(given, config):
        probe.in_caller()
        break
    await settled()


async def settled() -> None:
    """Let the event loop close what was dropped."""
    for _ in range(20):
        await asyncio.sleep(0)
    gc.collect()
    # For what threads do; the turns are for the loop, of which there may be one in that time.
    await asyncio.sleep(0.01)
    for _ in range(20):
        await asyncio.sleep(0)


async def astream_events(it: Any, given: Any, config: Any, probe: Probe) -> None:
    await aconsumed(it.astream_events(given, config, version="v2"), probe)


async def astream_log(it: Any, given: Any, config: Any, probe: Probe) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        await aconsumed(it.astream_log(given, config), probe)


def stream_events_v3(it: Any, given: Any, config: Any, probe: Probe) -> None:
    with experimental():
        events = it.stream_events(given, config, version="v3")
    consumed(events, probe)
    _ = events.output


def stream_events_v3_output(it: Any, given: Any, config: Any, probe: Probe) -> None:
    with experimental():
        _ = it.stream_events(given, config, version="v3").output


async def astream_events_v3(it: Any, given: Any, config: Any, probe: Probe) -> None:
    with experimental():
        events = await it.astream_events(given, config, version="v3")
    await aconsumed(events, probe)
    await resolved(events.output)


def stream_events_v3_dropped(it: Any, given: Any, config: Any, probe: Probe) -> None:
    with experimental():
        events = it.stream_events(given, config, version="v3")
    for _ in events:
        probe.in_caller()
        break
    del events
    gc.collect()


async def astream_events_v3_closed(it: Any, given: Any, config: Any, probe: Probe) -> None:
    with experimental():
        events = await it.astream_events(given, config, version="v3")
    async for _ in events:
        probe.in_caller()
        break
    await (events.abort() if hasattr(events, "abort") else events.aclose())
    probe.in_caller()
    del events
    await settled()


async def astream_events_v3_output(it: Any, given: Any, config: Any, probe: Probe) -> None:
    with experimental():
        events = await it.astream_events(given, config, version="v3")
    await resolved(events.output)


def stream_modes(it: Any, given: Any, config: Any, probe: Probe) -> None:
    for modes in GRAPH_MODES:
        consumed(it.stream(given, config, stream_mode=modes, subgraphs=True), probe)


async def astream_modes(it: Any, given: Any, config: Any, probe: Probe) -> None:
    for modes in GRAPH_MODES:
        await aconsumed(it.astream(given, config, stream_mode=modes, subgraphs=True), probe)


async def resolved(output: Any) -> None:
    """Await what a stream's output is: a method in a graph's, an awaitable in a model's."""
    await (output() if callable(output) else output)


@contextmanager
def experimental() -> Iterator[None]:
    """Version 3 warns that it may change."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


GRAPH_MODES: tuple[Any, ...] = ("messages", "custom", "debug", ["values", "updates", "messages"])

MODES = (
    Mode("invoke", "sync", invoke),
    Mode("ainvoke", "async", ainvoke),
    Mode("stream", "sync", stream),
    Mode("astream", "async", astream),
    Mode("transform", "sync", transform),
    Mode("atransform", "async", atransform),
    Mode("batch", "sync", batch),
    Mode("abatch", "async", abatch),
    Mode("batch_as_completed", "sync", batch_as_completed),
    Mode("abatch_as_completed", "async", abatch_as_completed),
    Mode("stream_closed", "sync", stream_closed, partly=True),
    Mode("stream_dropped", "sync", stream_dropped, partly=True),
    Mode("astream_closed", "async", astream_closed, partly=True),
    Mode("astream_dropped", "async", astream_dropped, partly=True),
    Mode("astream_events", "async", astream_events),
    Mode("astream_log", "async", astream_log),
    Mode("stream_modes", "sync", stream_modes, needs=GRAPH),
    Mode("astream_modes", "async", astream_modes, needs=GRAPH),
    Mode("stream_events_v3", "sync", stream_events_v3, needs=VERSION_3),
    Mode("stream_events_v3_output", "sync", stream_events_v3_output, needs=VERSION_3),
    Mode("astream_events_v3", "async", astream_events_v3, needs=VERSION_3),
    Mode(
        "stream_events_v3_dropped", "sync", stream_events_v3_dropped, partly=True, needs=VERSION_3
    ),
    Mode(
        "astream_events_v3_closed", "async", astream_events_v3_closed, partly=True, needs=VERSION_3
    ),
    Mode("astream_events_v3_output", "async", astream_events_v3_output, needs=VERSION_3),
)

STREAMING = frozenset(mode.name for mode in MODES if "stream" in mode.name) | {
    "transform",
    "atransform",
}
"""The modes in which chunks may come before the end."""
