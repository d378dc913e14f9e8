"""Makes the span of a run that is known already current while its body runs, and only then.

The body runs in a call, or in a copy of the context that LangChain makes for it.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from opentelemetry.context import Context

from langchain_otel.runs.context import RUN_KEY, current, inside, make_current
from langchain_otel.runs.current_frame import FRAME, current_frame, hide_frame
from langchain_otel.runs.frame import Frame
from langchain_otel.runs.garbage_collector import is_collecting, report, reports
from langchain_otel.runs.identity import KEYS, set_identity_in_body
from langchain_otel.runs.run import Run
from langchain_otel.runs.run_id import key_of
from langchain_otel.runs.store import open_under


class BodyFrame(Frame):
    """The call that is the body of a run: it waits for none, and none that starts is its own."""

    __slots__ = ()

    def __init__(self, owner: object, run: Run) -> None:
        self.family = None
        self.owner = owner
        self.run = run
        self.started = []
        self._attached = self._steady = None
        self._caller = self._entered = self._token = None
        around = current()
        self._inside = None if around.get(RUN_KEY) is run else inside(run, around)

    def enter(self) -> None:
        """Go into the frame, at its call or at each step of its generator."""
        if report.start is reports.start and is_collecting():
            return
        self._around = around = current_frame()
        self._caller = caller = current()
        if around is not None and around.activates:
            # A group's tells by itself where the body of one of its runs is.
            self._entered = FRAME.set(None)
        self._token = make_current(caller if self._inside is None else self._inside)

    def _settle(self, left: Context, caller: Context) -> None:
        self._inside = left


def enter_body(config: Any) -> None:
    """Make the span of the run whose body `config` is for current, in this copy of the context.

    `config` is a `RunnableConfig` whose callback manager names that run as the parent of the next.
    """
    run_id = getattr(config.get("callbacks"), "parent_run_id", None)
    run = None
    if run_id is not None:
        run = open_under(run_id.int if type(run_id) is UUID else key_of(run_id))
    if run is not None:
        run.passes_on = True
        ambient = current()
        if ambient.get(RUN_KEY) is not run:
            make_current(inside(run, ambient))
        configurable = config.get("configurable")
        if configurable and not KEYS.isdisjoint(configurable):
            set_identity_in_body(run, configurable)
    if current_frame() is not None:
        hide_frame()
