"""Detects that the garbage collector is running in this thread, closing generators.

Before CPython 3.12 it may run in the middle of `ContextVar.set`; setting a variable of the same
context from a finalizer then corrupts memory. So nothing of ours does.

What `gc.callbacks` holds is written in C: Python runs signal handlers in Python functions, and
ignores what they raise while the collector runs. A `KeyboardInterrupt` must not end there.
"""

import gc
import sys
from collections import OrderedDict
from collections.abc import Callable
from contextvars import copy_context
from threading import local
from typing import Any, Final

IS_ANYWHERE: Final = sys.version_info < (3, 12)
"""Whether a collection may begin at any allocation, and not only between two instructions."""

START: Final = "start"
STOP: Final = "stop"

phases: Final = OrderedDict.fromkeys((START, STOP))
"""The phases of a collection. The one it is in is last: `START` while there is one anywhere."""

COLLECTING: Final = OrderedDict.fromkeys((STOP, START))
"""The order of `phases` during a collection.

To compare the two is one step: an iterator would fail where another thread begins to collect.
"""

_latest: Final[dict[str, object]] = {}
"""What the collector has reported last of each phase, in whatever thread."""

_here: Final[Any] = local()
"""What the collector has reported last of each phase, in this thread."""

_CALLBACKS: Final[tuple[Any, ...]] = (_latest.__setitem__, _here.__setattr__, phases.move_to_end)
"""Called with the phase and a dict of the collection's own; `move_to_end` takes it for true."""


def is_collecting() -> bool:
    """Whether this code runs because the collector finalizes something, in this thread.

    There is one collection at a time: it is this thread's if this thread saw it start.
    """
    if phases != COLLECTING:
        return False
    return getattr(_here, START, None) is _latest[START]


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
    phases.move_to_end(STOP)
