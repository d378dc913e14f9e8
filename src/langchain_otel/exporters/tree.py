"""Prints each trace in the terminal as one tree, as soon as its root has ended."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Final

from langchain_otel.exporters.tree_mode import mode_of
from langchain_otel.forks import fork_safe

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

try:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    from langchain_otel.exporters.drawing import drawn
    from langchain_otel.exporters.evaluation_results import is_evaluation
    from langchain_otel.exporters.notebook import ShownTrace, notebook_display
    from langchain_otel.exporters.span_facts import Spans
except ImportError as missing:
    raise ImportError(f'no {missing.name}: pip install "langchain-otel[console]"') from missing

MAX_TRACES: Final = 100
MAX_SPANS: Final = 10_000  # waiting, and as many whose ids are known to be printed


class TreeSpanExporter(SpanExporter):
    """Prints a trace when its root has ended; what ends later is printed as its continuation.

    `out` is where (default: standard output). `mode` is how much of it: `compact` is one line for
    each span, `content` also what was asked and answered, `full` everything that is recorded
    (default: what the variable `LANGCHAIN_OTEL_TREE` says, else `compact`). In a notebook, a trace
    is shown below its cell, unless `out` is given.
    """

    def __init__(self, out: IO[str] | None = None, mode: str | None = None) -> None:
        self._out = out
        self._mode: Final = mode_of(mode)
        # Reentrant, because the garbage collector may end a span in the middle of an export.
        self.lock: Final = fork_safe(threading.RLock())
        self._waiting: dict[int, Spans] = {}
        self._printed: dict[int, str] = {}

    @property
    def out(self) -> IO[str]:
        """Where it prints: looked up anew each time, unless it was given a place."""
        return self._out or sys.stdout

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Print what is complete now, and keep the rest."""
        with self.lock:
            for span in spans:
                self._waiting.setdefault(span.context.trace_id, []).append(span)
            for span in spans:
                self._print_from(span)
            self._keep()
        return SpanExportResult.SUCCESS

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Keep what is not complete."""
        return True

    def shutdown(self) -> None:
        """Print what is left, complete or not."""
        with self.lock:
            self._keep(traces=0)

    def _print_from(self, span: ReadableSpan) -> None:
        parent = span.parent
        if span.context.span_id in self._printed:
            return
        if parent is None:
            self._print(self._waiting.pop(span.context.trace_id))
        elif parent.is_remote or parent.span_id in self._printed:
            tree, rest = _divided(self._waiting.pop(span.context.trace_id), span)
            if rest:
                self._waiting.setdefault(span.context.trace_id, []).extend(rest)
            self._print(tree, self._note(span, parent))

    def _note(self, span: ReadableSpan, parent: SpanContext) -> str:
        if is_evaluation(span):
            name = self._printed.get(parent.span_id)
            return f"evaluation of {name or f'span {parent.span_id:016x}'}"
        return "" if parent.is_remote else "continued"

    def _keep(self, traces: int = MAX_TRACES) -> None:
        while len(self._waiting) > traces or sum(map(len, self._waiting.values())) > MAX_SPANS:
            self._print(self._waiting.pop(next(iter(self._waiting))), "unfinished")
        while len(self._printed) > MAX_SPANS:
            del self._printed[next(iter(self._printed))]

    def _print(self, spans: Spans, note: str = "") -> None:
        self._printed.update((span.context.span_id, span.name) for span in spans)
        show = notebook_display() if self._out is None else None
        if show is not None:
            show(ShownTrace(spans, note, self._mode))
            return
        out = self.out
        # When the terminal is gone, nobody is left to print for.
        with suppress(OSError, ValueError):
            out.write(drawn(spans, note, out, self._mode))
            out.flush()


def _divided(spans: Spans, top: ReadableSpan) -> tuple[Spans, Spans]:
    """The spans from this one down, and the others."""
    children: dict[int | None, Spans] = {}
    for span in spans:
        if span is not top:
            children.setdefault(span.parent and span.parent.span_id, []).append(span)
    tree = [top]
    for span in tree:
        tree.extend(children.pop(span.context.span_id, ()))
    return tree, [span for siblings in children.values() for span in siblings]
