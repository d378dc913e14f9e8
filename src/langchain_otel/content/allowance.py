"""Counts what a walk through content takes, values and bytes, before they are taken."""

from __future__ import annotations

from typing import Final

MAX_DEPTH: Final = 16
MAX_NODES: Final = 10_000
UNBOUNDED: Final = 2**62


class SpentError(Exception):
    """The walk would make more bytes than there is room for."""


class Allowance:
    """How many values a walk may still look at, and how many bytes it may still make.

    One is passed through all that is walked for one attempt at a value, however it is nested: what
    is found again and again through shared lists, or the very same text, is counted each time.
    `in_all` is for what is walked one by one: the values in all of it together.
    """

    __slots__ = ("bytes", "depth", "in_all", "nodes")

    def __init__(self, nodes: int = MAX_NODES, size: int = UNBOUNDED) -> None:
        self.nodes = self.in_all = nodes
        self.bytes = size
        self.depth = 0

    def grant(self, wanted: int) -> int:
        """How many of the wanted values may be looked at; each makes a byte at least."""
        granted = min(wanted, self.nodes)
        self.nodes -= granted
        self.bytes -= granted
        if self.bytes < 0:
            raise SpentError
        return granted

    def charge(self, size: int) -> None:
        """Count bytes that are about to be made.

        Raises:
            SpentError: There is no room for so many.
        """
        self.bytes -= size
        if self.bytes < 0:
            raise SpentError

    def settle(self, left: int) -> None:
        """Count the bytes that were made, now that they are known, by what they leave.

        Raises:
            SpentError: There was no room for so many.
        """
        self.bytes = left
        if left < 0:
            raise SpentError

    def refund(self, size: int) -> None:
        """Count that so many bytes were not made after all."""
        self.bytes += size
