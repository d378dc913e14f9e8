"""Wraps a function so that each call runs in a frame, whatever kind of function it is.

An exception from outside, as a signal handler raises it, may come wherever a function of Python is
called or one of C returns. So a frame is entered inside of `try`, and left once more after any
exception: leaving it may have been interrupted.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from functools import partial, wraps
from types import FunctionType
from typing import Any

from langchain_otel import health
from langchain_otel.runs.current_frame import begin_body, hide_frame, show_frame
from langchain_otel.runs.frame import Frame
from langchain_otel.runs.garbage_collector import outside_collection

FrameFor = Callable[[tuple[Any, ...], dict[str, Any]], Frame | None]
"""Makes the frame for one call from its arguments; None where the call is not ours to follow."""


def framed(original: Callable[..., Any], frame_for: FrameFor) -> Callable[..., Any]:
    """A method of a class, whose every call runs inside the frame that `frame_for` makes for it.

    What it is to the caller stays: a function, a coroutine function or a generator function.
    """
    return _framed(original, unbound(original), frame_for)


def framed_function(function: Callable[..., Any], frame_for: FrameFor) -> Callable[..., Any]:
    """The same of a function, or of any other object that can be called."""
    is_object = not (inspect.isroutine(function) or isinstance(function, partial))
    return _framed(type(function).__call__ if is_object else function, function, frame_for)


def _framed(
    like: Callable[..., Any], call: Callable[..., Any], frame_for: FrameFor
) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(like):
        return _async_generator(call, frame_for)
    if inspect.isgeneratorfunction(like):
        return _generator(call, frame_for)
    if inspect.iscoroutinefunction(like):
        return _coroutine(call, frame_for)
    return _function(call, frame_for)


def unbound(original: Callable[..., Any]) -> Callable[..., Any]:
    """A method of a class as a function of the object and the arguments.

    What another package has put around a method need not be a function: it wants to be bound.
    """
    if type(original) is FunctionType:
        return original

    @wraps(original)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return original.__get__(self, type(self))(*args, **kwargs)

    return call


def _frame_or_none(
    frame_for: FrameFor, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Frame | None:
    try:
        return frame_for(args, kwargs)
    except Exception as error:
        health.failed("frame", error)
        return None


def _function(original: Callable[..., Any], frame_for: FrameFor) -> Callable[..., Any]:
    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            frame = frame_for(args, kwargs)
        except Exception as error:
            health.failed("frame", error)
            frame = None
        if frame is None:
            return original(*args, **kwargs)
        try:
            try:
                frame.enter()
                return original(*args, **kwargs)
            finally:
                frame.leave()
        except BaseException as error:
            frame.leave()
            frame.abandoned_by(error)
            raise

    return call


def _coroutine(original: Callable[..., Any], frame_for: FrameFor) -> Callable[..., Any]:
    @wraps(original)
    async def call(*args: Any, **kwargs: Any) -> Any:
        try:
            frame = frame_for(args, kwargs)
        except Exception as error:
            health.failed("frame", error)
            frame = None
        if frame is None:
            return await original(*args, **kwargs)
        try:
            try:
                frame.enter()
                return await original(*args, **kwargs)
            finally:
                frame.leave()
        except BaseException as error:
            frame.leave()
            frame.abandoned_by(error)
            raise

    return call


def _generator(original: Callable[..., Any], frame_for: FrameFor) -> Callable[..., Any]:
    @wraps(original)
    def generate(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        frame = _frame_or_none(frame_for, args, kwargs)
        if frame is None:
            return (yield from original(*args, **kwargs))
        generator = _as_generator(original(*args, **kwargs))
        step = send = generator.send
        sent: Any = None
        while True:
            try:
                try:
                    frame.enter()
                    item = step(sent)
                finally:
                    frame.leave()
                frame.on_item(item)
            except StopIteration as stop:
                frame.finished()
                return stop.value
            except BaseException as error:
                frame.leave()
                frame.abandoned_by(error)
                raise
            try:
                sent = yield item
                step = send
            except GeneratorExit as error:
                outside_collection(_close, frame, generator, error)
                raise
            except BaseException as error:
                step, sent = generator.throw, error

    return generate


def _as_generator(iterator: Any) -> Generator[Any, Any, Any]:
    """A generator: what another package has put around one may be no more than an iterator."""
    return iterator if hasattr(iterator, "send") else _from_iterator(iterator)


def _from_iterator(iterator: Any) -> Generator[Any, Any, Any]:
    return (yield from iterator)


def _close(frame: Frame, generator: Generator[Any, Any, Any], error: GeneratorExit) -> None:
    try:
        try:
            frame.enter()
            generator.close()
        finally:
            frame.leave()
    finally:
        frame.leave()
        frame.abandoned_by(error)


def _async_generator(original: Callable[..., Any], frame_for: FrameFor) -> Callable[..., Any]:
    @wraps(original)
    async def generate(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        frame = _frame_or_none(frame_for, args, kwargs) or Frame(None, None)
        generator = _as_async_generator(original(*args, **kwargs))
        send = generator.asend
        step: Callable[[Any], Any] = partial(_first_step, generator)
        sent: Any = None
        while True:
            try:
                try:
                    frame.enter()
                    item = await step(sent)
                finally:
                    frame.leave()
                frame.on_item(item)
            except StopAsyncIteration:
                frame.finished()
                return
            except BaseException as error:
                frame.leave()
                frame.abandoned_by(error)
                raise
            try:
                sent = yield item
                step = send
            except GeneratorExit as error:
                await _aclose(frame, generator, error)
                raise
            except BaseException as error:
                step, sent = generator.athrow, error

    return generate


def _as_async_generator(iterator: Any) -> AsyncGenerator[Any, Any]:
    return iterator if hasattr(iterator, "asend") else _from_async_iterator(iterator)


async def _from_async_iterator(iterator: Any) -> AsyncGenerator[Any, Any]:
    async for item in iterator:
        yield item


def _first_step(generator: AsyncGenerator[Any, Any], _: None) -> Any:
    """The first step of a generator that is ours alone to close.

    Otherwise the event loop would close it too, beside the one around it: when the loop shuts down,
    or when both are garbage.
    """
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, _leave_alone)
    try:
        return generator.__anext__()
    finally:
        sys.set_asyncgen_hooks(*hooks)


def _leave_alone(_: AsyncGenerator[Any, Any]) -> None:
    """Do nothing with a generator that is garbage: the one around it is being closed."""


async def _aclose(frame: Frame, generator: AsyncGenerator[Any, Any], error: GeneratorExit) -> None:
    try:
        try:
            frame.enter()
            await generator.aclose()
        finally:
            frame.leave()
    finally:
        frame.leave()
        frame.abandoned_by(error)


def runs_before_start(original: Callable[..., Any]) -> Callable[..., Any]:
    """Runs that start in the call are not the run that the frame around it waits for."""
    method = unbound(original)
    if inspect.iscoroutinefunction(original):

        @wraps(original)
        async def acall(*args: Any, **kwargs: Any) -> Any:
            frame = hide_frame()
            try:
                return await method(*args, **kwargs)
            finally:
                show_frame(frame)

        return acall

    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        frame = hide_frame()
        try:
            return method(*args, **kwargs)
        finally:
            show_frame(frame)

    return call


def begins_again(original: Callable[..., Any]) -> Callable[..., Any]:
    """The call is the first thing in the body of a run, after other tracers have had their say."""

    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        begin_body(again=True)
        return original(*args, **kwargs)

    return call
