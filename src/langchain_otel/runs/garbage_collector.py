"""Detects that the garbage collector is running in this thread, closing generators.

Before CPython 3.12 it may run in the middle of `ContextVar.set`; setting a variable of the same
context from a finalizer then corrupts memory. So nothing of ours does.

What `gc.callbacks` holds is written in C: Python runs signal handlers in Python functions, and
ignores what they raise while the collector runs. A `KeyboardInterrupt` must not end there.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from contextvars import copy_context
from threading import local
from typing import Any, Final

IS_ANYWHERE: Final = sys.version_info < (3, 12)
"""Whether a collection may begin at any allocation, and not only between two instructions."""

START: Final = "start"
STOP: Final = "stop"


class _Slot:
    __slots__ = (START,)

    start: object


class _Report(_Slot):
    """What the collector has reported last, under the name of either phase: both are one slot."""

    __slots__ = ()

    stop = _Slot.start


class _Reports:
    """What the collector has reported last of each phase."""

    __slots__ = (START, STOP)

    start: object


report: Final = _Report()
reports: Final = _Reports()
report.start, reports.start = None, STOP
"""Where `report.start` is `reports.start`, a collection is under way in whatever thread.

To look is two steps without a call, for each frame does so twice. In between a collection may begin
or end in another thread: `is_collecting` looks again.
"""

_here: Final[Any] = local()
"""What the collector has reported last of each phase, in this thread."""

_CALLBACKS: Final = (report.__setattr__, reports.__setattr__, _here.__setattr__)
"""Called with the phase, and with a dict that is the report's own."""


def is_collecting() -> bool:
    """Whether this code runs because the collector finalizes something, in this thread.

    There is one collection at a time: it is this thread's if this thread saw it start.
    """
    started = reports.start
    return report.start is started and getattr(_here, START, None) is started


def outside_collection(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function that sets variables: in a copy of the context if the collector runs."""
    if not is_collecting():
        return function(*args)
    collection, _here.start = _here.start, None
    try:
        return copy_context().run(function, *args)
    finally:
        _here.start = collection


def watch() -> Callable[[], None]:
    """Note the collector's runs from here on; gives what ends it."""
    if not IS_ANYWHERE:
        return lambda: None
    gc.callbacks.extend(_CALLBACKS)
    return _unwatch


def _unwatch() -> None:
    for callback in reversed(_CALLBACKS):
        if callback in gc.callbacks:
            gc.callbacks.remove(callback)
    report.start = None
