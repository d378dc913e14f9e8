"""Reads the fields of exceptions past what their classes define: nothing of anybody's is called."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

_FIELDS: Final = vars(BaseException)

arguments_of: Final[Callable[[BaseException], tuple[Any, ...]]] = _FIELDS["args"].__get__
cause_of: Final[Callable[[BaseException], BaseException | None]] = _FIELDS["__cause__"].__get__
context_of: Final[Callable[[BaseException], BaseException | None]] = _FIELDS["__context__"].__get__
traceback_of: Final[Callable[[BaseException], TracebackType | None]] = _FIELDS[
    "__traceback__"
].__get__
members_of: Final[Callable[[BaseException], tuple[BaseException, ...]]] = vars(BaseExceptionGroup)[
    "exceptions"
].__get__
"""The exceptions of a group."""
file_names_of: Final[tuple[Callable[[BaseException], Any], ...]] = tuple(
    vars(OSError)[name].__get__ for name in ("filename", "filename2")
)
"""The two that an `OSError` may name, each by a function of its own."""
