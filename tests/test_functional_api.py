"""LangGraph's functional API: an entrypoint is a workflow, a task a step of it."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from langgraph.cache.memory import InMemoryCache
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.types import CachePolicy

from langchain_otel import semconv
from recording import Tracing
from shown import everything, executed, shown
from test_attempts import AT_ONCE, failing

SECRET = "the secret state"


@pytest.fixture
def private(tracing: Tracing) -> Iterator[Tracing]:
    """Tracing without content; afterwards nothing of the state has left the process."""
    yield tracing
    assert tracing.spans
    assert SECRET not in everything(tracing)


# Its annotations know no task with options.
task_with: Any = task

SYNC = pytest.mark.parametrize("mode", ["invoke", "stream"])
ASYNC = pytest.mark.parametrize("mode", ["ainvoke", "astream"])

PARALLEL = "invoke_workflow flow\n  flow\n    work\n    work\n    work\n"


@SYNC
def test_tasks_side_by_side(private: Tracing, mode: str) -> None:
    """Tasks whose results are awaited later hang under the entrypoint, which names the workflow."""

    @task
    def work(text: str) -> str:
        private.mark()
        return text

    @entrypoint()
    def flow(text: str) -> list[str]:
        futures = [work(text) for _ in range(3)]
        return [future.result() for future in futures]

    executed(flow, SECRET, mode)
    assert shown(private).replace("      marker\n", "") == PARALLEL
    tasks = {span.context.span_id for span in private.spans if span.context and span.name == "work"}
    assert {s.parent.span_id for s in private.spans if s.parent and s.name == "marker"} == tasks
    span = private.span("invoke_workflow flow")
    assert (span.attributes or {})[semconv.GEN_AI_WORKFLOW_NAME] == "flow"


@ASYNC
def test_async_tasks_side_by_side(private: Tracing, mode: str) -> None:
    """The same of coroutines."""

    @task
    async def work(text: str) -> str:
        private.mark()
        return text

    @entrypoint()
    async def flow(text: str) -> list[str]:
        return list(await asyncio.gather(*(work(text) for _ in range(3))))

    executed(flow, SECRET, mode)
    assert shown(private).replace("      marker\n", "") == PARALLEL


RETRIED = (
    "invoke_workflow flow\n"
    "  flow\n"
    "    flaky ERROR(ValueError) 1\n"
    "    flaky ERROR(ValueError) 2\n"
    "    flaky 3\n"
)


@SYNC
def test_task_that_is_tried_again(private: Tracing, mode: str) -> None:
    """Each try of a task has its number; the entrypoint has not failed."""
    flaky = task_with(retry_policy=AT_ONCE, name="flaky")(failing(2))

    @entrypoint()
    def flow(text: str) -> Any:
        return flaky(text).result()

    executed(flow, SECRET, mode)
    assert shown(private) == RETRIED


@ASYNC
def test_async_task_that_is_tried_again(private: Tracing, mode: str) -> None:
    """The same of a coroutine."""
    fails_twice = failing(2)

    async def body(text: str) -> Any:
        return fails_twice(text)

    flaky = task_with(retry_policy=AT_ONCE, name="flaky")(body)

    @entrypoint()
    async def flow(text: str) -> Any:
        return await flaky(text)

    executed(flow, SECRET, mode)
    assert shown(private) == RETRIED


CACHED = (
    "invoke_workflow flow\n"
    "  flow\n"
    "    square\n"
    "invoke_workflow flow\n"
    "  * langgraph.node.cached square\n"
    "  flow\n"
)


@SYNC
def test_cached_task(private: Tracing, mode: str) -> None:
    """A task whose result is known does not run: an event says so."""

    square = task_with(cache_policy=CachePolicy(), name="square")(lambda number: number * number)

    @entrypoint(cache=InMemoryCache())
    def flow(number: int) -> Any:
        return square(number).result()

    executed(flow, 2, mode)
    executed(flow, 2, mode)
    assert shown(private) == CACHED


@ASYNC
def test_async_cached_task(private: Tracing, mode: str) -> None:
    """The same of a coroutine."""

    async def body(number: int) -> int:
        return number * number

    square = task_with(cache_policy=CachePolicy(), name="square")(body)

    @entrypoint(cache=InMemoryCache())
    async def flow(number: int) -> Any:
        return await square(number)

    executed(flow, 2, mode)
    executed(flow, 2, mode)
    assert shown(private) == CACHED


@SYNC
def test_previous_and_final(private: Tracing, mode: str) -> None:
    """What is kept from one call to the next is state: it shows nowhere."""
    seen = []

    @entrypoint(checkpointer=InMemorySaver())
    def flow(text: str, *, previous: Any = None) -> entrypoint.final[str, str]:
        seen.append(previous)
        return entrypoint.final(value=text, save=text * 2)

    conversation = {"configurable": {"thread_id": "1"}}
    executed(flow, SECRET, mode, conversation)
    executed(flow, SECRET, mode, conversation)
    assert seen == [None, SECRET * 2]
    assert shown(private) == "invoke_workflow flow\n  flow\n" * 2


@SYNC
def test_task_that_fails(private: Tracing, mode: str) -> None:
    """A failure is red from where it was to the workflow, and recorded once."""
    fails = task_with(name="fails")(failing(1))

    @entrypoint()
    def flow(text: str) -> Any:
        return fails(text).result()

    with pytest.raises(ValueError, match=SECRET):
        executed(flow, SECRET, mode)
    assert shown(private) == (
        "invoke_workflow flow ERROR(ValueError)\n"
        "  flow ERROR(ValueError) 1\n"
        "    fails ERROR(ValueError) 1\n"
    )
    assert len(private.logs) == 1
