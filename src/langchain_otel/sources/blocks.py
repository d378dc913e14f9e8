"""Makes a context manager and decorator of what holds for the runs of a block of code."""

from collections.abc import Callable
from typing import Any, TypeVar

from opentelemetry.context import Context

from langchain_otel.patching.wrapping import framed
from langchain_otel.runs.frame import Frame

Function = TypeVar("Function", bound=Callable[..., Any])


class Block:
    """A context manager, sync or async, and a decorator; `name` is the function that gives it.

    `enter` and `leave` begin and end a block of code; `within` makes the context of the body of a
    decorated function from the one around.
    """

    def __init__(
        self,
        name: str,
        enter: Callable[[], None],
        leave: Callable[[], None],
        within: Callable[[Context], Context],
    ) -> None:
        self._name = name
        self._enter = enter
        self._leave = leave
        self._within = within

    def __enter__(self) -> None:
        self._enter()

    def __exit__(self, *_: object) -> None:
        self._leave()

    async def __aenter__(self) -> None:
        self._enter()

    async def __aexit__(self, *_: object) -> None:
        self._leave()

    def __call__(self, function: Function) -> Function:
        """Have `function` run in the block: a generator while its own code runs, and only then."""
        if not callable(function) or isinstance(function, type):
            raise TypeError(
                f"{self._name}() decorates a function, a coroutine function or a generator "
                f"function; got {function!r}, a {type(function).__name__}"
            )
        within = self._within
        return framed(function, lambda _, __: Frame(None, None, within=within))  # type: ignore[return-value]
