"""Runs and tracing itself begin and end in any order, beside a plain model of both."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from langchain_otel.sources.patch_points import PATCHER
from machines.open_runs import OpenRuns
from machines.switching import Switching


@pytest.fixture
def wrapped() -> Iterator[None]:
    """LangChain's functions stay wrapped all the time."""
    release = PATCHER.hold()
    yield
    release()


BRIEFLY = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.usefixtures("wrapped")
def test_open_runs_are_as_the_model_says(caplog: pytest.LogCaptureFixture) -> None:
    run_state_machine_as_test(OpenRuns, settings=BRIEFLY)  # type: ignore[no-untyped-call]


def test_tracing_is_switched_in_any_order() -> None:
    run_state_machine_as_test(Switching, settings=BRIEFLY)  # type: ignore[no-untyped-call]
