"""Whatever is put together of LangChain's parts, and however it ends, the spans are the runs."""

from collections.abc import Iterator

import pytest

from random_trees.plan import Part, Setting
from random_trees.running import check
from random_trees.search import prepared, search
from seeds import SEED

LEAF, BAD = Part("lambda"), Part("lambda", fails=True)
KNOWN = {
    "a failure before parts side by side": (
        Part("fallbacks", (BAD, Part("parallel", (LEAF, LEAF)))),
        Setting(under_a_span=True),
    ),
    "a stream that is left because another has failed": (
        Part("parallel", (BAD, Part("model", variant=3))),
        Setting("astream_closed"),
    ),
    "a batch of completions in a stream of events": (
        Part("each", (Part("completion"),)),
        Setting("astream_events"),
    ),
    "a binding in a branch in a body": (
        Part("caller", (Part("branch", (Part("retry", (LEAF,)), LEAF)),)),
        Setting(),
    ),
    "a stream in a tool": (
        Part("tool", (Part("caller", (Part("model"), BAD)),)),
        Setting("astream"),
    ),
}


@pytest.fixture(autouse=True, scope="module")
def ready() -> Iterator[None]:
    with prepared():
        yield


@pytest.mark.parametrize("name", KNOWN)
def test_the_spans_of_a_program_that_was_wrong_once_are_its_runs(name: str) -> None:
    check(*KNOWN[name])


def test_the_spans_of_random_programs_are_their_runs() -> None:
    """Tree, current span in every body, context, ends, outcomes and sums; nothing is left open."""
    search(SEED, 40)
