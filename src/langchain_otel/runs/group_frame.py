"""Stands around a call in which runs start that have bodies of their own: those of a batch, say."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable

from opentelemetry.context import Context

from langchain_otel.runs.context import current, make_current
from langchain_otel.runs.current_frame import FRAME, current_frame
from langchain_otel.runs.frame import Frame
from langchain_otel.runs.garbage_collector import is_collecting, report, reports
from langchain_otel.runs.operation import Family
from langchain_otel.runs.run import Run


class GroupFrame(Frame):
    """The call of a function in which runs start, none of which has its body there.

    It knows whose runs they are, ends those that nobody else will end, and gives the caller's
    context back. `run` is the one that started last.
    """

    __slots__ = ()

    activates = False

    def __init__(
        self,
        family: Family,
        owner: object,
        within: Callable[[Context], Context] | None = None,
    ) -> None:
        self.family = family
        self.owner = owner
        self.run = None
        self.started = []
        self._attached = self._steady = None
        self._caller = self._entered = self._token = None
        self._inside = None if within is None else within(current())

    def enter(self) -> None:
        """Go into the frame, at its call or at each step of its generator."""
        if report.start is reports.start and is_collecting():
            return
        self._around = current_frame()
        self._caller = current()
        self._entered = FRAME.set(self)
        if self._inside is not None:
            make_current(self._inside)

    def _settle(self, left: Context, caller: Context) -> None:
        self._inside = left

    def take(self, run: Run) -> None:
        """Take a run that has just started inside."""
        self.started.append(run)
        self.run = run

    def abandoned_by(self, error: BaseException) -> None:
        """End the runs that `error` leaves open: LangChain reports no cancellation to them."""
        left = [run for run in self.started if not run.ended]
        if isinstance(error, Exception):
            # What runs inside those of a batch goes on by itself.
            batch = set(self.started)
            left = [run for run in left if run.parent not in batch]
            if len(left) > 1:
                # The exception of one is none of the others.
                error = CancelledError()
        for run in left:
            run.recorder.abandon(run, error)
