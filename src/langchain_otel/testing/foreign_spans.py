"""Keeps spans of others in a test, such as HTTP requests, from the application's exporters.

They go to the application's providers, which OpenTelemetry does not let anybody replace. So the
processors of these are replaced while a test is captured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from langchain_otel.testing.recorded_spans import RecordedSpans


class Redirection(SpanProcessor):
    """Gives spans that begin to a test; those that began before, to whoever had them."""

    def __init__(self, spans: RecordedSpans, replaced: Sequence[SpanProcessor]) -> None:
        self._spans: Final = spans
        self.replaced: Final = replaced

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Keep the span for the test."""
        self._spans.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Keep how the span ended, for whom it began."""
        if span in self._spans:
            self._spans.on_end(span)
        else:
            for processor in self.replaced:
                processor.on_end(span)

    def shutdown(self) -> None:
        """Shut down what the application has."""
        for processor in self.replaced:
            processor.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush what the application has."""
        return all(processor.force_flush(timeout_millis) for processor in self.replaced)


def redirect(provider: object, spans: RecordedSpans) -> Callable[[], None]:
    """Give the spans of a provider of the SDK's to a test; gives what undoes it."""
    active: Any = getattr(provider, "_active_span_processor", None)
    replaced = getattr(active, "_span_processors", None)
    if not isinstance(replaced, tuple):
        return lambda: None
    ours = Redirection(spans, replaced)
    active._span_processors = (ours,)

    def undo() -> None:
        # What the application has added meanwhile stays.
        now = active._span_processors
        place = now.index(ours) if ours in now else len(now)
        active._span_processors = (*now[:place], *replaced, *now[place + 1 :])

    return undo
