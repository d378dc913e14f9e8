"""Knows the programs that LangChain's own runnables are put together to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from langchain_core.runnables import (
    RouterRunnable,
    Runnable,
    RunnableBranch,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    chain,
)

from modes.drive import STREAMING
from modes.probe import Probe, Programs

PROGRAMS = Programs()


def step(probe: Probe, name: str, function: Callable[[Any], Any]) -> Runnable[Any, Any]:
    """A lambda that marks its body, before and after a pause in asynchronous code."""

    def call(given: Any) -> Any:
        probe.mark(name)
        return function(given)

    async def acall(given: Any) -> Any:
        probe.mark(name)
        await asyncio.sleep(0)
        probe.mark(name)
        return function(given)

    return RunnableLambda(call, acall, name=name)


def sync_step(probe: Probe, name: str, function: Callable[[Any], Any]) -> Runnable[Any, Any]:
    """A lambda without an asynchronous form."""

    def call(given: Any) -> Any:
        probe.mark(name)
        return function(given)

    return RunnableLambda(call, name=name)


def generator(probe: Probe, name: str, chunks: int = 3) -> Runnable[Any, Any]:
    """A generator that marks its body before, between and after its chunks."""

    def generate(inputs: Iterator[Any]) -> Iterator[Any]:
        for given in inputs:
            for number in range(chunks):
                probe.mark(name)
                yield given + number
            probe.mark(name)

    async def agenerate(inputs: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for given in inputs:
            for number in range(chunks):
                probe.mark(name)
                await asyncio.sleep(0)
                yield given + number
            probe.mark(name)

    return RunnableGenerator(generate, agenerate, name=name)


def failing(times: int, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function that raises the first times that it is called."""
    calls = iter(range(times))

    def call(given: Any) -> Any:
        if next(calls, None) is not None:
            raise ValueError("not yet")
        return function(given)

    return call


@PROGRAMS.add("double")
def one_lambda(probe: Probe) -> tuple[Any, Any]:
    return step(probe, "double", lambda n: n * 2), 1


@PROGRAMS.add("double")
def one_sync_lambda(probe: Probe) -> tuple[Any, Any]:
    return sync_step(probe, "double", lambda n: n * 2), 1


@PROGRAMS.add("first", "second", "third")
def sequence(probe: Probe) -> tuple[Any, Any]:
    steps = [step(probe, name, lambda n: n + 1) for name in ("first", "second")]
    return steps[0] | steps[1] | sync_step(probe, "third", lambda n: n + 1), 1


@PROGRAMS.add("left", "right", "after")
def parallel(probe: Probe) -> tuple[Any, Any]:
    both = RunnableParallel(
        left=step(probe, "left", lambda n: n + 1), right=sync_step(probe, "right", lambda n: n)
    )
    return both | step(probe, "after", lambda both: both["left"]), 1


@PROGRAMS.add("is_big", "is_small", "small")
def branch(probe: Probe) -> tuple[Any, Any]:
    return RunnableBranch(
        (step(probe, "is_big", lambda n: n > 10), step(probe, "big", lambda n: n)),
        (step(probe, "is_small", lambda n: n < 10), step(probe, "small", lambda n: n)),
        step(probe, "other", lambda n: n),
    ), 1


@PROGRAMS.add("is_big", "other")
def branch_by_default(probe: Probe) -> tuple[Any, Any]:
    return RunnableBranch(
        (step(probe, "is_big", lambda n: n > 10), step(probe, "big", lambda n: n)),
        step(probe, "other", lambda n: n),
    ) | RunnablePassthrough(), 1


@PROGRAMS.add("add", "pick")
def assign(probe: Probe) -> tuple[Any, Any]:
    assigned = RunnablePassthrough.assign(more=step(probe, "add", lambda given: given["n"] + 1))
    return assigned.pick("more") | step(probe, "pick", lambda n: n), {"n": 1}


@PROGRAMS.add("breaks", "works")
def fallbacks(probe: Probe) -> tuple[Any, Any]:
    breaks = step(probe, "breaks", failing(99, lambda n: n))
    return breaks.with_fallbacks([step(probe, "works", lambda n: n)]), 1


@PROGRAMS.add("breaks", "also_breaks", raises=ValueError)
def fallbacks_that_all_fail(probe: Probe) -> tuple[Any, Any]:
    breaks = step(probe, "breaks", failing(99, lambda n: n))
    return breaks.with_fallbacks([step(probe, "also_breaks", failing(99, lambda n: n))]), 1


@PROGRAMS.add("flaky", "after", not_in=STREAMING)
def retry(probe: Probe) -> tuple[Any, Any]:
    flaky = step(probe, "flaky", failing(1, lambda n: n))
    retried = flaky.with_retry(stop_after_attempt=3, wait_exponential_jitter=False)
    return retried | step(probe, "after", lambda n: n), 1


@PROGRAMS.add("flaky", not_in=STREAMING | {"batch_as_completed", "abatch_as_completed"})
def retry_alone(probe: Probe) -> tuple[Any, Any]:
    flaky = step(probe, "flaky", failing(1, lambda n: n))
    return flaky.with_retry(stop_after_attempt=3, wait_exponential_jitter=False), 1


@PROGRAMS.add("before", "breaks", raises=ValueError)
def failure_in_a_sequence(probe: Probe) -> tuple[Any, Any]:
    breaks = step(probe, "breaks", failing(99, lambda n: n))
    return step(probe, "before", lambda n: n) | breaks | step(probe, "never", lambda n: n), 1


@PROGRAMS.add("chunks", "again")
def generators(probe: Probe) -> tuple[Any, Any]:
    return generator(probe, "chunks") | generator(probe, "again", 2), 1


@PROGRAMS.add("breaks", raises=ValueError)
def generator_that_fails(probe: Probe) -> tuple[Any, Any]:
    def generate(inputs: Iterator[Any]) -> Iterator[Any]:
        yield next(iter(inputs))
        probe.mark("breaks")
        raise ValueError("in the middle")

    async def agenerate(inputs: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for given in inputs:
            yield given
            probe.mark("breaks")
            raise ValueError("in the middle")

    return RunnableGenerator(generate, agenerate, name="breaks"), 1


@PROGRAMS.add("outer", "inner", "chunks")
def chain_called_in_a_lambda(probe: Probe) -> tuple[Any, Any]:
    inner = step(probe, "inner", lambda n: n) | generator(probe, "chunks")

    def call(given: Any) -> Any:
        probe.mark("outer")
        for _ in inner.stream(given):
            probe.mark("outer")
        result = inner.invoke(given)
        probe.mark("outer")
        return result

    async def acall(given: Any) -> Any:
        probe.mark("outer")
        async for _ in inner.astream(given):
            probe.mark("outer")
        result = await inner.ainvoke(given)
        probe.mark("outer")
        return result

    return RunnableLambda(call, acall, name="outer"), 1


@PROGRAMS.add("chooses", "chosen")
def lambda_that_gives_a_runnable(probe: Probe) -> tuple[Any, Any]:
    chosen = step(probe, "chosen", lambda n: n)

    def choose(_: Any) -> Any:
        probe.mark("chooses")
        return chosen

    return RunnableLambda(choose, name="chooses"), 1


class Bare(Runnable[Any, Any]):
    """A runnable that makes no run of its own: its code is in the body of what it is part of."""

    def __init__(self, probe: Probe, name: str) -> None:
        self._probe = probe
        self._name = name

    def invoke(self, input: Any, config: Any = None, **_: Any) -> Any:  # noqa: A002
        self._probe.mark(self._name)
        return input

    async def ainvoke(self, input: Any, config: Any = None, **_: Any) -> Any:  # noqa: A002
        self._probe.mark(self._name)
        await asyncio.sleep(0)
        self._probe.mark(self._name)
        return input


# In a batch LangChain itself runs it outside of the bodies.
BATCHES = frozenset(("batch", "abatch"))


@PROGRAMS.add("RunnableSequence", "last", not_in=BATCHES)
def bare_in_a_sequence(probe: Probe) -> tuple[Any, Any]:
    bare = Bare(probe, "RunnableSequence")
    return bare | bare | step(probe, "last", lambda n: n), 1


@PROGRAMS.add("RunnableParallel<left,right>", "right")
def bare_in_a_parallel(probe: Probe) -> tuple[Any, Any]:
    bare = Bare(probe, "RunnableParallel<left,right>")
    return RunnableParallel(left=bare, right=step(probe, "right", lambda n: n)), 1


@PROGRAMS.add("is_big", "RunnableBranch")
def bare_in_a_branch(probe: Probe) -> tuple[Any, Any]:
    return RunnableBranch(
        (step(probe, "is_big", lambda n: n > 10), step(probe, "big", lambda n: n)),
        Bare(probe, "RunnableBranch"),
    ), 1


@PROGRAMS.add("breaks", "RunnableWithFallbacks", not_in=BATCHES)
def bare_in_fallbacks(probe: Probe) -> tuple[Any, Any]:
    breaks = step(probe, "breaks", failing(99, lambda n: n))
    return breaks.with_fallbacks([Bare(probe, "RunnableWithFallbacks")]), 1


@PROGRAMS.add("item", not_in=frozenset(("astream_events",)))
def mapped(probe: Probe) -> tuple[Any, Any]:
    return step(probe, "item", lambda n: n).map(), [1, 2, 3]


@PROGRAMS.add("key", "left", not_in=frozenset(("astream_log",)))
def router(probe: Probe) -> tuple[Any, Any]:
    routes = {name: step(probe, name, lambda n: n) for name in ("left", "right")}
    keyed = step(probe, "key", lambda n: {"key": "left", "input": n})
    return keyed | RouterRunnable(routes), 1


@PROGRAMS.add("decorated", "inner")
def decorated(probe: Probe) -> tuple[Any, Any]:
    inner = step(probe, "inner", lambda n: n)

    @chain
    def decorated(given: Any) -> Any:
        probe.mark("decorated")
        result = inner.with_config(run_name="inner").invoke(given)
        probe.mark("decorated")
        return result

    return decorated.with_config(tags=["mine"], metadata={"by": "me"}), 1


@PROGRAMS.add("work")
def listened_to(probe: Probe) -> tuple[Any, Any]:
    def listen(_: Any) -> None:
        """Hear that the run began or ended."""

    work = step(probe, "work", lambda n: n)
    return work.with_listeners(on_start=listen, on_end=listen, on_error=listen), 1
