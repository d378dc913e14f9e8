"""Tells which spans were started one after the other by the same code, and which side by side.

A clock cannot tell: of two tools in a pool of threads the first may end before the second begins.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Hashable
from concurrent.futures import thread as pools
from itertools import count
from types import FrameType
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

_WORK_ITEM: Final = getattr(pools, "_WorkItem", None)
_RUN: Final = getattr(getattr(_WORK_ITEM, "run", None), "__code__", None)


class Strand(NamedTuple):
    """Code that does one thing after the other: a task of a loop, a job of a pool, or a thread."""

    thread: int
    loop: int
    job: int


class Strands:
    """Gives numbers to what runs; an address would come again once its object is freed."""

    def __init__(self) -> None:
        self._numbers: WeakKeyDictionary[Hashable, int] = WeakKeyDictionary()
        self._next: Final = count(1)

    def current(self) -> Strand:
        """Where the caller runs."""
        thread = self._number(threading.current_thread())
        try:
            task, loop = asyncio.current_task(), asyncio.get_running_loop()
        except RuntimeError:
            return Strand(thread, 0, self._number(_job(sys._getframe(1))))
        return Strand(thread, self._number(loop), self._number(task))

    def _number(self, thing: Any) -> int:
        if thing is None:
            return 0
        try:
            number = self._numbers.get(thing)
            if number is None:
                number = self._numbers[thing] = next(self._next)
        except TypeError:
            # A loop or a task of another library, of which there are no weak references.
            return id(thing)
        return number


def _job(frame: FrameType | None) -> object | None:
    """What a thread of a pool works on."""
    while frame is not None:
        if frame.f_code is _RUN:
            return frame.f_locals.get("self")
        frame = frame.f_back
    return None
