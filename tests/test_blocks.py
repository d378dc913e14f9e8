"""`attributes()`, `conversation()` and `traced_with()` begin, end and decorate in the same way."""

import asyncio
import contextvars
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import permutations
from typing import Any, Final

import pytest
from langchain_core.runnables import RunnableLambda
from opentelemetry import baggage, context, trace
from opentelemetry.trace import Span

from langchain_otel import RunView, attributes, conversation, semconv, traced_with
from langchain_otel.sources.blocks import Block
from models import Model
from recording import Tracing, instrumented

pytestmark = pytest.mark.usefixtures("wrapped_once")

WORD: Final = "app.word"


def say(word: str, span: Span, _: RunView) -> None:
    span.set_attribute(WORD, word)


KINDS: Final[dict[str, Callable[[str], Block]]] = {
    "attributes": lambda word: attributes({WORD: word}),
    "conversation": conversation,
    "traced_with": lambda word: traced_with(request_hook=partial(say, word)),
}
"""Blocks whose runs say a word: the innermost counts."""


@pytest.fixture(params=KINDS)
def block(request: pytest.FixtureRequest) -> Callable[[str], Block]:
    """Makes a block of each kind."""
    return KINDS[request.param]


def words(tracing: Tracing) -> list[Any]:
    """What the calls of models say, in their order of ending; None where they say nothing."""
    found = [span.attributes or {} for span in tracing.spans if span.name == "chat"]
    return [each.get(WORD, each.get(semconv.GEN_AI_CONVERSATION_ID)) for each in found]


def ask() -> Any:
    return Model().invoke("hi")


def test_block_ends(block: Callable[[str], Block], tracing: Tracing) -> None:
    """Before and after it nothing is said, also when it ends by an exception."""
    before = context.get_current()
    for error in (ZeroDivisionError, KeyboardInterrupt):
        with pytest.raises(error), block("word"):
            raise error
        assert context.get_current() is before
    ask()
    assert words(tracing) == [None]


async def test_async_block(block: Callable[[str], Block], tracing: Tracing) -> None:
    """It may be entered with `async with`; a task that was started inside has it to its end."""
    async with block("word"):
        task = asyncio.create_task(Model().ainvoke("hi"))
    await task
    await Model().ainvoke("hi")
    assert words(tracing) == ["word", None]


def test_exit_stack(block: Callable[[str], Block], tracing: Tracing) -> None:
    """As any context manager."""
    with ExitStack() as stack:
        stack.enter_context(block("word"))
        ask()
    assert words(tracing) == ["word"]


def test_same_object_again(block: Callable[[str], Block], tracing: Tracing) -> None:
    """One object may be entered again, also inside of itself."""
    again = block("word")
    before = context.get_current()
    with again:
        with again:
            ask()
        ask()
    assert context.get_current() is before
    ask()
    assert words(tracing) == ["word", "word", None]


async def test_one_object_in_two_tasks(block: Callable[[str], Block], tracing: Tracing) -> None:
    """The same object may be entered by many at once: each leaves what it entered."""
    shared = block("word")
    both_inside = asyncio.Barrier(2)

    async def enter() -> None:
        before = context.get_current()
        with shared:
            await both_inside.wait()
            await Model().ainvoke("hi")
        assert context.get_current() is before

    await asyncio.gather(enter(), enter())
    assert words(tracing) == ["word", "word"]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_left_in_any_order(
    order: tuple[int, ...], block: Callable[[str], Block], tracing: Tracing
) -> None:
    """What is left is gone, what is not left stays, and nothing remains in the end."""
    before = context.get_current()
    blocks = [block(f"word {number}") for number in range(3)]
    for each in blocks:
        each.__enter__()
    staying = {0, 1, 2}
    for number in order:
        blocks[number].__exit__()
        staying.remove(number)
        tracing.exporter.clear()
        ask()
        assert words(tracing) == [f"word {max(staying)}" if staying else None]
    assert context.get_current() is before


def opened_by(block: Any) -> Iterator[int]:
    """A generator that is not decorated: its block holds in the code of its consumer."""
    with block:
        yield 1


def test_generators_side_by_side(block: Callable[[str], Block], tracing: Tracing) -> None:
    """The one that was begun first ends first, and leaves nothing to the other's consumer."""
    before = context.get_current()
    first: Any = opened_by(block("first"))
    second: Any = opened_by(block("second"))
    next(first)
    next(second)
    first.close()
    ask()
    second.close()
    ask()
    assert context.get_current() is before
    assert words(tracing) == ["second", None]


def test_what_else_became_current_stays(block: Callable[[str], Block], tracing: Tracing) -> None:
    """A generator's block that ends inside a user's span ends alone."""
    opened: Any = opened_by(block("word"))

    def consume() -> None:
        next(opened)
        with tracing.user_span("user") as span:
            opened.close()
            assert trace.get_current_span() is span
            ask()

    contextvars.copy_context().run(consume)
    assert words(tracing) == [None]


@pytest.mark.parametrize("has_outer", [False, True], ids=["alone", "inside"])
def test_what_comes_back_later_is_empty(
    has_outer: bool, block: Callable[[str], Block], tracing: Tracing
) -> None:
    """A span that was over a block when it was left gives back a context in which it was not."""

    def consume() -> None:
        with ExitStack() as outer:
            if has_outer:
                outer.enter_context(block("outer"))
            opened: Any = opened_by(block("word"))
            next(opened)
            with tracing.user_span("user"):
                opened.close()
                ask()
            ask()
        ask()

    contextvars.copy_context().run(consume)
    expected = "outer" if has_outer else None
    assert words(tracing) == [expected, expected, None]


def test_left_twice_or_never_entered(block: Callable[[str], Block], tracing: Tracing) -> None:
    """It does no harm."""
    before = context.get_current()
    entered, other = block("word"), block("other")
    entered.__exit__()
    entered.__enter__()
    other.__exit__()
    ask()
    entered.__exit__()
    entered.__exit__()
    assert context.get_current() is before
    assert words(tracing) == ["word"]


async def test_block_that_ends_elsewhere(block: Callable[[str], Block], tracing: Tracing) -> None:
    """An async generator that is closed by another task leaves that task's context alone."""

    async def chunks() -> AsyncIterator[int]:
        with block("word"):
            yield 1

    opened: Any = chunks()
    await asyncio.create_task(anext(opened))
    before = context.get_current()
    await opened.aclose()
    assert context.get_current() is before


def test_no_baggage(block: Callable[[str], Block], tracing: Tracing) -> None:
    """Nothing leaves the process in a header."""
    with block("word"):
        assert baggage.get_all() == {}


# Decorated


def test_decorated_function(block: Callable[[str], Block], tracing: Tracing) -> None:
    """The function's whole body is in the block; what it is to its caller stays."""

    @block("word")
    def asks(text: str, *, loud: bool = False) -> Any:
        """Ask."""
        return Model().invoke(text.upper() if loud else text).content

    assert asks("hi", loud=True) == "one two three"
    assert (asks.__name__, asks.__doc__) == ("asks", "Ask.")
    ask()
    assert words(tracing) == ["word", None]


async def test_decorated_coroutine(block: Callable[[str], Block], tracing: Tracing) -> None:
    """A coroutine function is one afterwards, too; a method is one."""

    class Asking:
        @block("word")
        async def ask(self, text: str) -> Any:
            await asyncio.sleep(0)
            return await Model().ainvoke(text)

    assert asyncio.iscoroutinefunction(Asking.ask)
    await Asking().ask("hi")
    assert words(tracing) == ["word"]


def test_decorated_generator(block: Callable[[str], Block], tracing: Tracing) -> None:
    """Between two items, the consumer is not in the block; the generator still is afterwards."""

    @block("word")
    def asks() -> Iterator[Any]:
        yield ask()
        yield ask()

    before = context.get_current()
    for _ in asks():
        assert context.get_current() is before
        ask()
    assert words(tracing) == ["word", None] * 2


async def test_decorated_async_generator(block: Callable[[str], Block], tracing: Tracing) -> None:
    """The same, async; also when it is closed early."""

    @block("word")
    async def asks() -> AsyncIterator[Any]:
        try:
            yield await Model().ainvoke("hi")
        finally:
            await Model().ainvoke("closing")

    before = context.get_current()
    asking: Any = asks()
    await anext(asking)
    assert context.get_current() is before
    await Model().ainvoke("between")
    await asking.aclose()
    assert context.get_current() is before
    assert words(tracing) == ["word", None, "word"]


def test_generator_that_is_left(block: Callable[[str], Block], tracing: Tracing) -> None:
    """One that is never finished leaves nothing behind, also where it holds blocks of its own."""

    @block("word")
    def asks() -> Iterator[Any]:
        with block("inner"):
            yield ask()

    before = context.get_current()
    left: Any = asks()
    next(left)
    assert context.get_current() is before
    ask()
    del left
    gc.collect()
    assert context.get_current() is before
    assert words(tracing) == ["inner", None]


@pytest.mark.parametrize("wrong", [Model, RunnableLambda(str), 1], ids=["class", "runnable", "1"])
def test_what_is_no_function(wrong: Any, block: Callable[[str], Block]) -> None:
    """A class or a model cannot be decorated."""
    with pytest.raises(TypeError, match="decorates a function"):
        block("word")(wrong)


def test_untraced() -> None:
    """Where nothing is traced, a block does nothing."""
    tracing = Tracing()
    for make in KINDS.values():
        with make("word"):
            ask()
    with instrumented(tracing):
        ask()
    assert words(tracing) == [None]
