"""Makes the span of a run current while the body of the run runs, and only then.

Two ways lead a run's span into the code of the run:

- LangChain runs the body of chains and tools in a copy of the context (`set_config_context`).
  `enter_body` makes the span current in that copy, which is thrown away afterwards.
- Elsewhere (models, retrievers, graphs, legacy chains) a `Frame` stands around the function that
  runs the body and gives the caller's context back whenever control returns to the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Token
from typing import Any

from opentelemetry.context import Context

from langchain_otel.runs.context import current, inside, make_current, take_back
from langchain_otel.runs.current_frame import FRAME, CurrentFrame, current_frame
from langchain_otel.runs.garbage_collector import is_collecting, report, reports
from langchain_otel.runs.operation import Family
from langchain_otel.runs.run import Run


class Frame:
    """The call of a function that runs a run's body: the run's span is current inside, only there.

    The run is the first one of `family` that starts inside. `owner` is the LangChain object that is
    called; `within` makes the context of the body from the one around. The body begins where
    `begin_body` is called, after all handlers were called with the run's start: none of them finds
    our span current.

    `_caller` is the context to give back, while the frame is entered. `_steady` is that of the
    body, where the next step of a generator has nothing to do but to make it current.
    """

    __slots__ = (
        "_around",
        "_attached",
        "_before",
        "_caller",
        "_entered",
        "_inside",
        "_own",
        "_steady",
        "_token",
        "family",
        "owner",
        "run",
        "started",
    )

    activates = True
    """Whether the body of the run that starts inside is the call itself."""
    run: Run | None
    started: list[Run]
    _around: CurrentFrame | None
    _attached: Context | None
    _caller: Context | None
    _entered: Token[CurrentFrame | None] | None
    _inside: Context | None
    _own: dict[str, object] | None
    _steady: Context | None
    _token: Token[Context] | None

    def __init__(
        self,
        family: Family | None,
        owner: object,
        within: Callable[[Context], Context] | None = None,
    ) -> None:
        self.family = family
        self.owner = owner
        self.run = None
        self.started = []
        self._before = before = current()
        self._attached = self._own = self._inside = self._steady = None
        self._caller = self._around = self._entered = self._token = None
        if within is not None:
            self._inside = within(before)

    def enter(self) -> None:
        """Go into the frame, at its call or at each step of its generator."""
        if report.start is reports.start and is_collecting():
            return
        around = current_frame()
        self._caller = caller = current()
        if around is None and self._steady is not None:
            self._token = make_current(self._steady)
            return
        self._around = around
        if self._own is not None and self._attached is not None:
            _turn_into(self._attached, self._own)
        waiting = self if self.run is None else None
        if around is not waiting:
            self._entered = FRAME.set(waiting)
        if self._inside is not None:
            self._token = make_current(self._inside)
        elif self._entered is None:
            self._token = make_current(caller)

    def leave(self) -> None:
        """Give the caller's context back, as the very object that it was.

        An exception that comes from outside (a signal, another thread) may stop this, or `enter`,
        at any line: another call does what is left to do.
        """
        caller = self._caller
        if caller is None or (report.start is reports.start and is_collecting()):
            return
        left, token = current(), self._token
        try:
            if token is not None and left is self._steady:
                take_back(token)
                self._token = self._caller = None
                return
            self._give_back(caller, left)
        except ValueError:
            # A coroutine that was thrown away half way ends in the context of whoever did so.
            return
        except RuntimeError:
            # `leave` was stopped here before: by then it was given back, or there was no memory to.
            FRAME.set(self._around)
            make_current(caller)
        if left is not caller or self._attached is not None:
            self._settle(left, caller)
        self._token = self._entered = self._caller = None

    def _give_back(self, caller: Context, left: Context) -> None:
        if self._entered is not None:
            FRAME.reset(self._entered)
        elif self._token is None:
            # `enter` was stopped.
            FRAME.set(self._around)
        if self._token is not None:
            take_back(self._token)
        elif left is not caller:
            make_current(caller)

    def _settle(self, left: Context, caller: Context) -> None:
        """Keep what the body has left for its next step, which may need no more than that."""
        if left is not caller:
            self._inside = left
        if self._attached is not None and (left is not self._attached or self._own is not None):
            self._hide_from_caller()
        is_steady = self.run is not None and self._own is None and self._around is None
        self._steady = self._inside if is_steady else None

    def take(self, run: Run) -> None:
        """Take a run that has just started inside; of several recorders' the first with a span."""
        self.started.append(run)
        if self.run is None or (run.has_span and not self.run.has_span):
            self.run = run

    def on_managers(self, managers: Any) -> None:
        """Know the managers of the runs that have just started inside, before their body."""

    def on_item(self, item: Any) -> None:
        """Know what the generator gives its caller at a step."""

    def finished(self) -> None:
        """Know that the generator has come to its end, which LangChain reports to its run."""

    @property
    def has_begun(self) -> bool:
        """Whether the body of the run has begun."""
        return self._attached is not None

    def begin(self, run: Run) -> None:
        """Make a run's span current from here to the end of the frame."""
        ambient = current()
        if ambient is self._attached:
            return
        body = inside(run, ambient)
        if self._attached is None:
            self._attached = body
        else:
            self._hide_from_caller()
        make_current(body)
        if self.family == "chain":
            # No other run that starts from here on is this one; the copies of this context say so.
            FRAME.set(None)

    def _hide_from_caller(self) -> None:
        """Let our context be as the caller's was, while control is there.

        Another tracer has attached its own context over ours. If its frame is around this one, it
        gives back what it found only after we have left, and that is ours.
        """
        if self._attached is not None:
            self._own = self._own or dict(self._attached)
            _turn_into(self._attached, self._before)

    def abandoned_by(self, error: BaseException) -> None:
        """End the runs that `error` leaves open: LangChain reports no cancellation to them.

        Those that started inside will never be reported ended; the one whose body this was is, if
        the exception is an ordinary one.
        """
        for run in self.started:
            if not run.ended:
                run.recorder.abandon(run, error)
        if self.run is None or isinstance(error, Exception):
            return
        for run in list(self.run.recordings()):
            if not run.ended:
                run.recorder.abandon(run, error)


def _turn_into(context: Context, entries: dict[str, object]) -> None:
    # A context cannot be changed, except as the dict that it is.
    dict.update(context, entries)
    for key in context.keys() - entries.keys():
        dict.pop(context, key)
