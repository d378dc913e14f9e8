"""Ten thousand random programs: their spans are the runs of LangChain's own record.

Each chapter is a search of its own. A failure names the reduced program; an `@example` with it in
`tests/test_random_trees.py` repeats it, and so does the seed.
"""

from collections.abc import Iterator

import pytest

from random_trees.search import prepared, search, search_awaits
from seeds import SEED

CHAPTERS, PROGRAMS = 100, 100
CANCELLED = 25


@pytest.fixture(autouse=True, scope="module")
def ready() -> Iterator[None]:
    with prepared():
        yield


@pytest.mark.parametrize("chapter", range(CHAPTERS))
def test_the_spans_of_ten_thousand_programs_are_their_runs(chapter: int) -> None:
    search(SEED * CHAPTERS + chapter, PROGRAMS)


@pytest.mark.parametrize("chapter", range(CANCELLED))
def test_programs_cancelled_at_every_await_are_whole(chapter: int) -> None:
    """Cancelled, or out of time, after 0, 1, 2, ... turns of the event loop."""
    search_awaits(SEED * CHAPTERS + chapter, 2)
