"""Finds the entry points of installed packages; to look for them takes long, and is done once."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points


def entries(group: str) -> list[EntryPoint]:
    """The entry points of a group."""
    return [entry for entry in _all() if entry.group == group]


@cache
def _all() -> list[EntryPoint]:
    found = entry_points()
    return [entry for group in sorted(found.groups) for entry in found.select(group=group)]
