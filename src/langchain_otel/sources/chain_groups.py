"""Makes the span of a chain group (`trace_as_chain_group`) current inside its `with` block."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import wraps
from typing import Any

from opentelemetry.context import Context

from langchain_otel import health
from langchain_otel.runs.context import enter_block, leave_block
from langchain_otel.runs.garbage_collector import is_collecting
from langchain_otel.runs.run import Run
from langchain_otel.runs.store import RUNS


def current_in_block(original: Callable[..., Any]) -> Callable[..., Any]:
    """The generator function of a context manager that gives the callback manager of a group."""
    manager_of = contextmanager(original)

    @wraps(original)
    def group(*args: Any, **kwargs: Any) -> Generator[Any, None, None]:
        block = _Block()
        try:
            with manager_of(*args, **kwargs) as manager:
                block.enter(manager)
                try:
                    yield manager
                finally:
                    block.leave()
        except BaseException as error:
            block.abandon(error)
            raise

    return group


def current_in_async_block(original: Callable[..., Any]) -> Callable[..., Any]:
    """The same for an asynchronous one."""
    manager_of = asynccontextmanager(original)

    @wraps(original)
    async def group(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        block = _Block()
        try:
            async with manager_of(*args, **kwargs) as manager:
                block.enter(manager)
                try:
                    yield manager
                finally:
                    block.leave()
        except BaseException as error:
            block.abandon(error)
            raise

    return group


class _Block:
    """The `with` block of a group, if its run is recorded."""

    def __init__(self) -> None:
        self._run: Run | None = None
        self._before: Context | None = None

    def enter(self, manager: Any) -> None:
        """Make the span of the group's run current."""
        try:
            self._run = RUNS.head(manager.parent_run_id)
            if self._run is not None and not is_collecting():
                self._before = enter_block(self._run)
        except Exception as error:
            health.failed("group", error)

    def leave(self) -> None:
        """Give the caller's context back."""
        if self._run is not None and self._before is not None and not is_collecting():
            leave_block(self._run, self._before)

    def abandon(self, error: BaseException) -> None:
        """End the run, where LangChain reports only ordinary exceptions (before langchain 1)."""
        if self._run is not None and not self._run.ended:
            RUNS.abandon(self._run.id, error)
