"""Puts siblings into an order that is the same in every run of a test.

What the same code started one after the other stays so. What ran side by side, or might have, is
sorted by what it did.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from langchain_otel.testing.recorded_spans import Recorded, step_of
from langchain_otel.testing.strands import Strand

Item = TypeVar("Item")


def arranged(
    items: Sequence[Item],
    recorded: Callable[[Item], Recorded],
    content: Callable[[Item], str],
    home: Strand,
) -> list[Item]:
    """Siblings in order; `home` is where their parent was started."""
    groups: list[list[Item]] = []
    for item in sorted(items, key=lambda each: recorded(each).began):
        own = recorded(item)
        if groups and not all(_is_before(recorded(each), own, home) for each in groups[-1]):
            groups[-1].append(item)
        else:
            groups.append([item])
    return [item for group in groups for item in _side_by_side(group, recorded, content)]


def _side_by_side(
    group: list[Item], recorded: Callable[[Item], Recorded], content: Callable[[Item], str]
) -> list[Item]:
    strands: dict[Strand, list[Item]] = {}
    for item in group:
        strands.setdefault(recorded(item).strand, []).append(item)
    bundles = sorted(strands.values(), key=lambda bundle: [content(item) for item in bundle])
    return [item for bundle in bundles for item in bundle]


def _is_before(first: Recorded, second: Recorded, home: Strand) -> bool:
    """Whether the second span comes after the first in every run."""
    if first.strand == second.strand:
        return True
    if first.ended is None or first.ended > second.began:
        return False
    steps = step_of(first), step_of(second)
    if None not in steps:
        return steps[0] != steps[1]
    is_other_loop = first.strand.loop != second.strand.loop
    if is_other_loop and first.strand.thread == second.strand.thread:
        return True
    return home in {first.strand, second.strand}
