"""Knows what a forked process takes over from us: no lock that is held, no run to be ended."""

import os
from typing import Any, Final, TypeVar
from weakref import WeakSet

from langchain_otel.run import RUNS

Lock = TypeVar("Lock")

_locks: Final[WeakSet[Any]] = WeakSet()


class _Watch:
    begun = False


def freed(lock: Lock) -> Lock:
    """The lock, which a forked process finds free though another thread holds it here."""
    _locks.add(lock)
    return lock


def watch() -> None:
    """Mind every fork from now on; it cannot be taken back, and costs nothing without a fork."""
    if not _Watch.begun and hasattr(os, "register_at_fork"):
        _Watch.begun = True
        os.register_at_fork(after_in_child=_in_child)


def _in_child() -> None:
    for lock in list(_locks):
        lock._at_fork_reinit()
    RUNS.disown()
