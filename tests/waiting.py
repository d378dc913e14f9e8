"""Waits until something is so, however busy the machine is: only what hangs takes too long."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from backends.patience import PATIENCE

__all__ = ["PATIENCE", "Hold", "begun", "timed_out", "until"]


class Hold:
    """Where coroutines stay until they are cancelled; it is full once so many are there."""

    def __init__(self, count: int = 1) -> None:
        self._missing = count
        self.is_full = asyncio.Event()

    async def stay(self) -> None:
        self._missing -= 1
        if self._missing == 0:
            self.is_full.set()
        await asyncio.Event().wait()


async def begun(awaitable: Awaitable[Any], hold: Hold) -> asyncio.Future[Any]:
    """The task of what is awaited, once it has come to the hold."""
    task = asyncio.ensure_future(awaitable)
    full = asyncio.ensure_future(hold.is_full.wait())
    await asyncio.wait([task, full], timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    if not full.done():
        full.cancel()
        task.cancel()
        await task
    return task


async def timed_out(awaitable: Awaitable[Any], hold: Hold) -> None:
    """Wait for it no longer than until it has come to the hold, by asyncio's own timeout."""
    task = await begun(awaitable, hold)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(task, 0)


async def until(met: Callable[[], object]) -> None:
    """Let the event loop turn until it is so."""
    async with asyncio.timeout(PATIENCE):
        while not met():  # noqa: ASYNC110 - there is no event for everything
            await asyncio.sleep(0.001)
