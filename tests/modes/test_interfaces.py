"""What is patched is to its caller what it was: a function, a coroutine function, a generator."""

import gc
import inspect
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda

from langchain_otel.patching.points import PatchPoint
from langchain_otel.sources.patch_points import PATCHER
from modes.completions import StreamingCompletion
from modes.graphs import EMPTY, chained, sync_node
from modes.models import StreamingModel
from modes.probe import Probe
from modes.test_streams import branch_of_streams
from recording import Tracing
from wrapped_points import POINTS


def function_at(point: PatchPoint) -> Any:
    """The function of a patch point as it is now; None where this LangChain has none."""
    if point.module not in sys.modules:
        return None
    owner: Any = import_module(point.module)
    *parents, name = point.path.split(".")
    for parent in parents:
        owner = getattr(owner, parent, None)
    return None if owner is None else vars(owner).get(name)


def kind_of(function: Any) -> dict[str, Any]:
    return {
        "type": type(function),
        "generator": inspect.isgeneratorfunction(function),
        "coroutine": inspect.iscoroutinefunction(function),
        "async generator": inspect.isasyncgenfunction(function),
        "signature": str(inspect.signature(function)),
        "annotations": function.__annotations__,
        "defaults": (inspect.signature(function).parameters.keys()),
        "name": (function.__module__, function.__qualname__, function.__name__, function.__doc__),
    }


@pytest.mark.parametrize("point", POINTS, ids=lambda point: f"{point.module}:{point.path}")
def test_a_patched_function_looks_as_before(point: PatchPoint, tracing: Tracing) -> None:
    """Its kind, signature and names; without us it is the very object that it was."""
    with tracing.off():
        assert not PATCHER.applied
        original = function_at(point)
    if original is None:
        pytest.skip("not in this version of LangChain, or not imported")
    patched = function_at(point)
    assert patched is not original
    assert kind_of(patched) == kind_of(original)
    with tracing.off():
        assert function_at(point) is original


def model_stream(probe: Probe) -> Any:
    return StreamingModel(probe=probe).stream("hi")


def completion_stream(probe: Probe) -> Any:
    return StreamingCompletion(probe=probe).stream("hi")


def graph_stream(probe: Probe) -> Any:
    graph = chained(first=sync_node(probe, "first"), second=sync_node(probe, "second")).compile()
    return graph.stream(EMPTY)


def branch_stream(probe: Probe) -> Any:
    it, given = branch_of_streams(probe)
    return it.stream(given)


STREAMS = (model_stream, completion_stream, graph_stream, branch_stream)
Use = Callable[[Any], Any]


def used_up(stream: Any) -> Any:
    list(stream)
    return [stream.close(), list(stream), next(stream, "end")]


def closed_before_the_start(stream: Any) -> Any:
    return [stream.close(), next(stream, "end")]


def closed_in_the_middle(stream: Any) -> Any:
    return [type(next(stream)), stream.close(), stream.close(), next(stream, "end")]


def sent_to(stream: Any) -> Any:
    return [type(stream.send(None)), type(stream.send("mine")), stream.close()]


def sent_to_before_the_start(stream: Any) -> Any:
    return stream.send("mine")


def thrown_into(stream: Any) -> Any:
    next(stream)
    return stream.throw(ValueError("mine"))


def thrown_into_before_the_start(stream: Any) -> Any:
    return stream.throw(ValueError("mine"))


def exited(stream: Any) -> Any:
    next(stream)
    return stream.throw(GeneratorExit)


def looked_at(stream: Any) -> Any:
    before = inspect.getgeneratorstate(stream)
    next(stream)
    state = [inspect.isgenerator(stream), before, inspect.getgeneratorstate(stream)]
    stream.close()
    return [*state, inspect.getgeneratorstate(stream)]


USES = (
    used_up,
    closed_before_the_start,
    closed_in_the_middle,
    sent_to,
    sent_to_before_the_start,
    thrown_into,
    thrown_into_before_the_start,
    exited,
    looked_at,
)


def result_of(use: Use, stream: Any) -> Any:
    try:
        return use(stream)
    except BaseException as error:
        return type(error), str(error)


@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.__name__)
def test_a_stream_is_the_generator_that_it_was(stream: Use, use: Use, tracing: Tracing) -> None:
    """Whatever is sent, thrown or closed, before the start, in the middle and after the end."""
    with tracing.off():
        expected = result_of(use, stream(Probe(tracing)))
    assert result_of(use, stream(Probe(tracing))) == expected
    gc.collect()


async def acloses(stream: Any) -> Any:
    return [type(await anext(stream)), await stream.aclose(), await anext(stream, "end")]


async def acloses_before_the_start(stream: Any) -> Any:
    return [await stream.aclose(), await anext(stream, "end")]


async def asends(stream: Any) -> Any:
    return [type(await stream.asend(None)), type(await stream.asend(1)), await stream.aclose()]


async def asends_before_the_start(stream: Any) -> Any:
    return await stream.asend("mine")


async def athrows(stream: Any) -> Any:
    await anext(stream)
    return await stream.athrow(ValueError("mine"))


async def athrows_before_the_start(stream: Any) -> Any:
    return await stream.athrow(ValueError("mine"))


async def is_an_async_generator(stream: Any) -> Any:
    await stream.aclose()
    return inspect.isasyncgen(stream)


ASYNC_USES = (
    acloses,
    acloses_before_the_start,
    asends,
    asends_before_the_start,
    athrows,
    athrows_before_the_start,
    is_an_async_generator,
)


@pytest.mark.parametrize("use", ASYNC_USES, ids=lambda use: use.__name__)
@pytest.mark.parametrize("owner", [StreamingModel, StreamingCompletion])
async def test_an_async_stream_is_the_generator_that_it_was(
    owner: Any, use: Use, tracing: Tracing
) -> None:
    """The same in async code."""

    async def result() -> Any:
        try:
            return await use(owner(probe=Probe(tracing)).astream("hi"))
        except BaseException as error:
            return type(error), str(error)

    with tracing.off():
        expected = await result()
    assert await result() == expected


class Held:
    """Something that a frame holds."""


def test_what_a_failed_body_held_is_freed_at_once(tracing: Tracing) -> None:
    """We keep no exception: what its frames hold lives no longer than without us."""
    freed: list[Any] = []

    def fails(given: Any) -> Any:
        held = Held()
        weakref.finalize(held, freed.append, given)
        raise ValueError("no")

    def work(given: Any) -> Any:
        with suppress(ValueError):
            RunnableLambda(fails, name="fails").invoke(given)
        return list(freed)

    with tracing.off():
        expected = RunnableLambda(work).invoke("it")
    freed.clear()
    assert RunnableLambda(work).invoke("it") == expected
