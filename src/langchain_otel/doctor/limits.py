"""Bounds how long a check may take, and what it leaves in logs and traces while it runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import Context
from threading import Thread
from typing import Final, TypeVar

Result = TypeVar("Result")

STEP: Final = 2.5
"""Seconds for one step of a check: a connection, a handshake, an answer."""

# Their lines quote URLs, which may hold keys; a check says the same without them.
TALKERS: Final = ("opentelemetry", "urllib3")
SILENT: Final = logging.CRITICAL + 1


def within(seconds: float, act: Callable[[], Result]) -> Result:
    """What `act` gives, done in a thread and a context of its own.

    Raises:
        TimeoutError: It takes longer; the thread is left to end by itself.
    """
    done: Future[Result] = Future()

    def run() -> None:
        try:
            done.set_result(Context().run(act))
        except BaseException as error:
            done.set_exception(error)

    Thread(target=run, name="langchain-otel doctor", daemon=True).start()
    return done.result(seconds)


def untraced(act: Callable[[], Result]) -> Result:
    """What `act` gives; instrumentations of HTTP and gRPC clients make no spans of it."""
    from opentelemetry.instrumentation.utils import suppress_instrumentation

    with suppress_instrumentation():
        return act()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the log lines of exporters back, inside the block."""
    loggers = [logging.getLogger(name) for name in TALKERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(SILENT)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
