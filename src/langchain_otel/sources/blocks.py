"""Makes a context manager and decorator of what holds for the runs of a block of code."""

from collections.abc import Callable
from typing import Any, TypeVar

from langchain_otel.patching.wrapping import framed
from langchain_otel.runs.frame import Frame

Function = TypeVar("Function", bound=Callable[..., Any])


class Block:
    """A context manager, sync or async, and a decorator; `name` is the function that gives it.

    `enter` and `leave` begin and end a block of code, `frame` makes the frame of one call of a
    decorated function.
    """

    def __init__(
        self,
        name: str,
        enter: Callable[[], None],
        leave: Callable[[], None],
        frame: Callable[[], Frame],
    ) -> None:
        self._name = name
        self._enter = enter
        self._leave = leave
        self._frame = frame

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
        return framed(function, lambda _, __: self._frame())  # type: ignore[return-value]
