"""Knows the ways in which a program can be run: bare, with spans by hand, with each package.

A variant is a context manager that gives the configuration to run programs with. The packages
stand in environments of their own and are imported by name, where they are there.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from typing import Any, Final

from langchain_core.callbacks import BaseCallbackHandler
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler, TraceIdRatioBased

from restoring import restored
from smallest import SmallestBridge

SAMPLERS: Final[dict[str, Sampler]] = {
    "all": ALWAYS_ON,
    "10 %": TraceIdRatioBased(0.1),
    "none": ALWAYS_OFF,
}

Config = dict[str, Any]
Variant = Callable[["Sink", bool], AbstractContextManager[Config]]


class Drop(SpanExporter):
    """An exporter that counts and throws away, or keeps while it is asked to."""

    def __init__(self) -> None:
        self.count = 0
        self.kept: list[ReadableSpan] | None = None

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.count += len(spans)
        if self.kept is not None:
            self.kept.extend(spans)
        return SpanExportResult.SUCCESS


class Sink:
    """A provider with a sampler, and where its spans go."""

    def __init__(self, sampler: str) -> None:
        self.name = sampler
        self.exporter = Drop()
        self.provider = TracerProvider(SAMPLERS[sampler], shutdown_on_exit=False)
        self.provider.add_span_processor(BatchSpanProcessor(self.exporter))


class Empty(BaseCallbackHandler):
    """A handler that does nothing, inline: LangChain's own price of having one."""

    run_inline = True

    def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        # Without it LangChain makes one text of all messages, for `on_llm_start`.
        return


@contextmanager
def bare(_: Sink, _content: bool) -> Iterator[Config]:
    yield {}


@contextmanager
def empty(_: Sink, _content: bool) -> Iterator[Config]:
    yield {"callbacks": [Empty()]}


@contextmanager
def smallest(sink: Sink, content: bool) -> Iterator[Config]:
    yield {"callbacks": [SmallestBridge(sink.provider, content=content)]}


@contextmanager
def ours(sink: Sink, content: bool, **options: Any) -> Iterator[Config]:
    instrumentor = import_module("langchain_otel").LangChainInstrumentor()
    mode = "SPAN_ONLY" if content else "NO_CONTENT"
    instrumentor.instrument(tracer_provider=sink.provider, capture_message_content=mode, **options)
    try:
        yield {}
    finally:
        instrumentor.uninstrument()


@contextmanager
def measured(sink: Sink, content: bool) -> Iterator[Config]:
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    meters = MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False)
    with ours(sink, content, meter_provider=meters):
        yield {}


@contextmanager
def openinference(sink: Sink, content: bool) -> Iterator[Config]:
    package = import_module("openinference.instrumentation.langchain")
    settings = import_module("openinference.instrumentation").TraceConfig
    config = settings(hide_inputs=not content, hide_outputs=not content)
    with _instrumented(package.LangChainInstrumentor(), sink, config=config):
        yield {}


@contextmanager
def traceloop(sink: Sink, content: bool) -> Iterator[Config]:
    os.environ["TRACELOOP_TRACE_CONTENT"] = str(content).lower()
    package = import_module("opentelemetry.instrumentation.langchain")
    with _instrumented(package.LangchainInstrumentor(), sink):
        yield {}


@contextmanager
def official(sink: Sink, content: bool) -> Iterator[Config]:
    variable = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
    os.environ[variable] = "SPAN_ONLY" if content else "NO_CONTENT"
    package = import_module("opentelemetry.instrumentation.genai.langchain")
    with _instrumented(package.LangChainInstrumentor(), sink):
        yield {}


@contextmanager
def langfuse(sink: Sink, content: bool) -> Iterator[Config]:
    # It keeps one client a key, adds a processor of its own to the provider, and has no switch
    # for content but a function that masks it.
    key = f"pk-{sink.name}-{content}"
    client = import_module("langfuse")
    if key not in _CLIENTS:
        provider = TracerProvider(SAMPLERS[sink.name], shutdown_on_exit=False)
        _CLIENTS[key] = client.Langfuse(
            public_key=key,
            secret_key="sk",  # noqa: S106
            base_url="http://127.0.0.1:9",
            tracer_provider=provider,
            span_exporter=sink.exporter,
            mask=None if content else _masked,
        )
        _FLUSHES.append(provider.force_flush)
    handler = import_module("langfuse.langchain").CallbackHandler(public_key=key)
    yield {"callbacks": [handler]}


_CLIENTS: Final[dict[str, Any]] = {}
_FLUSHES: Final[list[Callable[[], bool]]] = []

VARIANTS: Final[dict[str, Variant]] = {
    "bare": bare,
    "empty handler": empty,
    "smallest bridge": smallest,
    "langchain-otel": ours,
    "langchain-otel, metrics": measured,
    "OpenInference": openinference,
    "Traceloop": traceloop,
    "official": official,
    "Langfuse": langfuse,
}


def flush(sink: Sink) -> None:
    """Wait until every span has reached the exporter."""
    sink.provider.force_flush()
    for other in _FLUSHES:
        other()


def _masked(*, data: Any, **_: Any) -> str:
    del data
    return ""


@contextmanager
def _instrumented(instrumentor: Any, sink: Sink, **options: Any) -> Iterator[None]:
    with restored():
        instrumentor.instrument(tracer_provider=sink.provider, **options)
        try:
            yield
        finally:
            instrumentor.uninstrument()
