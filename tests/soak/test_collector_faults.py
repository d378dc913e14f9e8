"""A Collector that dies, and one whose disk is full: the application goes on, and sends again."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from langchain_core.runnables import RunnableLambda
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from backends.collectors import SINK, Collector, Collectors, wait_for
from backends.conftest import binaries, made
from langchain_otel import LangChainInstrumentor
from langchain_otel.exporters.otlp_grpc import GrpcSpanExporter
from langchain_otel.exporters.otlp_http import HttpSpanExporter
from models import Model
from waiting import PATIENCE

__all__ = ["binaries", "made"]

CHAIN: Final = RunnableLambda(lambda text: text, name="say") | Model()
# Sampling keeps undecided traces in memory, and a crash loses those.
UNSAMPLED: Final = ("production.yaml", Path(__file__).parent / "unsampled.yaml")
SPANS: Final = 3
DISK: Final = 2_000_000
# What fills it in one request.
TEXT: Final = "x" * 100_000
EXPORTERS: Final[dict[str, Any]] = {
    "grpc": lambda sink: GrpcSpanExporter(
        endpoint=f"http://{sink.endpoint}", insecure=True, timeout=PATIENCE
    ),
    "http": lambda sink: HttpSpanExporter(
        endpoint=sink.url("HTTP", "/v1/traces"), timeout=PATIENCE
    ),
}


@contextmanager
def tracing(exporter: Any) -> Iterator[TracerProvider]:
    provider = TracerProvider(shutdown_on_exit=False)
    processor = BatchSpanProcessor(exporter, max_queue_size=100_000, schedule_delay_millis=50)
    provider.add_span_processor(processor)
    LangChainInstrumentor().instrument(
        tracer_provider=provider,
        capture_message_content="SPAN_ONLY",
        max_content_length=2 * len(TEXT),
    )
    try:
        yield provider
    finally:
        LangChainInstrumentor().uninstrument()
        provider.shutdown()


@pytest.mark.parametrize("protocol", EXPORTERS)
def test_the_collector_is_killed_again_and_again(
    protocol: str, made: Collectors, caplog: pytest.LogCaptureFixture
) -> None:
    """What is sent while it is away is sent again: every span comes."""
    sink = made.started("sink", SINK)
    collector = made.started("killed", *UNSAMPLED, BACKEND_ENDPOINT=sink.endpoint)
    runs = 0
    with tracing(EXPORTERS[protocol](collector)) as provider:
        for _ in range(5):
            for _ in range(20):
                CHAIN.invoke("hello")
            provider.force_flush()
            collector.kill()
            for _ in range(20):
                CHAIN.invoke("hello")
            runs += 40
            collector.start()
            provider.force_flush()
    expected = SPANS * runs
    wait_for(lambda: len(sink.ids("spanId", "spans.jsonl")) >= expected, "not every span comes")
    came = len(sink.spans())
    assert len(sink.ids("spanId", "spans.jsonl")) == expected
    print(f"{protocol}: {expected} spans sent, {came} came; the Collector was killed 5 times")
    # The SDK says that it tries again.
    caplog.clear()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system that is full soon; root alone can make one."""
    directory = tmp_path / "disk"
    directory.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(directory)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a small file system")
    yield directory
    subprocess.run(["umount", "--lazy", str(directory)], check=True)


def test_the_collectors_disk_is_full(
    made: Collectors, small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The application goes on; once there is room and a backend, what is sent arrives again."""
    sink = made.started("sink", SINK)
    collector = on_disk(made, sink, small_disk)
    sink.stop()
    with tracing(GrpcSpanExporter(endpoint=f"http://{collector.endpoint}", timeout=2)) as provider:
        for number in range(60):
            CHAIN.invoke(f"{number} {TEXT}")
            if number % 10 == 9:
                provider.force_flush()
        wait_for(lambda: "no space left" in log_of(collector), log_of(collector)[-3_000:])
        subprocess.run(["mount", "-o", "remount,size=200000000", str(small_disk)], check=True)
        sink.start()
        before = len(sink.spans())
        CHAIN.invoke("afterwards")
        provider.force_flush()
        wait_for(lambda: len(sink.spans()) > before, "nothing comes")
    wait_for(lambda: any("afterwards" in str(s.attributes) for s in sink.spans()), "it is lost")
    print(f"{len(sink.spans())} of {SPANS * 61} spans came; its disk of {DISK} bytes was full")
    caplog.clear()


def on_disk(made: Collectors, sink: Collector, disk: Path) -> Collector:
    described = made.described(
        "full",
        *UNSAMPLED,
        BACKEND_ENDPOINT=sink.endpoint,
        COLLECTOR_STATE=str(disk),
    )
    described.start()
    return described


def log_of(collector: Collector) -> str:
    return (collector.state / "log").read_text(errors="replace")


def test_traces_are_written_to_a_full_disk(small_disk: Path) -> None:
    """By `langchain_file`, in a program of its own: it ends as ever."""
    program = (
        "import langchain_otel; from models import Model; langchain_otel.configure();"
        "[Model().invoke('x' * 100_000) for _ in range(60)]; print('done')"
    )
    variables = {
        "OTEL_TRACES_EXPORTER": "langchain_file",
        "LANGCHAIN_OTEL_FILE": str(small_disk / "traces.jsonl"),
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY",
        "OTEL_INSTRUMENTATION_LANGCHAIN_MAX_CONTENT_LENGTH": "1000000",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "1",
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "done\n"
    assert done.stderr.count("Traces cannot be written") == 1
    lines = (small_disk / "traces.jsonl").read_text().splitlines()
    assert all(json.loads(line) for line in lines)
