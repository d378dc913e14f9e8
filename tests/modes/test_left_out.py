"""Runs that a filter leaves out, and spans that hooks see, in every program."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from opentelemetry.trace import Span

from langchain_otel import RunView
from modes.drive import ANY, MODES, Mode
from modes.execution import arun, fits, run
from modes.probe import Probe, Program, parent_id, scope_of, sdk_span
from modes.table import PROGRAMS
from recording import Tracing, id_of, instrumented

pytestmark = [
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning"),
    pytest.mark.usefixtures("wrapped_once"),
]

WAYS = frozenset(("invoke", "astream", "abatch", "stream_closed"))
CELLS = [
    pytest.param(program, mode, id=f"{program.name}-{mode.name}")
    for program in PROGRAMS
    for mode in MODES
    if mode.name in WAYS and mode.needs is ANY and fits(program, mode)
]
OURS = "langchain_otel"


def execute(program: Program, mode: Mode, probe: Probe) -> None:
    if mode.kind == "async":
        asyncio.run(arun(program, mode, probe))
    else:
        run(program, mode, probe)


class Seen:
    """What each function of the user's was given, in order; `leaves_out` answers for the filter."""

    def __init__(self, leaves_out: Any = lambda _: False) -> None:
        self.leaves_out = leaves_out
        self.parents: dict[UUID, UUID | None] = {}
        self.kept: set[UUID] = set()
        self.requests: list[tuple[UUID, Span]] = []
        self.responses: list[tuple[UUID, Span]] = []

    def options(self) -> dict[str, Any]:
        return {
            "run_filter": self.run_filter,
            "request_hook": self.request_hook,
            "response_hook": self.response_hook,
        }

    def run_filter(self, run: RunView) -> bool:
        self.parents[run.run_id] = run.parent_run_id
        is_kept = not self.leaves_out(run)
        if is_kept:
            self.kept.add(run.run_id)
        return is_kept

    def request_hook(self, span: Span, run: RunView) -> None:
        assert span.is_recording()
        assert run.duration is None
        self.requests.append((run.run_id, span))

    def response_hook(self, span: Span, run: RunView) -> None:
        assert span.is_recording()
        assert run.duration is not None
        self.responses.append((run.run_id, span))


def ours(tracing: Tracing) -> list[Any]:
    return [span for span in tracing.spans if scope_of(span) == OURS]


@pytest.mark.parametrize(("program", "mode"), CELLS)
def test_what_hangs_under_a_run_that_is_left_out_hangs_above(program: Program, mode: Mode) -> None:
    """Every other run is left out: the spans of the others, and what their code makes, move up."""
    names: dict[str, bool] = {}

    def leaves_out(view: RunView) -> bool:
        return names.setdefault(view.name, len(names) % 2 == 0)

    tracing, seen = Tracing(), Seen(leaves_out)
    probe = Probe(tracing)
    with instrumented(tracing, **seen.options()), tracing.user_span("outer") as outer:
        execute(program, mode, probe)
    by_run = {run_id: sdk_span(span) for run_id, span in seen.requests}
    assert by_run.keys() == seen.kept
    _each_is_handed_out_twice(tracing, seen)

    def nearest(run_id: UUID | None) -> int:
        while run_id is not None and run_id not in by_run:
            run_id = seen.parents[run_id]
        return id_of(outer) if run_id is None else id_of(by_run[run_id])

    for run_id, span in by_run.items():
        parent = seen.parents[run_id]
        if probe.adopted and parent is None:
            # LangChain names no parent for what is called in the body of another run.
            continue
        assert parent_id(span) == nearest(parent), span.name
    for mark in probe.marks:
        if mark.run_id in seen.parents and mark.name not in probe.adopted:
            assert parent_id(mark.span) == nearest(mark.run_id), mark.name


def _each_is_handed_out_twice(tracing: Tracing, seen: Seen) -> None:
    """After it has started, before any span inside, and before it ends; each once."""
    shown = [id_of(span) for _, span in seen.requests]
    assert sorted(shown) == sorted(id_of(span) for span in ours(tracing))
    assert sorted(shown) == sorted(id_of(span) for _, span in seen.responses)
    for span in ours(tracing):
        parent = parent_id(span)
        assert parent not in shown or shown.index(parent) < shown.index(id_of(span))


@pytest.mark.parametrize(("program", "mode"), CELLS)
def test_nothing_is_recorded_of_a_trace_that_is_left_out(program: Program, mode: Mode) -> None:
    """No span, metric or log record of ours; what the application makes hangs under its own."""
    tracing = Tracing()
    probe = Probe(tracing)
    asked: list[RunView] = []

    def run_filter(view: RunView) -> str:
        asked.append(view)
        return "leave_out_trace"

    with (
        instrumented(tracing, run_filter=run_filter, emit_event=True),
        tracing.user_span("outer") as outer,
    ):
        execute(program, mode, probe)
    assert asked
    assert ours(tracing) == []
    assert tracing.metrics() == {}
    assert not tracing.logs
    assert {parent_id(mark.span) for mark in probe.marks} <= {id_of(outer)}
