"""Makes a forked process safe: no lock of ours is held there, and no open run is its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, TypeVar
from weakref import WeakSet

Lock = TypeVar("Lock")

_locks: Final[WeakSet[Any]] = WeakSet()
_actions: Final[list[Callable[[], None]]] = []


def fork_safe(lock: Lock) -> Lock:
    """The lock, which a forked process finds free though another thread holds it here."""
    _locks.add(lock)
    return lock


def watch(forget_runs: Callable[[], None]) -> None:
    """Call `forget_runs` in every process forked from now on, and free the locks there.

    It cannot be taken back, and costs nothing without a fork.
    """
    if not _actions and hasattr(os, "register_at_fork"):
        _actions.append(forget_runs)
        os.register_at_fork(after_in_child=_in_child)


def _in_child() -> None:
    for lock in list(_locks):
        lock._at_fork_reinit()
    for action in _actions:
        action()
