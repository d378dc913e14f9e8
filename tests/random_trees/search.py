"""Looks for a random program whose spans are not its runs."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from hypothesis import given, seed, settings

from langchain_otel.sources.patch_points import PATCHER
from random_trees.plan import ASYNC_MODES, Part, Setting, parts, settings_of_runs
from random_trees.running import check

DENSE: Final = 40
"""So many turns of the event loop are all tried, after them ever fewer."""
LONGEST: Final = 10_000


@contextmanager
def prepared() -> Iterator[None]:
    """LangChain's functions are wrapped once for all programs."""
    release = PATCHER.hold()
    # What it imports is there before the heap is looked at.
    check(Part("agent", (Part("graph", (Part("lambda"),)),)), Setting("astream_events"))
    gc.collect()
    gc.freeze()
    yield
    release()


def search(number: int, programs: int) -> None:
    """Check so many random programs, which a number chooses; the failing one is reduced."""

    @seed(number)
    @settings(max_examples=programs)
    @given(part=parts(), setting=settings_of_runs())
    def spans_are_runs(part: Part, setting: Setting) -> None:
        # What LangChain keeps of the earlier ones is looked at by no collection either.
        gc.freeze()
        check(part, setting)

    spans_are_runs()


def search_awaits(number: int, programs: int) -> None:
    """Check random programs that are cancelled at the first turn, the second, and so on."""

    @seed(number)
    @settings(max_examples=programs)
    @given(part=parts(), setting=settings_of_runs(ASYNC_MODES, may_be_cancelled=False))
    def spans_are_runs(part: Part, setting: Setting) -> None:
        gc.freeze()
        turns = 0
        while not check(part, replace(setting, turns=turns)):
            turns += 1 + turns // DENSE
            assert turns < LONGEST, "it does not come to its end"

    spans_are_runs()
