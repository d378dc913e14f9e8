"""Reads counts of tokens, whoever sends them: whole numbers from 0 that are 64 bits wide."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real
from typing import Any, Final

LARGEST: Final = 2**63 - 1
"""What OTLP can hold: one number beyond it costs everything that is exported with it."""


def count(value: Any) -> int | None:
    """The count that a value is, also as a whole float or a number of numpy; None for no count."""
    kind = type(value)
    if kind is int:
        return value if 0 <= value <= LARGEST else None
    # By the type alone: what is no number is not touched.
    if kind is bool or not issubclass(kind, Real):
        return None
    # A class derived from them may have other words for how many it is.
    if issubclass(kind, int):
        value = int.__int__(value)
    elif issubclass(kind, float):
        value = float.__float__(value)
    try:
        whole = int(value)
    except (OverflowError, ValueError):
        return None
    return whole if 0 <= whole <= LARGEST and whole == value else None


def total(counts: Iterable[int]) -> int:
    """The sum of counts, which ends at the largest one."""
    return min(sum(counts), LARGEST)
