"""Knows how to put a frame around a function of LangChain: a wrapper for each kind of function."""

import inspect
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from functools import partial, wraps
from typing import Any

from langchain_otel import health
from langchain_otel.collecting import apart
from langchain_otel.context import Frame, hide_frame, show_frame

FrameFor = Callable[[tuple[Any, ...], dict[str, Any]], Frame | None]
"""Makes the frame for one call from its arguments; None where the call is not ours to follow."""


def framed(original: Callable[..., Any], frame_for: FrameFor) -> Callable[..., Any]:
    """`original`, whose every call runs inside the frame that `frame_for` makes for it.

    What it is to the caller stays: a function, a coroutine function or a generator function.
    """
    make = partial(_frame_or_none, frame_for)
    if inspect.isasyncgenfunction(original):
        return _async_generator(original, make)
    if inspect.isgeneratorfunction(original):
        return _generator(original, make)
    if inspect.iscoroutinefunction(original):
        return _coroutine(original, make)
    return _function(original, make)


def _frame_or_none(
    frame_for: FrameFor, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Frame | None:
    try:
        return frame_for(args, kwargs)
    except Exception as error:
        health.failed("frame", error)
        return None


def _function(original: Callable[..., Any], make: FrameFor) -> Callable[..., Any]:
    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        frame = make(args, kwargs)
        if frame is None:
            return original(*args, **kwargs)
        frame.enter()
        try:
            return original(*args, **kwargs)
        except BaseException as error:
            frame.abandoned_by(error)
            raise
        finally:
            frame.leave()

    return call


def _coroutine(original: Callable[..., Any], make: FrameFor) -> Callable[..., Any]:
    @wraps(original)
    async def call(*args: Any, **kwargs: Any) -> Any:
        frame = make(args, kwargs)
        if frame is None:
            return await original(*args, **kwargs)
        frame.enter()
        try:
            return await original(*args, **kwargs)
        except BaseException as error:
            frame.abandoned_by(error)
            raise
        finally:
            frame.leave()

    return call


def _generator(original: Callable[..., Any], make: FrameFor) -> Callable[..., Any]:
    @wraps(original)
    def generate(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        frame = make(args, kwargs)
        if frame is None:
            return (yield from original(*args, **kwargs))
        generator = original(*args, **kwargs)
        step = advance = generator.__next__
        while True:
            frame.enter()
            try:
                item = step()
            except StopIteration as stop:
                frame.finished()
                return stop.value
            except BaseException as error:
                frame.abandoned_by(error)
                raise
            finally:
                frame.leave()
            try:
                sent = yield item
                step = advance if sent is None else partial(generator.send, sent)
            except GeneratorExit as error:
                apart(_close, frame, generator, error)
                raise
            except BaseException as error:
                step = partial(generator.throw, error)

    return generate


def _close(frame: Frame, generator: Generator[Any, Any, Any], error: GeneratorExit) -> None:
    frame.enter()
    try:
        generator.close()
    finally:
        frame.abandoned_by(error)
        frame.leave()


def _async_generator(original: Callable[..., Any], make: FrameFor) -> Callable[..., Any]:
    @wraps(original)
    async def generate(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        frame = make(args, kwargs) or Frame(None, None)
        generator = original(*args, **kwargs)
        advance = generator.__anext__
        step: Callable[[], Any] = partial(_first_step, generator)
        while True:
            frame.enter()
            try:
                item = await step()
            except StopAsyncIteration:
                frame.finished()
                return
            except BaseException as error:
                frame.abandoned_by(error)
                raise
            finally:
                frame.leave()
            try:
                sent = yield item
                step = advance if sent is None else partial(generator.asend, sent)
            except GeneratorExit as error:
                await _aclose(frame, generator, error)
                raise
            except BaseException as error:
                step = partial(generator.athrow, error)

    return generate


def _first_step(generator: AsyncGenerator[Any, Any]) -> Any:
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
    frame.enter()
    try:
        await generator.aclose()
    finally:
        frame.abandoned_by(error)
        frame.leave()


def runs_before_start(original: Callable[..., Any]) -> Callable[..., Any]:
    """Runs that start in the call are not the run that the frame around it waits for."""
    if inspect.iscoroutinefunction(original):

        @wraps(original)
        async def acall(*args: Any, **kwargs: Any) -> Any:
            frame = hide_frame()
            try:
                return await original(*args, **kwargs)
            finally:
                show_frame(frame)

        return acall

    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        frame = hide_frame()
        try:
            return original(*args, **kwargs)
        finally:
            show_frame(frame)

    return call
