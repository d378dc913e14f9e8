"""Records how each test of another suite ends and, where it is asked to, traces all that they run.

A pytest plugin for environments that have nothing of our tests: `suites.py` names it with `-p` and
puts this folder on the path. `SUITE_REPORT` is the file that it writes, a line of JSON per fact;
`SUITE_TRACED=1` instruments LangChain with everything recorded, and looks after each test whether
anything was left behind. It judges nothing: `suites.py` compares.
"""

import gc
import json
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from langchain_otel import LangChainInstrumentor, health
from langchain_otel.runs.store import RUNS

REPORT: Final = "SUITE_REPORT"
EVERYTHING: Final[dict[str, Any]] = {
    "capture_message_content": "SPAN_AND_EVENT",
    "capture_state": True,
    "capture_binary": True,
    "cost": True,
    "dialect": "both",
    "max_content_length": 1_000_000,
    "max_span_content_bytes": 10_000_000,
}
OURS: Final = ("opentelemetry", "langchain_otel")
PATIENCE: Final = 2.0
"""How many seconds the threads and tasks of a test may still take to end their runs."""


def pytest_configure(config: pytest.Config) -> None:
    """Record from here on, and trace if that is wanted."""
    config.pluginmanager.register(Outcomes(), "suite-outcomes")
    if os.environ.get("SUITE_TRACED") == "1":
        config.pluginmanager.register(Traced(), "suite-traced")


def said(**fact: Any) -> None:
    """Write one fact down; the processes of pytest-xdist share the file."""
    with Path(os.environ[REPORT]).open("a") as report:
        report.write(json.dumps(fact) + "\n")


class Outcomes:
    """How each test ended, as pytest's own summary counts it."""

    def __init__(self) -> None:
        self.ended: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember the worst of a test's three phases."""
        outcome: str = report.outcome
        if hasattr(report, "wasxfail"):
            outcome = "xfailed" if report.skipped else "xpassed"
        if report.when == "call" or outcome != "passed":
            kept = self.ended.get(report.nodeid) == "failed"
            self.ended[report.nodeid] = "failed" if kept else outcome

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that cannot be collected counts, too."""
        if report.outcome != "passed" and report.nodeid:
            self.ended[report.nodeid] = report.outcome

    def pytest_sessionfinish(self) -> None:
        """Write the outcomes; a worker of pytest-xdist has none of its own."""
        if "PYTEST_XDIST_WORKER" not in os.environ:
            said(outcomes=self.ended)


class Lives(SpanProcessor):
    """How often each span was started and ended."""

    def __init__(self) -> None:
        self.open: Counter[tuple[int, str]] = Counter()

    def on_start(self, span: trace.Span, parent_context: Any = None) -> None:
        """Count a start."""
        self.open[_identity(span)] += 1

    def on_end(self, span: ReadableSpan) -> None:
        """Count an end."""
        self.open[_identity(span)] -= 1

    def wrong(self) -> Iterator[str]:
        """The spans that were not ended exactly once, and what is the matter."""
        for (_, name), count in self.open.items():
            if count:
                yield f"span {name}: {'never ended' if count > 0 else 'ended twice'}"
        self.open.clear()


class Complaints(logging.Handler):
    """What OpenTelemetry, we and LangChain's callbacks warn of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what is about us."""
        text = record.getMessage()
        if record.name.startswith(OURS) or "OpenTelemetryCallbackHandler" in text:
            self.heard.append(f"{record.name}: {text}")


class Traced:
    """LangChain instrumented from before the first test to after the last."""

    def __init__(self) -> None:
        self.lives = Lives()
        self.spans = InMemorySpanExporter()
        self.logs = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
        self.reader = InMemoryMetricReader()
        self.complaints = Complaints()
        self.totals: Counter[str] = Counter()
        self.before = otel_context.get_current()
        logging.getLogger().addHandler(self.complaints)
        tracer_provider = TracerProvider(shutdown_on_exit=False)
        tracer_provider.add_span_processor(self.lives)
        tracer_provider.add_span_processor(SimpleSpanProcessor(self.spans))
        logger_provider = LoggerProvider(shutdown_on_exit=False)
        logger_provider.add_log_record_processor(SimpleLogRecordProcessor(self.logs))
        LangChainInstrumentor().instrument(
            tracer_provider=tracer_provider,
            logger_provider=logger_provider,
            meter_provider=MeterProvider([self.reader], shutdown_on_exit=False),
            **EVERYTHING,
        )

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        """Look, when a test and its fixtures have ended, what they have left of ours."""
        try:
            return (yield)
        finally:
            left = [*self._left()]
            if left:
                said(test=item.nodeid, left=left)
            RUNS.clear()
            health.failures.clear()
            self.complaints.heard.clear()

    def pytest_sessionfinish(self) -> None:
        """Write how much was traced, the metrics among it."""
        self.totals["metric points"] = sum(_points(self.reader))
        LangChainInstrumentor().uninstrument()
        said(totals=self.totals)

    def _left(self) -> Iterator[str]:
        _settle()
        for run in RUNS.open_runs():
            yield f"run open: {getattr(run.span, 'name', run.id)}"
        yield from self._current()
        yield from (f"failure counted: {kind}, {n} times" for kind, n in health.failures.items())
        yield from self.lives.wrong()
        yield from self.complaints.heard
        yield from self._unsendable("spans", self.spans.get_finished_spans(), encode_spans)
        yield from self._unsendable("log records", self.logs.get_finished_logs(), encode_logs)
        self.spans.clear()
        self.logs.clear()

    def _current(self) -> Iterator[str]:
        span = trace.get_current_span()
        if span is not trace.INVALID_SPAN:
            yield f"span current: {span}"
        if otel_context.get_current() != self.before:
            yield f"context: {otel_context.get_current()}"
            otel_context.attach(self.before)

    def _unsendable(
        self, what: str, told: tuple[Any, ...], encode: Callable[[Any], Any]
    ) -> Iterator[str]:
        self.totals[what] += len(told)
        try:
            encode(told)
        except Exception as error:
            yield f"{what} cannot be sent: {error!r}"


def _identity(span: Any) -> tuple[int, str]:
    return span.get_span_context().span_id, span.name


def _settle() -> None:
    # What a test has left to the collector, and to threads that are about to end.
    until = time.monotonic() + PATIENCE
    while len(RUNS) and time.monotonic() < until:
        gc.collect()
        time.sleep(0.02)


def _points(reader: InMemoryMetricReader) -> Iterator[int]:
    data = reader.get_metrics_data()
    if data is None:
        return
    encode_metrics(data)
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            yield from (len(metric.data.data_points) for metric in scope.metrics)
