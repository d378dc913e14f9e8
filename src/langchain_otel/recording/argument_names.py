"""Names what a handler, a block, a tenant and `instrument()` take, and refuses other arguments.

`recording/arguments.py` has the types, which nothing needs at run time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from langchain_otel.config import OPTIONS
from langchain_otel.recording.destinations import PROVIDER_METHODS

ARGUMENTS: Final = frozenset((*(option.name for option in OPTIONS), *PROVIDER_METHODS))


def refuse_unknown(name: str, arguments: Iterable[str]) -> None:
    """Raise a TypeError that names what the function `name` does not take."""
    unknown = sorted(set(arguments) - ARGUMENTS)
    if unknown:
        raise TypeError(f"{name}() has no argument {', '.join(unknown)}")
