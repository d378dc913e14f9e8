"""Logs each notice once in a process."""

from __future__ import annotations

import logging
from threading import Lock
from typing import Final

from langchain_otel import health
from langchain_otel.forks import fork_safe

logger: Final = logging.getLogger("langchain_otel")

MAX_NOTICES: Final = 1_000
"""How many different ones are logged; set-ups are few, but they may be made per request."""

_lock: Final = fork_safe(Lock())
_logged: Final[set[str]] = set()


def warn(notice: str) -> None:
    """Log a mistake, with what to do about it, unless it has been logged before."""
    _log(logging.WARNING, notice)


def inform(notice: str) -> None:
    """Log what a user may want to know, unless it has been logged before."""
    _log(logging.INFO, notice)


def forget() -> None:
    """Log again what has been logged before."""
    with _lock:
        _logged.clear()


def _log(level: int, notice: str) -> None:
    if not logger.isEnabledFor(level):
        return
    with _lock:
        if notice in _logged or len(_logged) >= MAX_NOTICES:
            return
        _logged.add(notice)
        health.events[health.NOTICE] += 1
    logger.log(level, "%s", notice)
