"""Tasks that start their own next turn inside the body of a run, for ever: nothing piles up."""

import asyncio
import gc
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from opentelemetry.trace import NoOpTracerProvider

from langchain_otel import conversation, semconv
from langchain_otel.runs.run import Run
from langchain_otel.runs.store import RUNS
from models import Model
from recording import Tracing, instrumented

TURNS = 60
FEW = 12


async def take_turns(
    around: Callable[[int], AbstractContextManager[object]], *, overlaps: bool
) -> int:
    """Run turns, each started in the body of the one before; gives how many runs are alive."""
    done = asyncio.Event()
    turn = alive = 0

    async def body(text: str) -> str:
        nonlocal turn, alive
        turn += 1
        await Model().ainvoke(text)
        if turn == TURNS:
            done.set()
            gc.collect()
            # By the type alone: what other tests have left may answer for another class.
            alive = sum(type(thing) is Run for thing in gc.get_objects())
            return text
        with around(turn):
            start()
        if overlaps:
            await asyncio.sleep(0)
        return text

    def start() -> None:
        task = asyncio.create_task(chain.ainvoke("hello"))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    chain: Any = RunnableLambda(body, name="turn")
    tasks: set[Any] = set()
    start()
    await done.wait()
    await asyncio.gather(*tasks)
    return alive


BLOCKS: dict[str, Callable[[Tracing, int], AbstractContextManager[object]]] = {
    "plain": lambda *_: nullcontext(),
    "user's span": lambda tracing, _: tracing.user_span("user"),
    "conversation": lambda _, turn: conversation(f"conversation-{turn}"),
}


@pytest.mark.parametrize("overlaps", [False, True])
@pytest.mark.parametrize("block", BLOCKS)
async def test_runs_of_turns_are_let_go(block: str, overlaps: bool, tracing: Tracing) -> None:
    """However many turns there were, a few runs are alive, and each says what it should."""
    alive = await take_turns(lambda turn: BLOCKS[block](tracing, turn), overlaps=overlaps)
    assert alive <= FEW
    # The first turn is a workflow, the others are started in its body.
    assert sorted(set(tracing.names()) - {"user"}) == ["chat", "invoke_workflow turn", "turn"]
    assert tracing.names().count("turn") == TURNS - 1
    if block == "conversation":
        found = {(s.attributes or {}).get(semconv.GEN_AI_CONVERSATION_ID) for s in tracing.spans}
        assert found == {None, *(f"conversation-{turn}" for turn in range(1, TURNS))}


async def test_blocks_around_a_run_that_has_ended(tracing: Tracing) -> None:
    """What started in a run's body and goes on after it keeps the blocks around that run."""
    later: list[Any] = []

    async def after() -> None:
        await is_over.wait()
        await Model().ainvoke("hello")

    async def body(text: str) -> str:
        with conversation("inner"):
            later.append(asyncio.create_task(after()))
        return text

    is_over = asyncio.Event()
    with conversation("outer", user="ada"):
        await RunnableLambda(body, name="first").ainvoke("hello")
    is_over.set()
    await later[0]
    attributes = tracing.span("chat").attributes or {}
    assert attributes[semconv.GEN_AI_CONVERSATION_ID] == "inner"
    assert attributes[semconv.USER_ID] == "ada"


def test_exception_class_of_one_request_is_let_go(tracing: Tracing) -> None:
    """A class of exceptions that is made at run time is not kept."""

    def failing() -> weakref.ref[type]:
        kind = type("OfOneRequest", (Exception,), {})
        with pytest.raises(kind):
            Model(fails=kind("no")).invoke("hello")
        return weakref.ref(kind)

    kind = failing()
    tracing.exporter.clear()
    tracing.log_exporter.clear()
    tracing.lives.started.clear()
    gc.collect()
    assert kind() is None


def test_runs_without_a_trace_are_not_remembered() -> None:
    """Without a provider there is no span context to go on with."""
    tracing = Tracing()
    tracing.tracer_provider = NoOpTracerProvider()  # type: ignore[assignment]
    with instrumented(tracing):
        before = len(RUNS._ended)
        Model().invoke("hello")
        assert len(RUNS._ended) == before
