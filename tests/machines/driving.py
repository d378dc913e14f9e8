"""Drives a state machine for so many runs, from a seed; a failure prints the reduced steps."""

from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from langchain_otel.sources.patch_points import PATCHER
from machines.open_runs import OpenRuns
from machines.switching import Switching


def drive(machine: type[RuleBasedStateMachine], number: int, runs: int, steps: int) -> None:
    """Run a machine again and again, with other steps each time."""
    seeded = seed(number)(type(machine.__name__, (machine,), {}))
    run_state_machine_as_test(
        seeded,
        settings=settings(max_examples=runs, stateful_step_count=steps),
    )


def drive_open_runs(number: int, runs: int, steps: int) -> None:
    """The store, frames and contexts; LangChain's functions stay wrapped all the time."""
    with _ready(wrapped=True):
        drive(OpenRuns, number, runs, steps)


def drive_switching(number: int, runs: int, steps: int) -> None:
    """The instrumentor, blocks, tenants, handlers and forks."""
    with _ready(wrapped=False):
        drive(Switching, number, runs, steps)


@contextmanager
def _ready(*, wrapped: bool) -> Iterator[None]:
    release = PATCHER.hold() if wrapped else None
    yield
    if release is not None:
        release()
