"""A cancelled run is ended once, wherever the cancellation meets it, and is no error."""

import asyncio
from typing import Any

import pytest

from modes.drive import MODES, Mode
from modes.execution import arun, fits
from modes.probe import Probe, Program
from modes.table import PROGRAMS
from recording import Tracing

pytestmark = pytest.mark.usefixtures("wrapped_once")

LONGEST = 100_000
"""More turns of the event loop than any of the programs takes, also where it waits for a thread."""

DENSE = 20
"""So many turns are all tried, after them ever fewer."""

CHOSEN = (
    "one_lambda",
    "sequence",
    "parallel",
    "branch",
    "fallbacks",
    "retry_alone",
    "generators",
    "async_model",
    "streaming_model",
    "prompt_model_parser",
    "model_fallbacks",
    "streaming_completion",
    "completion_called_in_a_lambda",
    "async_tool",
    "tool_class",
    "async_retriever",
    "old_retriever",
    "graph_of_coroutines",
    "graph_with_parallel_nodes",
    "subgraph_as_node",
    "agent_with_async_middleware",
    "llm_chain",
)
CANCELLED_MODES = ("ainvoke", "astream", "abatch", "astream_events_v3_output")


def cells() -> list[Any]:
    return [
        pytest.param(program, mode, id=f"{program.name}-{mode.name}")
        for program in PROGRAMS
        for mode in MODES
        if program.name in CHOSEN and mode.name in CANCELLED_MODES and fits(program, mode)
    ]


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
@pytest.mark.parametrize(("program", "mode"), cells())
def test_a_run_cancelled_at_any_turn_is_whole(
    program: Program, mode: Mode, tracing: Tracing
) -> None:
    """Cancelled after 0, 1, 2, ... turns of the loop, until it is through before that."""
    turns = 0
    while turns < LONGEST:
        probe = Probe(tracing)
        through = asyncio.run(cancelled(program, mode, probe, turns))
        try:
            probe.check()
        except AssertionError as error:
            raise AssertionError(f"cancelled after {turns} turns: {error}") from error
        if through:
            return
        turns += 1 + turns // DENSE
    pytest.fail(f"{program.name} takes more than {LONGEST} turns")


async def cancelled(program: Program, mode: Mode, probe: Probe, turns: int) -> bool:
    """Run it, and cancel it after some turns of the loop; whether it was through before."""
    task = asyncio.create_task(arun(program, mode, probe))
    for _ in range(turns):
        await asyncio.sleep(0)
    through = task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    # LangChain tells of the end in tasks of their own.
    for _ in range(20):
        await asyncio.sleep(0)
    return through
