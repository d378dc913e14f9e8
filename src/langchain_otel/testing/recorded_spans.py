"""Keeps the spans of a test from their start on, in the order in which they began and ended."""

from __future__ import annotations

import sys
import threading
from copy import copy
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from langchain_otel import semconv
from langchain_otel.forks import fork_safe
from langchain_otel.testing.strands import Strand, Strands

CONFIG_MODULE: Final = "langchain_core.runnables.config"
STEP: Final = "langgraph_step"


@dataclass(slots=True)
class Recorded:
    """A span, its place among all starts and ends, and where and in which step it was started.

    Clocks may stand still or go back: order is a matter of places.
    """

    span: ReadableSpan
    strand: Strand
    step: object
    began: int
    ended: int | None = None


class RecordedSpans(SpanProcessor):
    """Every span that began since this was made."""

    def __init__(self) -> None:
        self._spans: dict[int, Recorded] = {}
        # Reentrant, because the garbage collector may end a span in the middle of a start.
        self._lock: Final = fork_safe(threading.RLock())
        self._places: Final = count()
        self._strands: Final = Strands()
        self.home: Final = self._strands.current()

    def __contains__(self, span: ReadableSpan) -> bool:
        return span.context.span_id in self._spans

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Keep the span, which is open now."""
        strand, step = self._strands.current(), _step_around()
        with self._lock:
            self._spans[span.context.span_id] = Recorded(span, strand, step, next(self._places))

    def on_end(self, span: ReadableSpan) -> None:
        """Keep how the span ended."""
        with self._lock:
            recorded = self._spans.get(span.context.span_id)
            if recorded is not None:
                recorded.span, recorded.ended = span, next(self._places)

    def all(self) -> list[Recorded]:
        """The spans as they are now, in the order in which they began."""
        with self._lock:
            return [copy(each) for each in self._spans.values()]


def _step_around() -> object:
    """The step of the graph in whose node a span is started."""
    variable: Any = getattr(sys.modules.get(CONFIG_MODULE), "var_child_runnable_config", None)
    config = None if variable is None else variable.get()
    return ((config or {}).get("metadata") or {}).get(STEP)


def step_of(recorded: Recorded) -> object:
    """The step of a graph that a node's span names, or else in which the span was started."""
    own = (recorded.span.attributes or {}).get(semconv.LANGGRAPH_STEP)
    return recorded.step if own is None else own
