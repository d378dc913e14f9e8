"""Finds the frame around the code that runs: it waits for a run to start, or has one that did."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Final, Protocol
from uuid import UUID

from langchain_otel import health
from langchain_otel.runs.context import current, run_of
from langchain_otel.runs.garbage_collector import is_collecting, report, reports
from langchain_otel.runs.operation import Family
from langchain_otel.runs.run import Run


class CurrentFrame(Protocol):
    """What is asked of the frame around: see `Frame`."""

    activates: bool
    family: Family | None
    owner: object
    run: Run | None
    started: list[Run]

    @property
    def has_begun(self) -> bool:
        """Whether the body of the run has begun."""

    def begin(self, run: Run) -> None:
        """Make a run's span current from here to the end of the frame."""

    def take(self, run: Run) -> None:
        """Take a run that has just started inside."""

    def on_managers(self, managers: Any) -> None:
        """Know the managers of the runs that have just started inside, before their body."""


FRAME: Final[ContextVar[CurrentFrame | None]] = ContextVar("langchain-otel-frame", default=None)
"""Where the frame is; a frame enters and leaves by itself."""

current_frame: Final = FRAME.get
"""The frame that waits for a run here, or has the one that started; None if there is none."""


def frame_of(family: Family, run_id: UUID) -> CurrentFrame | None:
    """The frame in which the run starts, or has just been started by another recorder."""
    frame = current_frame()
    if frame is None or frame.family != family:
        return None
    if frame.activates:
        if frame.run is not None and frame.run.id != run_id:
            return None
    elif frame.started and run_of(current()) in frame.started:
        # Here is the body of one that has started: see `BodyFrame.enter`.
        return None
    if report.start is reports.start and is_collecting():
        return None
    return frame


def surroundings() -> tuple[Run | None, Run | None]:
    """The run whose body runs here, and the run of a call that has nothing but itself around it.

    Such a call is one that LangChain does not report: see `observed`.
    """
    return run_of(current()), call_around()


def call_around() -> Run | None:
    """The run of a call that has nothing but itself around it, also if it has ended."""
    frame = current_frame()
    return frame.run if frame is not None and frame.family == "call" else None


def hide_frame() -> CurrentFrame | None:
    """Let runs that start from here on not be taken for the frame's own; gives what to put back."""
    frame = current_frame()
    FRAME.set(None)
    return frame


def show_frame(frame: CurrentFrame | None) -> None:
    """Put back what `hide_frame` gave."""
    FRAME.set(frame)


def begin_body(*, again: bool = False) -> None:
    """Make the span of the run that has just started current, if its body runs in a frame here.

    `again`: also where another tracer has attached a context of its own in the meantime.
    """
    frame = current_frame()
    if frame is None or frame.run is None or not frame.activates:
        return
    if again or not frame.has_begun:
        try:
            frame.begin(frame.run)
        except Exception as error:
            health.failed("context", error)
