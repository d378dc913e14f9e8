"""Runs a random program in its setting, and has it judged."""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Final

from langchain_core.runnables import Runnable
from langgraph.errors import GraphBubbleUp

from langchain_otel import LangChainInstrumentor, OpenTelemetryCallbackHandler
from langchain_otel.runs.store import RUNS
from langchain_otel.sources.patch_points import PATCHER
from modes.drive import settled
from modes.probe import Probe, sdk_span
from random_trees import agents, chains, graphs, leaves, strands
from random_trees.account import Account
from random_trees.builder import Builder, Maker, PlannedError
from random_trees.judge import judge
from random_trees.plan import Part, Setting
from recording import Tracing

MAKERS: Final[dict[str, Maker]] = {
    **leaves.MAKERS,
    **chains.MAKERS,
    **strands.MAKERS,
    **graphs.MAKERS,
    **agents.MAKERS,
}
PLANNED: Final = (PlannedError, TimeoutError, GraphBubbleUp)


def check(part: Part, setting: Setting) -> bool:
    """Run a program with providers of its own, and judge what they were given.

    Gives whether it was through before it was to be cancelled.
    """
    # Hypothesis seeds what the SDK makes ids from: programs with one provider would share ids.
    tracing = Tracing()
    handlers = _switched_on(tracing, setting)
    try:
        with tracing.user_span("user") if setting.under_a_span else nullcontext() as span:
            probe, account = Probe(tracing), Account()
            is_through = _execute(part, setting, probe, [account, *handlers])
        judge(probe, account, setting, None if span is None else sdk_span(span))
    finally:
        if setting.way != "handler":
            LangChainInstrumentor().uninstrument()
        PATCHER.undo()
        RUNS.clear()
    return is_through


def _switched_on(tracing: Tracing, setting: Setting) -> list[Any]:
    """Begin to trace; gives the handlers that the program is to be run with."""
    options: dict[str, Any] = {
        "tracer_provider": tracing.tracer_provider,
        "meter_provider": tracing.meter_provider,
        "logger_provider": tracing.logger_provider,
        "dialect": setting.dialect,
        "capture_message_content": "SPAN_AND_EVENT" if setting.content else "NO_CONTENT",
        "capture_state": setting.content,
    }
    if setting.way != "handler":
        LangChainInstrumentor().instrument(**options)
    return [] if setting.way == "instrumentor" else [OpenTelemetryCallbackHandler(**options)]


def _execute(part: Part, setting: Setting, probe: Probe, handlers: list[Any]) -> bool:
    it = Builder(probe, MAKERS).build(part)
    if setting.how.kind == "async":
        return asyncio.run(_aexecute(it, setting, probe, handlers))
    with probe.watching() as config:
        with _planned():
            setting.how.run(it, "given", with_handlers(config, handlers), probe)
        gc.collect()
    return True


async def _aexecute(
    it: Runnable[Any, Any], setting: Setting, probe: Probe, handlers: list[Any]
) -> bool:
    is_through = False

    async def run(config: Any) -> None:
        nonlocal is_through
        with _planned():
            await setting.how.run(it, "given", with_handlers(config, handlers), probe)
        is_through = True

    with probe.watching() as config:
        if setting.turns is None:
            await run(config)
        else:
            end = strands.timed_out if setting.in_time else strands.cancelled
            with _planned():
                await end(run(config), setting.turns)
        await settled()
    return is_through


def with_handlers(config: Any, handlers: list[Any]) -> Any:
    """A configuration with more handlers."""
    return {**config, "callbacks": [*config["callbacks"], *handlers]}


@contextmanager
def _planned() -> Iterator[None]:
    """Only what a program plans may come out of it."""
    try:
        yield
    except PLANNED:
        return
    except ExceptionGroup as errors:
        if errors.split(PLANNED)[1] is not None:
            raise
