"""Runs, and tracing itself, begin and end in any order, beside a plain model of both."""

from machines.driving import drive_open_runs, drive_switching
from seeds import SEED


def test_open_runs_and_contexts_are_as_the_model_says() -> None:
    """Runs begin, are entered, left, ended, evicted and forgotten, in several threads and tasks."""
    drive_open_runs(SEED, runs=25, steps=30)


def test_tracing_is_switched_in_any_order_while_runs_are_open() -> None:
    """Every run that began while it was traced is whole, and nothing is left afterwards."""
    drive_switching(SEED, runs=4, steps=15)
