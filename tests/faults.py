"""What tests of faults run, and what must hold after each fault."""

from collections.abc import Callable
from typing import Any, Final

from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from opentelemetry import context as otel_context
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY

from langchain_otel.runs.current_frame import current_frame
from langchain_otel.runs.store import RUNS
from models import Model, Retriever, StreamingModel
from recording import Tracing, id_of


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def _ask(_: Any) -> str:
    add.invoke({"a": 1, "b": 2})
    Retriever().invoke("hello")
    return "hello"


chain: Final = RunnableLambda(_ask, name="ask") | Model()

PROGRAMS: Final[dict[str, Callable[[], Any]]] = {
    "model": lambda: Model().invoke("hello"),
    "stream": lambda: list(StreamingModel(words=["one"]).stream("hello")),
    "tool": lambda: add.invoke({"a": 1, "b": 2}),
    "retriever": lambda: Retriever().invoke("hello"),
    "chain": lambda: chain.invoke("hello"),
}


class Checked:
    """A program that is traced whole, also after a fault."""

    def __init__(self, tracing: Tracing, program: Callable[[], Any]) -> None:
        self._tracing = tracing
        self._program = program
        self._before = otel_context.get_current()
        self._expected = self._names()

    def faults(self) -> list[str]:
        """What is not as it was before."""
        found = []
        if len(RUNS):
            found.append(f"open runs: {[run.operation.family for run in RUNS.open_runs()]}")
            RUNS.clear()
        current = otel_context.get_current()
        if _SUPPRESS_INSTRUMENTATION_KEY in current:
            # The SDK's own processor sets it, and may have no memory to take it back.
            otel_context.attach(self._before)
        elif current is not self._before:
            found.append("the context is another one")
        if current_frame() is not None:
            found.append("a frame was not left")
        names = self._names()
        if names != self._expected:
            found.append(f"the next run has other spans: {names}")
        return found

    def _names(self) -> list[str]:
        """The names of the spans of a run of its own, each with its parent's."""
        self._tracing.exporter.clear()
        self._program()
        names = {id_of(span): span.name for span in self._tracing.spans}
        return sorted(
            f"{'' if span.parent is None else names[span.parent.span_id]} > {span.name}"
            for span in self._tracing.spans
        )
