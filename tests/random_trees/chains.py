"""Makes the parts that LangChain composes of others, and functions that call others."""

from collections.abc import Callable
from typing import Any, Final

from langchain_core.runnables import RunnableBranch, RunnableLambda, RunnableParallel

from modes.lcel import step
from random_trees.builder import Anything, Builder, Maker, PlannedError, adapter, result, text
from random_trees.plan import Part


def sequence(builder: Builder, part: Part, name: str) -> Anything:
    first, *others = builder.inner(part)
    for other in others:
        first = first | other
    return first


def parallel(builder: Builder, part: Part, name: str) -> Anything:
    return RunnableParallel({str(i): each for i, each in enumerate(builder.inner(part))})


def branch(builder: Builder, part: Part, name: str) -> Anything:
    first, *others = builder.inner(part)
    condition = step(builder.probe, f"condition-{name}", lambda _: not part.fails)
    return RunnableBranch((condition, first), others[0])


def fallbacks(builder: Builder, part: Part, name: str) -> Anything:
    first, *others = builder.inner(part)
    return first.with_fallbacks(others, exceptions_to_handle=(PlannedError,))


def retry(builder: Builder, part: Part, name: str) -> Anything:
    (inner,) = builder.inner(part)
    return inner.with_retry(
        retry_if_exception_type=(PlannedError,),
        stop_after_attempt=2,
        wait_exponential_jitter=False,
        exponential_jitter_params={"initial": 0, "max": 0},
    )


def each(builder: Builder, part: Part, name: str) -> Anything:
    (inner,) = builder.inner(part)
    return adapter(f"list-{name}", lambda given: [text(given)] * 2) | inner.map()


def caller(builder: Builder, part: Part, name: str) -> Anything:
    inner = builder.inner(part)

    def mark() -> None:
        builder.probe.mark(name)

    def call(given: Any) -> Any:
        for it in inner:
            use(it, text(given), part.variant, mark)
        return result(part, given)

    async def acall(given: Any) -> Any:
        for it in inner:
            await ause(it, text(given), part.variant, mark)
        return result(part, given)

    return RunnableLambda(call, acall, name=name)


def use(it: Anything, given: Any, variant: int, mark: Callable[[], None]) -> None:
    """Run a part from a body: as a stream, at once, in a batch, or only the beginning of it."""
    mark()
    if variant == 0:
        for _ in it.stream(given):
            mark()
    elif variant == 1:
        it.invoke(given)
    elif variant == 2:
        it.batch([given, given])
    else:
        stream: Any = it.stream(given)
        next(stream, None)
        mark()
        stream.close()
    mark()


async def ause(it: Anything, given: Any, variant: int, mark: Callable[[], None]) -> None:
    """The same in asynchronous code."""
    mark()
    if variant == 0:
        async for _ in it.astream(given):
            mark()
    elif variant == 1:
        await it.ainvoke(given)
    elif variant == 2:
        await it.abatch([given, given])
    else:
        stream: Any = it.astream(given)
        await anext(stream, None)
        mark()
        await stream.aclose()
    mark()


MAKERS: Final[dict[str, Maker]] = {
    "sequence": sequence,
    "parallel": parallel,
    "branch": branch,
    "fallbacks": fallbacks,
    "retry": retry,
    "each": each,
    "caller": caller,
}
