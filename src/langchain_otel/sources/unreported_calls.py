"""Makes runs of calls without callbacks: embeddings, vector stores, rerankers.

A function that `traced` wraps starts a run as a handler would, and ends it with its result or its
exception. LangChain's own runs inside hang under its span as under a user's: see
`frame.surroundings`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any, Final
from uuid import UUID, uuid4

from opentelemetry.context import Context

from langchain_otel import health
from langchain_otel.patching.signatures import signature_of
from langchain_otel.patching.wrapping import unbound
from langchain_otel.recording.recorder_choice import chosen
from langchain_otel.recording.registry import active_recorder
from langchain_otel.runs.current_frame import begin_body, surroundings
from langchain_otel.runs.frame import Frame
from langchain_otel.runs.operation import Operation
from langchain_otel.runs.reported import Started
from langchain_otel.runs.run import Run, RunRecorder
from langchain_otel.runs.store import RUNS

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]

CALLS: Final = "langchain-otel-calls"
"""Stands where a run has its handler: no handler of LangChain's is it, so none ends the run."""


class UnreportedCall:
    """A kind of call: its operation, what it starts with, and which other span records it.

    `started` takes the object that is called and the arguments by name, and returns None for a call
    that is not recorded. `recorded_by` takes the object, the run whose body runs here, and the run
    of the call right around this one, each if it is open, and returns the run that this call is
    part of, if it is.
    """

    __slots__ = ("operation", "recorded_by", "started")

    def __init__(
        self,
        operation: Operation,
        started: Callable[[object, Mapping[str, Any]], Started | None],
        recorded_by: Callable[[object, Run | None, Run | None], Run | None],
    ) -> None:
        self.operation = operation
        self.started = started
        self.recorded_by = recorded_by


class _Open:
    """A call under way: its frame, and the id that its runs have, one for each recorder."""

    __slots__ = ("frame", "run_id")

    def __init__(self, frame: Frame, run_id: UUID) -> None:
        self.frame = frame
        self.run_id = run_id

    def end(self, result: Any = None, error: BaseException | None = None) -> None:
        head = RUNS.head(self.run_id)
        for run in [] if head is None else list(head.recordings()):
            run.recorder.end(run, result, error)

    def leave(self) -> None:
        self.frame.leave()


class _Part:
    """A call under way that the span of another run records: what it finds is noted there."""

    __slots__ = ("run",)

    def __init__(self, run: Run) -> None:
        self.run = run

    def end(self, result: Any = None, error: BaseException | None = None) -> None:
        if error is None:
            for run in (RUNS.head(self.run.id) or self.run).recordings():
                run.note_inner_result(result)

    def leave(self) -> None:
        pass


class CallFrame(Frame):
    """The frame of a call that gives its results one by one, with the id that its runs have.

    What they come to is not kept: the caller may take any number of any size.
    """

    __slots__ = ("run_id",)

    run_id: UUID

    @property
    def inside(self) -> Context:
        """The context in which the call runs."""
        return self._before if self._inside is None else self._inside

    def finished(self) -> None:
        """End the runs: the call has come to its end."""
        _Open(self, self.run_id).end()

    def abandoned_by(self, error: BaseException) -> None:
        """End the runs with what ended the call."""
        _Open(self, self.run_id).end(error=error)


def begin(call: UnreportedCall, owner: object, arguments: Mapping[str, Any]) -> CallFrame | None:
    """Start the runs of a call of a generator function; the frame is entered at each step."""
    around, outer = surroundings()
    recorders = _recorders(around)
    if not recorders or call.recorded_by(owner, _if_open(around), _if_open(outer)) is not None:
        return None
    started = call.started(owner, arguments)
    if started is None:
        return None
    frame = CallFrame("call", owner)
    frame.run_id = _start(call.operation, started, recorders, around, frame).run_id
    frame.leave()
    return frame


_Begin = Callable[[tuple[Any, ...], dict[str, Any]], _Open | _Part | None]


def traced(call: UnreportedCall) -> Wrap:
    """Make runs of the calls of a method."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.isgeneratorfunction(original) or inspect.isasyncgenfunction(original):
            return original
        parameters = tuple(signature_of(original).parameters.values())
        names = tuple(parameter.name for parameter in parameters)
        defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
        begin = partial(_begin, call, names, defaults)
        if inspect.iscoroutinefunction(original):
            return _coroutine(unbound(original), begin)
        return _function(unbound(original), begin)

    return wrap


def _function(original: Callable[..., Any], begin: _Begin) -> Callable[..., Any]:
    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        under_way = begin(args, kwargs)
        if under_way is None:
            return original(*args, **kwargs)
        try:
            try:
                result = original(*args, **kwargs)
                under_way.end(result)
                return result
            finally:
                under_way.leave()
        except BaseException as error:
            under_way.leave()
            under_way.end(error=error)
            raise

    return call


def _coroutine(original: Callable[..., Any], begin: _Begin) -> Callable[..., Any]:
    @wraps(original)
    async def call(*args: Any, **kwargs: Any) -> Any:
        under_way = begin(args, kwargs)
        if under_way is None:
            return await original(*args, **kwargs)
        try:
            try:
                result = await original(*args, **kwargs)
                under_way.end(result)
                return result
            finally:
                under_way.leave()
        except BaseException as error:
            under_way.leave()
            under_way.end(error=error)
            raise

    return call


def _begin(
    call: UnreportedCall,
    names: tuple[str, ...],
    defaults: dict[str, Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> _Open | _Part | None:
    """Start the runs of a call, unless another span records it; None where nobody does."""
    try:
        around, outer = surroundings()
        recorders = _recorders(around)
        if not recorders:
            return None
        whole = call.recorded_by(args[0], _if_open(around), _if_open(outer))
        if whole is not None:
            return None if whole.operation.inner_content is None else _Part(whole)
        arguments = {**defaults, **dict(zip(names, args, strict=False)), **kwargs}
        started = call.started(args[0], arguments)
        if started is None:
            return None
        return _start(call.operation, started, recorders, around, Frame("call", started.owner))
    except Exception as error:
        health.failed("unreported_calls", error)
        return None


def _start(
    operation: Operation,
    started: Started,
    recorders: list[RunRecorder],
    around: Run | None,
    frame: Frame,
) -> _Open:
    under_way = _Open(frame, uuid4())
    started.frame = frame
    try:
        frame.enter()
        parent_id = None if around is None else around.id
        for recorder in recorders:
            recorder.start(CALLS, operation, under_way.run_id, parent_id, started)
        begin_body()
    except BaseException as error:
        frame.leave()
        under_way.end(error=error)
        raise
    return under_way


def _if_open(run: Run | None) -> Run | None:
    return None if run is None or run.ended else run


def _recorders(around: Run | None) -> list[RunRecorder]:
    """The recorders of the run whose body runs here; outside of any run, the instrumentor's.

    Inside a block with changes, others record in their place.
    """
    if around is not None and not around.ended:
        recordings = (RUNS.head(around.id) or around).recordings()
        others = [run.recorder for run in recordings if run is not around]
        recorders = [chosen(recorder, around.id) for recorder in (around.recorder, *others)]
        return [recorder for recorder in recorders if recorder is not None]
    recorder: RunRecorder | None = active_recorder()
    if around is not None and recorder in (None, around.recorder.origin):
        recorder = around.recorder
    recorder = None if recorder is None else chosen(recorder)
    return [] if recorder is None else [recorder]
