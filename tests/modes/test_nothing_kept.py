"""Nothing of ours keeps what an application has thrown away."""

import gc
import weakref

import pytest

from langchain_otel.recording.recorder import Recorder
from langchain_otel.runs.store import RUNS
from modes.drive import MODES, Mode
from modes.execution import fits, run
from modes.probe import Probe, Program
from modes.table import PROGRAMS
from recording import Tracing, instrumented


@pytest.mark.usefixtures("wrapped_once")
@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
def test_recorders_go_with_the_runs_that_they_recorded() -> None:
    """Once no run of a recorder is remembered, it goes, and its providers as far as it goes."""
    kept: dict[str, list[weakref.ref[Recorder]]] = {}
    for program in PROGRAMS:
        mode = next(mode for mode in MODES if fits(program, mode))
        kept[program.name] = recorded(program, mode)
    RUNS.clear()
    gc.collect()
    alive = {name: [ref() for ref in refs if ref() is not None] for name, refs in kept.items()}
    assert {name: found for name, found in alive.items() if found} == {}


def recorded(program: Program, mode: Mode) -> list[weakref.ref[Recorder]]:
    """Who recorded the runs of a program, with providers of their own.

    The providers themselves may stay: LangGraph keeps the functions of nodes, which here have them.
    """
    tracing = Tracing()
    probe = Probe(tracing)
    with instrumented(tracing):
        run(program, mode, probe)
        recorders = {each.recorder for _, each in RUNS.ended_runs()}
    found = [weakref.ref(each) for each in recorders if isinstance(each, Recorder)]
    assert found
    return found
