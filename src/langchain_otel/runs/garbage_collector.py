"""Detects that the garbage collector is running in this thread, closing generators.

Before CPython 3.12 it may run in the middle of `ContextVar.set`; setting a variable of the same
context from a finalizer then corrupts memory. So nothing of ours does.
"""

import gc
import sys
from collections.abc import Callable
from contextvars import copy_context
from threading import get_ident
from typing import Any, Final

IS_ANYWHERE: Final = sys.version_info < (3, 12)
"""Whether a collection may begin at any allocation, and not only between two instructions."""

threads: Final[set[int]] = set()
"""Those in which the collector runs: as long as there are none, there is nothing to ask."""


def is_collecting() -> bool:
    """Whether this code runs because the collector finalizes something, in this thread."""
    return bool(threads) and get_ident() in threads


def outside_collection(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function that sets variables: in a copy of the context if the collector runs."""
    if not is_collecting():
        return function(*args)
    thread = get_ident()
    threads.discard(thread)
    try:
        return copy_context().run(function, *args)
    finally:
        threads.add(thread)


def watch() -> Callable[[], None]:
    """Note the collector's runs from here on; gives what ends it."""
    if not IS_ANYWHERE:
        return lambda: None
    gc.callbacks.append(_note)
    return _unwatch


def _unwatch() -> None:
    if _note in gc.callbacks:
        gc.callbacks.remove(_note)
    threads.clear()


def _note(phase: str, _: dict[str, Any]) -> None:
    if phase == "start":
        threads.add(get_ident())
    else:
        threads.discard(get_ident())
