"""Makes a context manager and decorator of what holds for the runs of a block of code."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from opentelemetry.context import Context

from langchain_otel.patching.wrapping import framed_function
from langchain_otel.runs.context import begin_block, end_block
from langchain_otel.runs.frame import Frame

Function = TypeVar("Function", bound=Callable[..., Any])


class Block:
    """A context manager, sync or async, and a decorator; `name` is the function that gives it.

    `own` holds inside, as a block of the kind that has `key` in the context. `within` makes the
    context of the body from `own`, the context around and that to go back to.
    """

    def __init__(self, name: str, own: Any, key: str, within: Callable[..., Context]) -> None:
        self._name = name
        self._own = own
        self._key = key
        self._within = partial(within, own)

    def __enter__(self) -> None:
        begin_block(self._within)

    def __exit__(self, *_: object) -> None:
        end_block(self._own, self._key)

    async def __aenter__(self) -> None:
        begin_block(self._within)

    async def __aexit__(self, *_: object) -> None:
        end_block(self._own, self._key)

    def __call__(self, function: Function) -> Function:
        """Have `function` run in the block: a generator while its own code runs, and only then."""
        if not callable(function) or isinstance(function, type):
            raise TypeError(
                f"{self._name}() decorates a function, a coroutine function or a generator "
                f"function; got {function!r}, a {type(function).__name__}"
            )
        if isinstance(function, staticmethod):
            return staticmethod(self(function.__func__))  # type: ignore[return-value]
        within = self._within
        return framed_function(function, lambda _, __: Frame(None, None, within=within))  # type: ignore[return-value]
