"""Makes the parts that run others in threads and tasks, within a time limit, or cancel them."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from typing import Any, Final

from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.runnables.config import ContextThreadPoolExecutor, run_in_executor
from opentelemetry.context import get_current

from random_trees.builder import Anything, Builder, Maker, PlannedError, result, text
from random_trees.plan import Part

TURNS_BY_VARIANT: Final = (0, 2, 9, 31)


def threads(builder: Builder, part: Part, name: str) -> Anything:
    inner = builder.inner(part)
    mark = builder.probe.mark

    def call(given: Any, config: RunnableConfig) -> Any:
        mark(name)
        _in_threads(inner, text(given), config, part.variant)
        mark(name)
        return result(part, given)

    async def acall(given: Any, config: RunnableConfig) -> Any:
        mark(name)
        for it in inner:
            if part.variant % 2:
                await run_in_executor(None, it.invoke, text(given))
            else:
                await asyncio.to_thread(it.invoke, text(given))
            mark(name)
        return result(part, given)

    return RunnableLambda(call, acall, name=name)


def _in_threads(inner: list[Anything], given: str, config: RunnableConfig, variant: int) -> None:
    """Run parts at once: in copies of the context, or without it, where the configuration leads."""
    pool: Any = ContextThreadPoolExecutor(2) if variant == 2 else ThreadPoolExecutor(2)
    with pool:
        if variant == 0:
            futures = [pool.submit(copy_context().run, it.invoke, given) for it in inner]
        elif variant == 2:
            futures = [pool.submit(it.invoke, given) for it in inner]
        else:
            futures = [pool.submit(_watched, it, given, config) for it in inner]
    for future in futures:
        future.result()


def _watched(it: Anything, given: str, config: RunnableConfig) -> None:
    before = get_current()
    try:
        it.invoke(given, config)
    finally:
        assert get_current() is before, "the context of a thread is another one"


def tasks(builder: Builder, part: Part, name: str) -> Anything:
    inner = builder.inner(part)
    mark = builder.probe.mark

    def call(given: Any) -> Any:
        for it in inner:
            mark(name)
            it.invoke(text(given))
        mark(name)
        return result(part, given)

    async def acall(given: Any) -> Any:
        mark(name)
        await _together([it.ainvoke(text(given)) for it in inner], part.variant)
        mark(name)
        return result(part, given)

    return RunnableLambda(call, acall, name=name)


async def _together(coroutines: list[Any], variant: int) -> None:
    """Await all at once; where one fails the others go on alone, are awaited, or are cancelled."""
    if variant == 1:
        async with asyncio.TaskGroup() as group:
            for each in coroutines:
                group.create_task(each)
        return
    started = [asyncio.create_task(each) for each in coroutines]
    for each in started:
        each.add_done_callback(_heard)
    if variant == 0:
        await asyncio.gather(*started)
    await asyncio.wait(started)
    for each in started:
        each.result()


def _heard(task: asyncio.Task[Any]) -> None:
    """Have heard of the failure of a task that nobody awaits any more."""
    if not task.cancelled():
        task.exception()


def timed(builder: Builder, part: Part, name: str) -> Anything:
    def run(it: Anything, given: Any) -> Coroutine[Any, Any, None]:
        return timed_out(it.ainvoke(given), TURNS_BY_VARIANT[part.variant])

    return _ended_early(builder, part, name, run)


def cancels(builder: Builder, part: Part, name: str) -> Anything:
    def run(it: Anything, given: Any) -> Coroutine[Any, Any, None]:
        return cancelled(it.ainvoke(given), TURNS_BY_VARIANT[part.variant])

    return _ended_early(builder, part, name, run)


def _ended_early(builder: Builder, part: Part, name: str, run: Callable[..., Any]) -> Anything:
    (inner,) = builder.inner(part)
    mark = builder.probe.mark

    def call(given: Any) -> Any:
        mark(name)
        inner.invoke(text(given))
        mark(name)
        return result(part, given)

    async def acall(given: Any) -> Any:
        mark(name)
        with suppress(TimeoutError):
            await run(inner, text(given))
        mark(name)
        return result(part, given)

    return RunnableLambda(call, acall, name=name)


async def timed_out(work: Coroutine[Any, Any, Any], turns: int) -> None:
    """Await work within a time limit that is up after so many turns of the event loop."""

    async def expire(limit: asyncio.Timeout) -> None:
        await turned(turns)
        limit.reschedule(0)

    async with asyncio.timeout(None) as limit:
        clock = asyncio.create_task(expire(limit))
        try:
            await work
        finally:
            clock.cancel()


async def cancelled(work: Coroutine[Any, Any, Any], turns: int) -> None:
    """Run work as a task, and cancel it after so many turns; what comes of it is raised."""
    task = asyncio.create_task(work)
    try:
        await turned(turns)
    finally:
        task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


async def turned(turns: int) -> None:
    """Let the event loop turn so many times."""
    for _ in range(turns):
        await asyncio.sleep(0)


MAKERS: Final[dict[str, Maker]] = {
    "threads": threads,
    "tasks": tasks,
    "timed": timed,
    "cancels": cancels,
}
EXPECTED: Final = (PlannedError, TimeoutError)
