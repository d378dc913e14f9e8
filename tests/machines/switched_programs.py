"""Makes the programs that run while tracing is switched: each streams, and has runs inside."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final, TypedDict

from langchain_core.runnables import Runnable, RunnableGenerator, RunnableLambda
from langgraph.graph import START, StateGraph

from models import StreamingModel


def chunks() -> Runnable[Any, Any]:
    """Three chunks for one."""

    def generate(inputs: Iterator[Any]) -> Iterator[Any]:
        for given in inputs:
            for _ in range(3):
                yield given

    async def agenerate(inputs: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for given in inputs:
            for _ in range(3):
                yield given

    return RunnableGenerator(generate, agenerate, name="chunks")


def calling() -> Runnable[Any, Any]:
    """A generator that calls a model between its chunks."""

    def generate(inputs: Iterator[Any]) -> Iterator[Any]:
        for given in inputs:
            for _ in range(2):
                yield given
                yield StreamingModel().invoke("hi").content

    async def agenerate(inputs: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for given in inputs:
            for _ in range(2):
                yield given
                yield (await StreamingModel().ainvoke("hi")).content

    return RunnableGenerator(generate, agenerate, name="calling")


class State(TypedDict):
    """What a graph knows."""

    text: str


def graph() -> Any:
    """A graph of two nodes, each of which calls a model."""

    def call(state: Any) -> Any:
        return {"text": str(StreamingModel().invoke("hi").content)}

    async def acall(state: Any) -> Any:
        return {"text": str((await StreamingModel().ainvoke("hi")).content)}

    made = StateGraph(State)
    made.add_node("first", RunnableLambda(call, acall))
    made.add_node("second", RunnableLambda(call, acall))
    made.add_edge(START, "first")
    made.add_edge("first", "second")
    first: Any = RunnableLambda(lambda text: {"text": text})
    return first | made.compile()


PROGRAMS: Final[dict[str, Callable[[], Runnable[Any, Any]]]] = {
    "model": StreamingModel,
    "sequence": lambda: chunks() | StreamingModel(),
    "calling": calling,
    "graph": graph,
}
