"""Draws running traces in a terminal while they grow; each settles into its tree when it ends."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final
from weakref import WeakMethod

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from langchain_otel import health
from langchain_otel.exporters.live_frame import frame_of
from langchain_otel.exporters.screen import Screen, screen_of
from langchain_otel.exporters.span_facts import Spans
from langchain_otel.exporters.tree import TreeSpanExporter
from langchain_otel.runs.store import RUNS

SECONDS: Final = 0.125
MAX_SPANS: Final = 1_000  # of a trace; more fit no screen
MAX_TRACES: Final = 100
PATIENCE_SECONDS: Final = 1.0


def processor_of(exporter: TreeSpanExporter) -> SimpleSpanProcessor:
    """What prints each trace at once: in a terminal it is drawn while it grows, too."""
    screen = screen_of(exporter.out, exporter.lock)
    return SimpleSpanProcessor(exporter) if screen is None else LiveTreeProcessor(exporter, screen)


class LiveTreeProcessor(SimpleSpanProcessor):
    """Draws what is open, and gives what has ended to the exporter, which prints it."""

    def __init__(self, exporter: TreeSpanExporter, screen: Screen) -> None:
        super().__init__(exporter)
        self._screen: Final = screen
        self._traces: dict[int, dict[int, Span]] = {}
        self._lock: Final = exporter.lock
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        self._is_off = False
        # A thread that draws while the interpreter ends could keep it from ending.
        atexit.register(self._stop)
        _at_fork(WeakMethod(self._in_child))

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Draw the span from now on."""
        if self._is_off or len(self._traces) >= MAX_TRACES:
            return
        try:
            trace = self._traces.setdefault(span.context.trace_id, {})
            if len(trace) < MAX_SPANS:
                trace[span.context.span_id] = span
            if self._thread is None:
                self._begin()
        except Exception as error:
            health.failed("live", error)

    def on_end(self, span: ReadableSpan) -> None:
        """Let the trace settle if this was its root; the exporter prints it."""
        self._settle(span)
        super().on_end(span)
        if not self._traces:
            self._release()

    def shutdown(self) -> None:
        """Draw nothing any more, and print what is left."""
        self._stop()
        super().shutdown()

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None:
                self._stopped = threading.Event()
                thread = threading.Thread(
                    target=self._draw, args=(self._stopped,), name="langchain-otel", daemon=True
                )
                thread.start()
                self._thread = thread

    def _draw(self, stopped: threading.Event) -> None:
        """Draw until nothing is open, a few times in a second."""
        while not stopped.wait(SECONDS):
            with self._lock:
                if not self._traces:
                    self._thread = None
                    return
            try:
                self._draw_once()
            except Exception as error:
                health.failed("live", error)

    def _draw_once(self) -> None:
        traces: list[Spans] = [list(trace.values()) for trace in list(self._traces.values())]
        lines = frame_of(traces, chunks_by_span(), self._screen.out, *self._screen.size)
        # What has settled meanwhile may not be drawn again.
        with self._lock:
            if self._traces:
                self._screen.draw(lines)

    def _settle(self, span: ReadableSpan) -> None:
        """Draw the tree that the span is the root of no more: it is about to be printed."""
        trace = self._traces.get(span.context.trace_id, {})
        parent = span.parent
        is_root = parent is None or parent.is_remote
        if parent is not None and not is_root and parent.span_id in trace:
            return
        with self._lock:
            for span_id, begun in list(trace.items()):
                if begun.end_time is not None:
                    trace.pop(span_id, None)
            if not trace:
                self._traces.pop(span.context.trace_id, None)
        try:
            if is_root:
                self._screen.end_line()
        except Exception as error:
            health.failed("live", error)

    def _release(self) -> None:
        try:
            self._screen.release()
        except Exception as error:
            health.failed("live", error)

    def _stop(self) -> None:
        self._is_off = True
        self._stopped.set()
        self._traces.clear()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(PATIENCE_SECONDS)
        self._release()
        atexit.unregister(self._stop)

    def _in_child(self) -> None:
        # The terminal is the parent's to draw in; what ends here is printed all the same.
        self._is_off = True
        self._thread = None
        self._traces.clear()
        self._screen.forget()


def chunks_by_span() -> dict[int, int]:
    """How many chunks of an answer have come, by the id of the span."""
    with suppress(RuntimeError):  # the store was changed meanwhile
        return {
            run.span.get_span_context().span_id: len(run.chunks.items)
            for run in RUNS.open_runs()
            if run.chunks is not None
        }
    return {}


def _at_fork(action: WeakMethod[Callable[[], None]]) -> None:
    def in_child() -> None:
        alive = action()
        if alive is not None:
            alive()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=in_child)
