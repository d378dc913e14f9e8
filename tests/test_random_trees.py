"""Whatever is put together of LangChain's parts, and however it fails, the spans are the runs."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from langchain_core.runnables import (
    Runnable,
    RunnableBranch,
    RunnableLambda,
    RunnableParallel,
)
from langchain_core.tools import StructuredTool

from langchain_otel import LangChainInstrumentor
from langchain_otel.runs.store import RUNS
from modes.completions import StreamingCompletion
from modes.drive import MODES, Mode, settled, small_heap
from modes.lcel import generator, step
from modes.models import StreamingModel
from modes.probe import Probe, sdk_span
from modes.tools import AsyncRetriever
from recording import Tracing

RUN_MODES = tuple(
    mode
    for mode in MODES
    if mode.name.removeprefix("a") in {"invoke", "stream", "batch", "stream_closed", "transform"}
)


class PlannedError(Exception):
    """The failure that a tree plans."""


@dataclass(frozen=True)
class Tree:
    """A runnable to be: its kind, what it is made of, and whether its body fails."""

    kind: str
    parts: tuple["Tree", ...] = ()
    fails: bool = field(default=False)


class Builder:
    """Makes runnables of trees, each with a name of its own."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._count = 0

    def build(self, tree: Tree) -> Runnable[Any, Any]:
        self._count += 1
        name = f"{tree.kind}-{self._count}"
        make: Callable[[Tree, str], Runnable[Any, Any]] = getattr(self, f"_{tree.kind}")
        return make(tree, name)

    def _parts(self, tree: Tree) -> list[Runnable[Any, Any]]:
        return [self.build(part) for part in tree.parts]

    def _lambda(self, tree: Tree, name: str) -> Runnable[Any, Any]:
        return step(self._probe, name, failing if tree.fails else text)

    def _generator(self, tree: Tree, name: str) -> Runnable[Any, Any]:
        chunks = generator(self._probe, name, 2)
        return number | (chunks | self._lambda(tree, f"after-{name}") if tree.fails else chunks)

    def _model(self, tree: Tree, name: str) -> Runnable[Any, Any]:
        model = FailingModel if tree.fails else StreamingModel
        return text | model(probe=self._probe)

    def _completion(self, tree: Tree, name: str) -> Runnable[Any, Any]:
        return text | StreamingCompletion(probe=self._probe)

    def _retriever(self, tree: Tree, name: str) -> Runnable[Any, Any]:
        return text | AsyncRetriever(probe=self._probe)

    def _tool(self, tree: Tree, name: str) -> Runnable[Any, Any]:
        inner = self._parts(tree)

        def tool(word: str) -> str:
            """Run what is inside."""
            self._probe.mark(name)
            result = [part.invoke(word) for part in inner]
            self._probe.mark(name)
            return failing(word) if tree.fails else str(result)

        async def atool(word: str) -> str:
            """Run what is inside."""
            self._probe.mark(name)
            result = [await part.ainvoke(word) for part in inner]
            self._probe.mark(name)
            return failing(word) if tree.fails else str(result)

        as_arguments: Runnable[Any, Any] = RunnableLambda(
            lambda given: {"word": text(given)}, name=f"in-{name}"
        )
        return as_arguments | StructuredTool.from_function(tool, atool, name=name)

    def _sequence(self, tree: Tree, name: str) -> Runnable[Any, Any]:
        first, *others = self._parts(tree)
        for other in others:
            first = first | other
        return first

    def _parallel(self, tree: Tree, name: str) -> Runnable[Any, Any]:
        return RunnableParallel({str(i): part for i, part in enumerate(self._parts(tree))})

    def _branch(self, tree: Tree, name: str) -> Runnable[Any, Any]:
        first, *others = self._parts(tree)
        condition = step(self._probe, f"condition-{name}", lambda _: not tree.fails)
        return RunnableBranch((condition, first), others[0] if others else RunnableLambda(text))

    def _fallbacks(self, tree: Tree, name: str) -> Runnable[Any, Any]:
        first, *others = self._parts(tree)
        return first.with_fallbacks(others, exceptions_to_handle=(PlannedError,))

    def _retry(self, tree: Tree, name: str) -> Runnable[Any, Any]:
        (inner,) = self._parts(tree)
        return inner.with_retry(
            retry_if_exception_type=(PlannedError,),
            stop_after_attempt=2,
            wait_exponential_jitter=False,
            exponential_jitter_params={"initial": 0, "max": 0},
        )

    def _caller(self, tree: Tree, name: str) -> Runnable[Any, Any]:
        inner = self._parts(tree)

        def call(given: Any) -> Any:
            for part in inner:
                for _ in part.stream(given):
                    self._probe.mark(name)
            self._probe.mark(name)
            return failing(given) if tree.fails else text(given)

        async def acall(given: Any) -> Any:
            for part in inner:
                async for _ in part.astream(given):
                    self._probe.mark(name)
            self._probe.mark(name)
            return failing(given) if tree.fails else text(given)

        return RunnableLambda(call, acall, name=name)


def text(given: Any) -> str:
    """Anything as a short text, for the next part."""
    return str(getattr(given, "content", given))[:9]


number: Runnable[Any, Any] = RunnableLambda(lambda _: 1, name="number")


def failing(_: Any) -> Any:
    raise PlannedError("planned")


class FailingModel(StreamingModel):
    """A chat model that fails before its first chunk."""

    def _answer(self, messages: Any) -> Any:
        return failing(messages)


def trees() -> st.SearchStrategy[Tree]:
    """Trees of parts, of which some fail."""
    fails = st.sampled_from((False, False, False, True))
    leaves = st.builds(
        Tree,
        st.sampled_from(("lambda", "generator", "model", "completion", "retriever", "tool")),
        fails=fails,
    )
    return st.recursive(
        leaves,
        lambda parts: st.one_of(
            st.builds(
                Tree,
                st.sampled_from(("sequence", "parallel", "branch", "fallbacks", "caller")),
                st.lists(parts, min_size=2, max_size=3).map(tuple),
                fails,
            ),
            st.builds(
                Tree,
                st.sampled_from(("retry", "caller", "tool")),
                parts.map(lambda part: (part,)),
                fails,
            ),
        ),
        max_leaves=6,
    )


LEAF, BAD = Tree("lambda"), Tree("lambda", fails=True)


@pytest.fixture(autouse=True, scope="module")
def only_small_garbage() -> Iterator[None]:
    with small_heap():
        yield


@settings(max_examples=120, deadline=None, derandomize=True)
@given(tree=trees(), mode=st.sampled_from(RUN_MODES), under_a_span=st.booleans())
@example(
    tree=Tree("fallbacks", (BAD, Tree("parallel", (LEAF, LEAF)))),
    mode=RUN_MODES[0],
    under_a_span=True,
)
@example(
    tree=Tree("tool", (Tree("caller", (Tree("model"), BAD)),)),
    mode=RUN_MODES[3],
    under_a_span=False,
)
def test_the_spans_of_a_random_tree_are_its_runs(
    tree: Tree, mode: Mode, *, under_a_span: bool
) -> None:
    """Same tree, right current span in every body, clean context, no run open, all spans ended."""
    # Hypothesis seeds what the SDK makes ids from: each example has providers of its own.
    tracing = Tracing()
    tracing.on()
    try:
        with tracing.user_span("user") if under_a_span else nullcontext() as span:
            probe = Probe(tracing)
            execute(tree, mode, probe)
        probe.check(None if span is None else sdk_span(span))
        assert len(RUNS) == 0
    finally:
        LangChainInstrumentor().uninstrument()
        RUNS.clear()


def execute(tree: Tree, mode: Mode, probe: Probe) -> None:
    it = Builder(probe).build(tree)
    if mode.kind == "async":
        asyncio.run(aexecute(it, mode, probe))
        return
    with probe.watching() as config:
        with suppress(PlannedError):
            mode.run(it, "given", config, probe)
        gc.collect()


async def aexecute(it: Runnable[Any, Any], mode: Mode, probe: Probe) -> None:
    with probe.watching() as config:
        with suppress(PlannedError):
            await mode.run(it, "given", config, probe)
        await settled()
