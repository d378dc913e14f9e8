"""Threads, tasks and callbacks: each run finds its place wherever it is started."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.runnables.config import (
    ContextThreadPoolExecutor,
    run_in_executor,
    var_child_runnable_config,
)
from opentelemetry.context import get_current

from modes import graphs, loops, models
from modes.graphs import EMPTY, chained
from modes.lcel import step
from modes.models import AsyncModel, StreamingModel
from modes.probe import OURS, Probe, scope_of, sdk_span, trace_of
from recording import Tracing

CONCURRENT = 20


async def test_twenty_agents_at_once_are_twenty_trees(tracing: Tracing) -> None:
    """Concurrent runs in one loop are separate traces, each whole, each current in its code."""
    probe = Probe(tracing)
    built = [loops.react_agent(probe) for _ in range(CONCURRENT)]
    with probe.watching() as config:
        await asyncio.gather(*(agent.ainvoke(given, config) for agent, given in built))
    probe.check()
    roots = [line for line in probe.runs.tree().splitlines() if not line.startswith(" ")]
    assert len(roots) == CONCURRENT


async def test_twenty_graphs_at_once_under_a_users_span_are_one_trace(tracing: Tracing) -> None:
    """The same under one span of the application, streamed and sync bodies among them."""
    with tracing.user_span("user") as span:
        probe = Probe(tracing)
        it, given = graphs.graph_with_parallel_nodes(probe)
        model, question = models.streaming_model(probe)

        async def streamed(runnable: Any, value: Any, config: Any) -> None:
            async for _ in runnable.astream(value, config):
                probe.in_caller()

        with probe.watching() as config:
            half = range(CONCURRENT // 2)
            await asyncio.gather(
                *(streamed(it, given, config) for _ in half),
                *(streamed(model, question, config) for _ in half),
            )
    probe.check(sdk_span(span))


def test_runs_in_threads_are_separate_traces(tracing: Tracing) -> None:
    """A thread without a copy of the context starts roots, and its context stays clean."""
    probe = Probe(tracing)
    contexts: list[bool] = []

    def work(number: int) -> None:
        before = get_current()
        it, given = graphs.graph_with_a_model(probe)
        it.invoke(given, config)
        contexts.append(get_current() is before)

    with probe.watching() as config, ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(8)))
    probe.check()
    assert contexts == [True] * 8


def test_a_run_in_a_thread_with_the_configuration_is_in_the_trace(tracing: Tracing) -> None:
    """The parent that LangChain tells is found, though the thread knows nothing of the context."""
    probe = Probe(tracing)
    inner = step(probe, "inner", lambda n: n) | StreamingModel(probe=probe)

    def work(given: Any, config: RunnableConfig) -> Any:
        probe.mark("work")
        with ThreadPoolExecutor(2) as pool:
            futures = [pool.submit(inner.invoke, given, config) for _ in range(2)]
            [future.result() for future in futures]
        probe.mark("work")
        return given

    with probe.watching() as config:
        RunnableLambda(work, name="work").invoke("hi", config)
    probe.check()


def test_a_run_in_a_thread_with_a_copied_context_is_in_the_trace(tracing: Tracing) -> None:
    """A copy of the context carries the run into the thread."""
    probe = Probe(tracing)
    inner = step(probe, "inner", lambda n: n) | StreamingModel(probe=probe)

    def work(given: Any) -> Any:
        with ThreadPoolExecutor(2) as pool:
            pool.submit(copy_context().run, inner.invoke, given).result()
        with ContextThreadPoolExecutor(2) as pool:
            list(pool.map(inner.invoke, [given, given]))
        probe.mark("work")
        return given

    with probe.watching() as config:
        RunnableLambda(work, name="work").invoke("hi", config)
    probe.check()


async def test_a_run_in_an_executor_is_in_the_trace(tracing: Tracing) -> None:
    """LangChain's own way into a thread, and asyncio's, carry the context."""
    probe = Probe(tracing)
    inner = step(probe, "inner", lambda n: n) | StreamingModel(probe=probe)

    async def work(given: Any) -> Any:
        await run_in_executor(None, inner.invoke, given)
        await asyncio.to_thread(inner.invoke, given)
        probe.mark("work")
        return given

    with probe.watching() as config:
        await RunnableLambda(work, name="work").ainvoke("hi", config)
    probe.check()


class Calling(BaseCallbackHandler):
    """Somebody's handler that runs a chain of its own at each event of a model."""

    def __init__(self, probe: Probe, config: Any) -> None:
        self.raise_error = True
        self._chain = step(probe, "told", lambda n: n)
        self._config = config

    def on_llm_end(self, *_: Any, **__: Any) -> None:
        self._chain.invoke(1, self._config)

    def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        self._chain.invoke(1, self._config)


def test_a_run_that_a_callback_starts_is_not_taken_for_the_one_it_hears_of(
    tracing: Tracing,
) -> None:
    """A handler's own chain, run at a model's start and end, is a run beside the model's."""
    probe = Probe(tracing)
    outer = step(probe, "outer", lambda n: n) | StreamingModel(probe=probe)
    probe.adopted = {"told": "StreamingModel"}
    with probe.watching() as config:
        both = [*config["callbacks"], Calling(probe, config)]
        outer.invoke("hi", {"callbacks": both})
        for _ in outer.stream("hi", {"callbacks": both}):
            probe.in_caller()
    probe.check()


async def test_a_run_that_a_callback_starts_in_async_code(tracing: Tracing) -> None:
    """The same where callbacks run in threads."""
    probe = Probe(tracing)
    outer = step(probe, "outer", lambda n: n) | AsyncModel(probe=probe)
    probe.adopted = {"told": "AsyncModel"}
    with probe.watching() as config:
        await outer.ainvoke("hi", {"callbacks": [*config["callbacks"], Calling(probe, config)]})
    probe.check()


async def test_a_root_run_in_the_context_of_an_ended_run_is_no_child_of_it(
    tracing: Tracing,
) -> None:
    """A background task that starts a trace of its own is beside the run, not inside it."""
    probe = Probe(tracing)
    ended = asyncio.Event()
    tasks = []

    async def later() -> None:
        await ended.wait()
        # LangChain forgets the run that started the task: this one is a root.
        var_child_runnable_config.set(None)
        await step(probe, "later", lambda n: n).ainvoke(1, config)

    async def work(given: Any) -> Any:
        tasks.append(asyncio.create_task(later()))
        return given

    with tracing.user_span("user") as span:
        probe = Probe(tracing)
        with probe.watching() as config:
            await RunnableLambda(work, name="work").ainvoke(1, config)
            ended.set()
            await asyncio.gather(*tasks)
    probe.check(sdk_span(span))
    assert probe.runs.tree() == "work\nlater"


async def test_a_task_that_outlives_its_node_stays_in_the_trace(tracing: Tracing) -> None:
    """A chain that a background task runs after its node, or its graph, has ended."""
    probe = Probe(tracing)
    inner = step(probe, "inner", lambda n: n) | AsyncModel(probe=probe)
    ended = asyncio.Event()
    tasks = []

    async def later(wait: asyncio.Event) -> None:
        await wait.wait()
        await inner.ainvoke("hi")

    async def work(_: Any) -> Any:
        tasks.append(asyncio.create_task(later(ended)))
        return EMPTY

    with probe.watching() as config:
        await chained(work=work).compile().ainvoke(EMPTY, config)
        ended.set()
        await asyncio.gather(*tasks)
    probe.check()
    ours = [span for span in tracing.spans if scope_of(span) == OURS]
    assert len({trace_of(span) for span in ours}) == 1
