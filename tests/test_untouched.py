"""The application is not touched: it runs and hears, with us, exactly what it does without."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler

from langchain_otel import OpenTelemetryCallbackHandler
from langchain_otel.sources.patch_points import PATCHER
from modes.probe import ASYNC, SYNC, Probe, Program
from modes.table import PROGRAMS
from observation import HANDLERS, Observation, observed
from recording import Tracing

SIDE_BY_SIDE = frozenset(
    (
        "parallel",
        "assign",
        "mapped",
        "graph_with_parallel_nodes",
        "graph_that_fans_out",
        "functional_async",
        "tool_node",
        "tool_node_with_async_tools",
        "react_agent",
        "agent",
        "agent_with_async_tools",
        "agent_with_middleware",
        "agent_as_tool",
    )
)
"""Programs whose parts run at the same time: their events come in no certain order."""

LEFT_OUT = frozenset(
    (
        "cached_model",
        "listened_to",
        "retry",
        "functional",
        "model_whose_events_are_read_in_a_lambda",
    )
)
"""They are like others, or race with a task of their own to the end."""


async def _chunks(stream: Any) -> list[Any]:
    return [chunk async for chunk in stream]


RUNS: dict[str, tuple[frozenset[str], Callable[[Any, Any, Any], Any]]] = {
    "invoke": (SYNC, lambda it, given, config: it.invoke(given, config)),
    "stream": (SYNC, lambda it, given, config: list(it.stream(given, config))),
    "ainvoke": (ASYNC, lambda it, given, config: asyncio.run(it.ainvoke(given, config))),
    "astream": (ASYNC, lambda it, given, config: asyncio.run(_chunks(it.astream(given, config)))),
}


def cells() -> list[Any]:
    return [
        pytest.param(program, mode, id=f"{program.name}-{mode}")
        for program in PROGRAMS
        for mode, (kinds, _) in RUNS.items()
        if program.kinds & kinds and program.name not in LEFT_OUT
    ]


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
@pytest.mark.parametrize(("program", "mode"), cells())
def test_outcomes_and_events_are_the_same(program: Program, mode: str, tracing: Tracing) -> None:
    """With the instrumentor, and with an explicit handler, as without both; for every handler."""

    def executed(kind: str, extra: BaseCallbackHandler | None = None) -> Observation:
        it, given = program.build(Probe(tracing))
        return observed(lambda config: RUNS[mode][1](it, given, config), kind, extra)

    with tracing.off():
        without = {kind: executed(kind) for kind in HANDLERS}
        handler = OpenTelemetryCallbackHandler(tracer_provider=tracing.tracer_provider)
        explicit = executed("all", handler)
        PATCHER.undo()
    assert explicit.unordered() == without["all"].unordered()
    for kind in HANDLERS:
        assert any(without[kind].events), "the handlers hear nothing: nothing is compared"
        instrumented = executed(kind)
        # Handlers that are not inline are told by threads and tasks, which race in async code.
        is_ordered = kind == "inline" or (kind == "not_inline" and mode in {"invoke", "stream"})
        if program.name in SIDE_BY_SIDE or not is_ordered:
            assert instrumented.unordered() == without[kind].unordered()
        else:
            assert instrumented == without[kind]
