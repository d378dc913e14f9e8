"""Exporters that refuse, hang, come back or are full: the application goes on; it is said once."""

import json
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from inspect import signature
from pathlib import Path
from typing import Any, Final

import pytest
from langchain_core.runnables import RunnableLambda
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)

from langchain_otel import LangChainInstrumentor
from langchain_otel.exporters.otlp_file import FileSpanExporter
from langchain_otel.runs.store import RUNS
from models import Model, StreamingModel
from waiting import PATIENCE

PROCESSED: Final = "otel.sdk.processor.span.processed"
# Before, the SDK neither counted what it dropped nor said it once.
COUNTS: Final = "meter_provider" in signature(BatchSpanProcessor).parameters
say: Final = RunnableLambda(lambda text: text, name="say")
chain: Final = say | Model()


class Backend(SpanExporter):
    """Takes spans, or does what the test wants instead."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.reader = InMemoryMetricReader()
        self.processor: Any = None
        self.provider: Any = None
        self.does: Callable[[], SpanExportResult] = lambda: SpanExportResult.SUCCESS

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self.does()
        if result is SpanExportResult.SUCCESS:
            self.names += [span.name for span in spans]
        return result

    def dropped(self) -> int:
        """How many spans did not fit into the queue, as the SDK counts them."""
        data: Any = self.reader.get_metrics_data()
        metrics = [
            each for scope in data.resource_metrics[0].scope_metrics for each in scope.metrics
        ]
        (points,) = [each.data.data_points for each in metrics if each.name == PROCESSED]
        return sum(
            point.value for point in points if point.attributes.get("error.type") == "queue_full"
        )


class Hanging:
    """What hangs until the test lets it go on."""

    def __init__(self) -> None:
        self.has_begun = threading.Event()
        self.may_end = threading.Event()

    def __call__(self) -> SpanExportResult:
        self.has_begun.set()
        assert self.may_end.wait(PATIENCE)
        return SpanExportResult.SUCCESS


def raises() -> SpanExportResult:
    raise ConnectionError("the backend is away")


FAULTS: Final[dict[str, Callable[[], SpanExportResult]]] = {
    "refuses": lambda: SpanExportResult.FAILURE,
    "raises": raises,
}


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    """A queue of four waits for it, and what does not fit is counted."""
    monkeypatch.setenv("OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED", "true")
    backend = Backend()
    counted: Any = {"meter_provider": MeterProvider([backend.reader])} if COUNTS else {}
    provider = TracerProvider(shutdown_on_exit=False)
    backend.processor = BatchSpanProcessor(
        backend,
        max_queue_size=4,
        max_export_batch_size=1,
        schedule_delay_millis=1,
        **counted,
    )
    provider.add_span_processor(backend.processor)
    backend.provider = provider
    LangChainInstrumentor().instrument(tracer_provider=provider)
    yield backend
    LangChainInstrumentor().uninstrument()
    provider.shutdown()


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_away_for_a_while(
    fault: str, backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    """What is sent meanwhile is lost, the application sees nothing, what comes later arrives."""
    backend.does = FAULTS[fault]
    assert Model().invoke("hello").text == "one two three"
    backend.processor.force_flush()
    backend.does = Backend().does
    chain.invoke("hello")
    backend.processor.force_flush()
    assert sorted(backend.names) == ["chat", "invoke_workflow", "say"]
    # The SDK says what an exporter raises.
    caplog.clear()


def test_it_hangs(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    """The application goes on; what does not fit the queue is said once, and all of it counted."""
    hanging = Hanging()
    backend.does = hanging
    Model().invoke("hello")
    assert hanging.has_begun.wait(PATIENCE)
    for _ in range(10):
        assert Model().invoke("hello").text == "one two three"
    assert len(RUNS) == 0
    said = [each.getMessage() for each in caplog.records]
    caplog.clear()
    hanging.may_end.set()
    backend.processor.force_flush()
    assert len(backend.names) == 1 + 4
    if not COUNTS:
        return
    assert said == ["Queue full, dropping Span."]
    assert backend.dropped() == 10 - 4


def test_the_provider_is_shut_down_while_runs_are_open(backend: Backend) -> None:
    """The stream goes on to its end; what ended before has been sent, and no run stays open."""
    stream = (say | StreamingModel()).stream("hello")
    first = next(stream)
    backend.provider.shutdown()
    assert "".join([first.text, *(each.text for each in stream)]) == "onetwothree"
    assert Model().invoke("hello").text == "one two three"
    assert len(RUNS) == 0
    assert set(backend.names) <= {"say"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file")
def test_a_disk_is_full(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is said once, no half line stays, and the file goes on where there is room again."""
    import resource

    file = tmp_path / "traces.jsonl"
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(FileSpanExporter(file)))
    LangChainInstrumentor().instrument(tracer_provider=provider)
    Model().invoke("hello")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 100, hard))
    try:
        for _ in range(3):
            assert Model().invoke("hello").text == "one two three"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    Model().invoke("hello")
    LangChainInstrumentor().uninstrument()
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(lines) == 2
    (warning,) = [each.getMessage() for each in caplog.records]
    assert warning.startswith(f"Traces cannot be written to {file}: ")
