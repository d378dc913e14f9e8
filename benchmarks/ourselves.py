"""Knows the providers and the CPU clock that the measurements of ourselves alone share."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from langchain_otel import LangChainInstrumentor
from variants import Drop


@contextmanager
def traced(**options: Any) -> Iterator[TracerProvider]:
    """LangChain traced, with an exporter that throws away."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(Drop(), max_queue_size=100_000))
    LangChainInstrumentor().instrument(tracer_provider=provider, **options)
    try:
        yield provider
    finally:
        LangChainInstrumentor().uninstrument()
        provider.shutdown()


def cpu_seconds(work: Callable[[], object]) -> float:
    """The CPU time of all threads that it takes to do something."""
    gc.collect()
    before = time.process_time()
    work()
    return time.process_time() - before
