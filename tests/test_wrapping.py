"""What runs in a block is to its caller what it was: whatever can be called, whatever it takes."""

import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from functools import partial
from typing import Any

import pytest
import wrapt
from langchain_core.runnables import RunnableLambda

from langchain_otel import attributes
from recording import Tracing


class Items:
    """An iterator around a generator, to which nothing can be sent."""

    def __init__(self, generator: Any) -> None:
        self._generator = generator

    def __iter__(self) -> "Items":
        return self

    def __next__(self) -> Any:
        return next(self._generator)


class AsyncItems:
    """The same of an asynchronous one."""

    def __init__(self, generator: Any) -> None:
        self._generator = generator

    def __aiter__(self) -> "AsyncItems":
        return self

    async def __anext__(self) -> Any:
        return await self._generator.__anext__()


def giving(kind: Callable[[Any], Any]) -> Any:
    """A decorator as other packages have: the function looks as before and gives an iterator."""

    @wrapt.decorator
    def wrapper(wrapped: Any, _: Any, args: Any, kwargs: Any) -> Any:
        return kind(wrapped(*args, **kwargs))

    return wrapper


def numbers() -> Generator[Any, Any, str]:
    """Gives what it is sent, and what is thrown into it, until it is sent a text."""
    sent: Any = None
    while not isinstance(sent, str):
        try:
            sent = yield sent
        except ValueError as error:
            sent = repr(error).encode()
    return sent


async def async_numbers() -> AsyncGenerator[Any, Any]:
    sent: Any = None
    while not isinstance(sent, str):
        try:
            sent = yield sent
        except ValueError as error:
            sent = repr(error).encode()


def test_what_is_sent_and_thrown() -> None:
    """Each value arrives, nothing of the step before comes again, and the result is given back."""
    generator = attributes(tier="gold")(numbers)()
    assert next(generator) is None
    assert generator.send(1) == 1
    assert next(generator) is None
    assert generator.throw(ValueError("no")) == b"ValueError('no')"
    assert next(generator) is None
    with pytest.raises(StopIteration) as stopped:
        generator.send("end")
    assert stopped.value.value == "end"


async def test_what_is_sent_and_thrown_asynchronously() -> None:
    """The same of an asynchronous generator."""
    generator = attributes(tier="gold")(async_numbers)()
    assert await anext(generator) is None
    assert await generator.asend(1) == 1
    assert await anext(generator) is None
    assert await generator.athrow(ValueError("no")) == b"ValueError('no')"
    assert await anext(generator) is None
    with pytest.raises(StopAsyncIteration):
        await generator.asend("end")


def test_an_iterator_in_the_place_of_a_generator() -> None:
    """Another package may have put an iterator around it, which takes nothing."""
    function = giving(Items)(numbers)
    assert inspect.isgeneratorfunction(function)
    generator = attributes(tier="gold")(function)()
    assert [next(generator) for _ in range(3)] == [None, None, None]
    with pytest.raises(ValueError, match="no"):
        generator.throw(ValueError("no"))


async def test_an_asynchronous_iterator_in_the_place_of_a_generator() -> None:
    """The same of an asynchronous one."""
    function = giving(AsyncItems)(async_numbers)
    assert inspect.isasyncgenfunction(function)
    generator = attributes(tier="gold")(function)()
    assert [await anext(generator) for _ in range(3)] == [None, None, None]
    with pytest.raises(ValueError, match="no"):
        await generator.athrow(ValueError("no"))


ADD_ONE: Any = RunnableLambda(lambda value: value + 1)


def call(tracing: Tracing, size: int) -> int:
    result: int = ADD_ONE.invoke(size)
    return result


@wrapt.decorator
def passing(wrapped: Any, _: Any, args: Any, kwargs: Any) -> Any:
    """A decorator as other packages have."""
    return wrapped(*args, **kwargs)


class Called:
    """An object that can be called."""

    def __call__(self, tracing: Tracing, size: int) -> int:
        return call(tracing, size)


class AsyncCalled:
    """An object that is called asynchronously."""

    async def __call__(self, tracing: Tracing, size: int) -> int:
        return call(tracing, size)


class Owner:
    """A class whose methods are called every way that Python has."""

    def method(self, tracing: Tracing, size: int) -> int:
        return call(tracing, size)

    bound = attributes(tier="gold")(method)
    wrapped = attributes(tier="gold")(passing(method))

    @attributes(tier="gold")
    @staticmethod
    def static(tracing: Tracing, size: int) -> int:
        return call(tracing, size)


CALLABLES: dict[str, Any] = {
    "function": attributes(tier="gold")(call),
    "partial": attributes(tier="gold")(partial(call, size=1)),
    "object": attributes(tier="gold")(Called()),
    "bound method": attributes(tier="gold")(Owner().method),
    "wrapped function": attributes(tier="gold")(passing(call)),
    "method": Owner().bound,
    "wrapped method": Owner().wrapped,
    "static method": Owner.static,
    "static method of an object": Owner().static,
}


@pytest.mark.parametrize("name", CALLABLES)
def test_whatever_can_be_called(tracing: Tracing, name: str) -> None:
    """Each runs in the block, and gets the arguments that it was called with."""
    assert CALLABLES[name](tracing, size=1) == 2
    (span,) = tracing.spans
    assert span.attributes is not None
    assert span.attributes["tier"] == "gold"


def test_a_built_in_function() -> None:
    """One that is written in C is called with what it takes."""
    assert attributes(tier="gold")(len)([1, 2]) == 2


@pytest.mark.parametrize(
    "function", [AsyncCalled(), partial(AsyncCalled().__call__)], ids=["object", "partial"]
)
async def test_whatever_can_be_awaited(tracing: Tracing, function: Any) -> None:
    """What is awaited is in the block as long as it runs."""
    awaited = attributes(tier="gold")(function)
    assert inspect.iscoroutinefunction(awaited)
    assert await awaited(tracing, 1) == 2
    (span,) = tracing.spans
    assert span.attributes is not None
    assert span.attributes["tier"] == "gold"
