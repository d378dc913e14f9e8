"""Gives the answer to a question about a trace, with the reason that pytest prints."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Check:
    """Whether something holds, and why: `assert` takes it for a bool, and shows the reason."""

    holds: bool
    reason: str

    def __bool__(self) -> bool:
        return self.holds

    def __repr__(self) -> str:
        return self.reason


def counted(number: float, word: str) -> str:
    """A number with its word."""
    return f"{number:,} {word}" + "s" * (number != 1)
