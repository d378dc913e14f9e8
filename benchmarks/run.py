"""Measures the CPU time that tracing adds per LangChain run, side by side in one interleaved run.

    python benchmarks/run.py

Every variant runs every program in turn, many times over; the figure is the median of the CPU
microseconds of the whole process (the exporter's thread too) beyond those of bare LangChain.
"""

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind

from langchain_otel import LangChainInstrumentor
from programs import Work, works

REPETITIONS = 15
START = {f"gen_ai.attribute.{number}": f"value {number}" for number in range(7)}
END: dict[str, Any] = {"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 5, "x": "y"}

Call = Callable[[Work], None]


class Drop(SpanExporter):
    """An exporter that throws everything away."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS


class Empty(BaseCallbackHandler):
    """A handler that does nothing, inline: LangChain's own price of having one."""

    run_inline = True


def provider() -> TracerProvider:
    made = TracerProvider(shutdown_on_exit=False)
    made.add_span_processor(BatchSpanProcessor(Drop(), max_queue_size=100_000))
    return made


@contextmanager
def bare() -> Iterator[Call]:
    yield lambda work: work.call({})


@contextmanager
def empty_handler() -> Iterator[Call]:
    config = {"callbacks": [Empty()]}
    yield lambda work: work.call(config)


@contextmanager
def raw_spans() -> Iterator[Call]:
    tracer = PROVIDER.get_tracer("raw")

    def call(work: Work) -> None:
        work.call({})
        for _ in range(work.runs):
            span = tracer.start_span("raw", kind=SpanKind.CLIENT, attributes=START)
            span.set_attributes(END)
            span.end()

    yield call


def ours(content: str) -> Callable[[], Any]:
    @contextmanager
    def variant() -> Iterator[Call]:
        LangChainInstrumentor().instrument(
            tracer_provider=PROVIDER, capture_message_content=content
        )
        yield lambda work: work.call({})
        LangChainInstrumentor().uninstrument()

    return variant


PROVIDER = provider()
VARIANTS: dict[str, Callable[[], Any]] = {
    "bare": bare,
    "empty inline handler": empty_handler,
    "raw spans": raw_spans,
    "langchain-otel": ours("NO_CONTENT"),
    "langchain-otel, content on": ours("SPAN_ONLY"),
}


def measure(variant: Callable[[], Any], work: Work) -> float:
    """CPU microseconds for one LangChain run of `work`."""
    with variant() as call:
        call(work)
        gc.collect()
        before = time.process_time()
        for _ in range(work.repeat):
            call(work)
        PROVIDER.force_flush()
        return (time.process_time() - before) / work.repeat / work.runs * 1e6


def main() -> None:
    """Print a table: a row a program, a column a variant, medians and their spread."""
    for work in works():
        times: dict[str, list[float]] = {name: [] for name in VARIANTS}
        for _ in range(REPETITIONS):
            for name, variant in VARIANTS.items():
                times[name].append(measure(variant, work))
        base = times["bare"]
        print(f"{work.name} ({work.runs} runs), bare {statistics.median(base):.0f} µs per run")
        for name, values in times.items():
            if name != "bare":
                added = [value - bare for value, bare in zip(values, base, strict=True)]
                low, high = statistics.quantiles(added, n=4)[::2]
                print(f"  {name:28} +{statistics.median(added):5.1f} µs  ({low:.1f} to {high:.1f})")


if __name__ == "__main__":
    main()
