"""The state machines for long; see `machines`."""

import pytest

from machines.driving import drive_open_runs, drive_switching
from seeds import SEED

CHAPTERS = 10


@pytest.mark.parametrize("chapter", range(CHAPTERS))
def test_open_runs_and_contexts_are_as_the_model_says(chapter: int) -> None:
    drive_open_runs(SEED * CHAPTERS + chapter, runs=200, steps=60)


@pytest.mark.parametrize("chapter", range(CHAPTERS))
def test_tracing_is_switched_in_any_order_while_runs_are_open(chapter: int) -> None:
    drive_switching(SEED * CHAPTERS + chapter, runs=12, steps=30)
