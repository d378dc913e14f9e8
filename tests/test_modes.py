"""In every mode the spans of a program are its runs, and its code runs inside its own span."""

import pytest

from modes.drive import Mode
from modes.execution import cells, run
from modes.probe import Probe, Program, sdk_span
from modes.table import PROGRAMS
from recording import Tracing

pytestmark = pytest.mark.usefixtures("wrapped_once")


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
@pytest.mark.parametrize(("program", "mode"), cells(PROGRAMS))
def test_spans_are_the_runs(program: Program, mode: Mode, tracing: Tracing) -> None:
    """As a root and again under a user's span: same tree, right current span, clean context."""
    alone = Probe(tracing)
    run(program, mode, alone)
    alone.check()
    inside = Probe(tracing)
    with tracing.user_span("user") as span:
        inside = Probe(tracing)
        run(program, mode, inside)
    inside.check(sdk_span(span))
    if not mode.partly:
        assert {mark.name for mark in alone.marks} == program.bodies
        assert {mark.name for mark in inside.marks} == program.bodies
