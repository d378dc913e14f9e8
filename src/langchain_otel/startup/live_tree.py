"""Lets the exporter `langchain_tree`, which a variable named, draw traces while they run.

A variable names an exporter, which sees spans that have ended; what draws sees them begin.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, Final

from langchain_otel.async_exceptions import let_through
from langchain_otel.inspection.providers import global_providers

logger: Final = logging.getLogger("langchain_otel")

EXPORTERS: Final = "langchain_otel.exporters.tree"
# What OpenTelemetry gives an exporter: they know nothing of a span before it has ended.
WAITING: Final = frozenset(("BatchSpanProcessor", "SimpleSpanProcessor"))


def draw_running_traces() -> None:
    """Give the exporter of the global provider the starts of spans, where it prints in a terminal.

    OpenTelemetry's own command calls it by its entry point, once everything is instrumented.
    """
    # An exporter that nobody has made is not imported either.
    if EXPORTERS not in sys.modules:
        return
    try:
        _replace_processors()
    except Exception as error:
        let_through(error)
        logger.debug("Running traces are not drawn.", exc_info=error)


def _replace_processors() -> None:
    from langchain_otel.exporters.live import LiveTreeProcessor, processor_of
    from langchain_otel.exporters.tree import TreeSpanExporter

    provider = global_providers()[0]
    for number, destination in enumerate(provider.destinations):
        exporter = destination.instance
        if isinstance(exporter, TreeSpanExporter) and destination.processor in WAITING:
            processor = processor_of(exporter)
            if isinstance(processor, LiveTreeProcessor):
                _replace(provider.instance, number, processor)


def _replace(tracer_provider: Any, number: int, processor: Any) -> None:
    """Put a processor in the place of another one; the SDK has no way to."""
    active = tracer_provider._active_span_processor
    processors = list(active._span_processors)
    replaced, processors[number] = processors[number], processor
    active._span_processors = tuple(processors)
    replaced.shutdown()
