"""Knows the programs that call completion models, the older kind that takes and gives text."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.language_models import BaseLLM
from langchain_core.outputs import Generation, GenerationChunk, LLMResult
from langchain_core.runnables import RunnableConfig, RunnableLambda

from modes.models import mark_model
from modes.probe import Probe, Programs

PROGRAMS = Programs()


class Completion(BaseLLM):
    """A completion model that does not stream, in synchronous code only."""

    probe: Any

    @property
    def _llm_type(self) -> str:
        return "probed"

    def _mark(self, manager: Any) -> None:
        mark_model(self, manager)

    def _result(self, prompts: list[str]) -> LLMResult:
        return LLMResult(generations=[[Generation(text="hello")] for _ in prompts])

    def _generate(
        self, prompts: list[str], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> LLMResult:
        self._mark(run_manager)
        return self._result(prompts)


class StreamingCompletion(Completion):
    """A completion model with everything."""

    async def _agenerate(
        self, prompts: list[str], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> LLMResult:
        self._mark(run_manager)
        await asyncio.sleep(0)
        self._mark(run_manager)
        return self._result(prompts)

    def _stream(
        self, prompt: str, stop: Any = None, run_manager: Any = None, **_: Any
    ) -> Iterator[GenerationChunk]:
        for text in ("he", "llo"):
            self._mark(run_manager)
            yield GenerationChunk(text=text)
        self._mark(run_manager)

    async def _astream(
        self, prompt: str, stop: Any = None, run_manager: Any = None, **_: Any
    ) -> AsyncIterator[GenerationChunk]:
        for text in ("he", "llo"):
            self._mark(run_manager)
            await asyncio.sleep(0)
            yield GenerationChunk(text=text)
        self._mark(run_manager)


@PROGRAMS.add("Completion")
def completion(probe: Probe) -> tuple[Any, Any]:
    return Completion(probe=probe), "hi"


@PROGRAMS.add("StreamingCompletion")
def streaming_completion(probe: Probe) -> tuple[Any, Any]:
    return StreamingCompletion(probe=probe), "hi"


@PROGRAMS.add("caller", "StreamingCompletion")
def completion_called_in_a_lambda(probe: Probe) -> tuple[Any, Any]:
    model = StreamingCompletion(probe=probe)

    def call(given: Any, config: RunnableConfig) -> Any:
        for _ in model.stream(given):
            probe.mark("caller")
        model.generate([given], callbacks=config["callbacks"])
        model.generate([given, given, given], callbacks=config["callbacks"])
        probe.mark("caller")
        return model.invoke(given)

    async def acall(given: Any, config: RunnableConfig) -> Any:
        async for _ in model.astream(given):
            probe.mark("caller")
        await model.agenerate([given], callbacks=config["callbacks"])
        await model.agenerate([given, given, given], callbacks=config["callbacks"])
        probe.mark("caller")
        return await model.ainvoke(given)

    return RunnableLambda(call, acall, name="caller"), "hi"
