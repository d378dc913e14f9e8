"""Wraps the methods by which LangChain reports the start and the end of a run to all handlers.

A handler may stop them half way: one that raises, if it wants its exceptions raised, and one during
whose asynchronous method the run is cancelled. LangChain goes no further then: a run whose start
it has reported to others never ends, and an end does not reach the handlers that come later.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from uuid import UUID, uuid4

from langchain_otel import health
from langchain_otel.patching.inline import InlineHandler
from langchain_otel.patching.wrapping import unbound
from langchain_otel.runs.current_frame import begin_body, current_frame
from langchain_otel.runs.run_id import key_of
from langchain_otel.runs.store import RUNS, has_open

MANAGER_MODULE: Final = "langchain_core.callbacks.manager"
FAILING: Final = "_error"
REQUIRED: Final = 3
OPTIONAL: Final = ("run_id", "parent_run_id")
"""How many arguments the start of a single run has, the manager too, and what may come after."""


def begins(original: Callable[..., Any]) -> Callable[..., Any]:
    """The call is the last thing before a run's body: all handlers were called with its start."""
    method = unbound(original)
    if inspect.iscoroutinefunction(original):

        @wraps(original)
        async def acall(*args: Any, **kwargs: Any) -> Any:
            result = await method(*args, **kwargs)
            if (frame := current_frame()) is not None and frame.activates:
                begin_body()
                frame.on_managers(result)
            return result

        return acall

    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        result = method(*args, **kwargs)
        if (frame := current_frame()) is not None and frame.activates:
            begin_body()
            frame.on_managers(result)
        return result

    return call


def begins_one(original: Callable[..., Any]) -> Callable[..., Any]:
    """The same for the start of a single run, which ends if its start cannot be reported to all.

    The run gets its id here if its caller gives it none, for that is how to find it again.
    """
    new_id: Callable[[], UUID] = getattr(sys.modules[MANAGER_MODULE], "uuid7", uuid4)
    wrap = _begins_async if inspect.iscoroutinefunction(original) else _begins_sync
    return wraps(original)(wrap(unbound(original), new_id))


def _begins_sync(method: Callable[..., Any], new_id: Callable[[], UUID]) -> Callable[..., Any]:
    def call(*args: Any, run_id: UUID | None = None, **kwargs: Any) -> Any:
        if len(args) > REQUIRED:
            args = _required_arguments(args, kwargs)
            run_id = kwargs.pop("run_id", run_id)
        if run_id is None:
            run_id = new_id()
        try:
            result = method(*args, run_id=run_id, **kwargs)
            if (frame := current_frame()) is not None and frame.activates:
                begin_body()
        except BaseException as error:
            _abandon(run_id, error)
            raise
        return result

    return call


def _begins_async(method: Callable[..., Any], new_id: Callable[[], UUID]) -> Callable[..., Any]:
    async def call(*args: Any, run_id: UUID | None = None, **kwargs: Any) -> Any:
        if len(args) > REQUIRED:
            args = _required_arguments(args, kwargs)
            run_id = kwargs.pop("run_id", run_id)
        if run_id is None:
            run_id = new_id()
        try:
            result = await method(*args, run_id=run_id, **kwargs)
            if (frame := current_frame()) is not None and frame.activates:
                begin_body()
        except BaseException as error:
            _abandon(run_id, error)
            raise
        return result

    return call


def _required_arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """The arguments that the start of a run must have; the others are in `kwargs` afterwards."""
    kwargs.update(zip(OPTIONAL, args[REQUIRED:], strict=False))
    return args[:REQUIRED]


def ends(original: Callable[..., Any]) -> Callable[..., Any]:
    """The call reports the end of a run; where it fails half way, our handlers get it directly.

    LangChain itself catches what goes wrong where it calls a handler: such a run is still open.
    """
    method = unbound(original)
    name: str = original.__name__
    if inspect.iscoroutinefunction(original):

        @wraps(original)
        async def acall(*args: Any, **kwargs: Any) -> Any:
            try:
                result = await method(*args, **kwargs)
            except BaseException:
                _report(name, args, kwargs)
                raise
            run_id = args[0].run_id
            if has_open(run_id.int if type(run_id) is UUID else key_of(run_id)):
                _end(run_id, name, args)
            return result

        return acall

    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            result = method(*args, **kwargs)
        except BaseException:
            _report(name, args, kwargs)
            raise
        run_id = args[0].run_id
        if has_open(run_id.int if type(run_id) is UUID else key_of(run_id)):
            _end(run_id, name, args)
        return result

    return call


def _end(run_id: UUID, event: str, args: tuple[Any, ...]) -> None:
    """End a run whose end LangChain could not report to our handler, as out of memory.

    `args` are those of the manager's method, with the manager.
    """
    try:
        head = RUNS.head(run_id)
        for run in [] if head is None else list(head.recordings()):
            if event.endswith(FAILING):
                run.recorder.abandon(run, args[1])
            else:
                run.recorder.end(run, args[1] if len(args) > 1 else None)
    except Exception as failure:
        health.failed("end", failure)


def _abandon(run_id: Any, error: BaseException) -> None:
    try:
        RUNS.abandon(run_id, error)
    except Exception as failure:
        health.failed("start", failure)


def _report(event: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Call our handlers with an event that LangChain may not have got to them with."""
    try:
        manager, *reported = args
        for handler in manager.handlers:
            if isinstance(handler, InlineHandler) and RUNS.of_handler(manager.run_id, handler):
                getattr(handler, event)(*reported, run_id=manager.run_id, **kwargs)
    except Exception as failure:
        health.failed("end", failure)
