"""Makes the span of a chain group (`trace_as_chain_group`) current inside its `with` block."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import wraps
from typing import Any

from langchain_otel import health
from langchain_otel.runs.context import enter_block, leave_block
from langchain_otel.runs.garbage_collector import is_collecting
from langchain_otel.runs.store import RUNS

Leave = Callable[[], None]


def current_in_block(original: Callable[..., Any]) -> Callable[..., Any]:
    """The generator function of a context manager that gives the callback manager of a group."""
    manager_of = contextmanager(original)

    @wraps(original)
    def group(*args: Any, **kwargs: Any) -> Generator[Any, None, None]:
        with manager_of(*args, **kwargs) as manager:
            leave = _entered(manager)
            try:
                yield manager
            finally:
                leave()

    return group


def current_in_async_block(original: Callable[..., Any]) -> Callable[..., Any]:
    """The same for an asynchronous one."""
    manager_of = asynccontextmanager(original)

    @wraps(original)
    async def group(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        async with manager_of(*args, **kwargs) as manager:
            leave = _entered(manager)
            try:
                yield manager
            finally:
                leave()

    return group


def _entered(manager: Any) -> Leave:
    """Enter the block of a group; gives what leaves it."""
    try:
        run = RUNS.head(manager.parent_run_id)
        if run is not None and not is_collecting():
            before = enter_block(run)
            return lambda: None if is_collecting() else leave_block(run, before)
    except Exception as error:
        health.failed("group", error)
    return lambda: None
