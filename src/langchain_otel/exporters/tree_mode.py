"""Reads how much of each span a tree shows."""

from __future__ import annotations

import logging
import os
from typing import Final

logger: Final = logging.getLogger("langchain_otel")

VARIABLE: Final = "LANGCHAIN_OTEL_TREE"
COMPACT: Final = "compact"
CONTENT: Final = "content"
FULL: Final = "full"
MODES: Final = (COMPACT, CONTENT, FULL)


def mode_of(argument: str | None) -> str:
    """The mode that the argument names, else the variable, else the shortest.

    Raises:
        ValueError: The argument names no mode.
    """
    if argument is not None:
        if argument not in MODES:
            raise ValueError(f"mode must be {_modes()}; got {argument!r}")
        return argument
    said = os.environ.get(VARIABLE, "").strip()
    if not said or said.lower() in MODES:
        return said.lower() or COMPACT
    logger.warning("%s must be %s; got %r: it is %s.", VARIABLE, _modes(), said, COMPACT)
    return COMPACT


def _modes() -> str:
    return f"{', '.join(MODES[:-1])} or {MODES[-1]}"
