"""Measures what the standard encoders of metrics and logs cost the process that exports.

    python benchmarks/encoders.py

They run in the thread that exports, and hold the interpreter: metrics once a minute, by default,
with all series that there are; logs with each batch.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import (
    InMemoryLogRecordExporter,
    SimpleLogRecordProcessor,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

NUMBER: Final = 1_000
REPETITIONS: Final = 7
WORDS: Final = "words that somebody had to say about the matter " * 20


def series() -> Any:
    """What a reader collects of so many series of a histogram."""
    reader = InMemoryMetricReader()
    meter = MeterProvider([reader], shutdown_on_exit=False).get_meter("encoders")
    histogram = meter.create_histogram("gen_ai.client.operation.duration", "s")
    for number in range(NUMBER):
        histogram.record(
            0.1, {"gen_ai.request.model": f"model-{number}", "gen_ai.operation": "chat"}
        )
    return reader.get_metrics_data()


def records() -> Sequence[Any]:
    """So many log records of model calls, each with a message."""
    exporter: Any = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    logger = provider.get_logger("encoders")
    message = {"role": "user", "parts": [{"type": "text", "content": WORDS}]}
    for _ in range(NUMBER):
        attributes: Any = {"gen_ai.operation.name": "chat", "gen_ai.input.messages": [message]}
        logger.emit(LogRecord(event_name="gen_ai.client.inference", attributes=attributes))
    finished: Sequence[Any] = exporter.get_finished_logs()
    return finished


def milliseconds(encode: Callable[[], bytes]) -> float:
    """The least CPU time that an encoding takes."""
    times = []
    for _ in range(REPETITIONS):
        before = time.process_time()
        encode()
        times.append(time.process_time() - before)
    return min(times) * 1e3


def main() -> None:
    collected, finished = series(), records()
    metrics = milliseconds(lambda: encode_metrics(collected).SerializeToString())
    logs = milliseconds(lambda: encode_logs(finished).SerializeToString())
    print(
        f"{NUMBER:,} series of a histogram: {metrics:.1f} ms; {NUMBER:,} log records: {logs:.1f} ms"
    )


if __name__ == "__main__":
    main()
