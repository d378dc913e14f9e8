"""Servers of many processes, as they are really started: each request's trace arrives, whole.

Spans are sent when a process ends, for the batches are set to wait longer than any test.
"""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from backends.loopback import free_ports
from servers.otlp_sink import Sink, running_sink
from versions import release
from waiting import PATIENCE

PROGRAMS: Final = Path(__file__).parent / "programs"
INSTRUMENT: Final = (str(Path(sys.executable).with_name("opentelemetry-instrument")),)
# A server kills workers that are slow to begin, to answer or to send what they have in the end.
SECONDS: Final = f"{PATIENCE:.0f}"
GUNICORN: Final = (
    "-m",
    "gunicorn",
    "--workers=2",
    "--bind=127.0.0.1:{port}",
    f"--timeout={SECONDS}",
    f"--graceful-timeout={SECONDS}",
)
UVICORN: Final = (
    "-m",
    "uvicorn",
    "--port={port}",
    f"--timeout-worker-healthcheck={SECONDS}",
    "served_app:asgi",
)
ASYNC: Final = ("--worker-class=uvicorn_worker.UvicornWorker", "served_app:asgi")

pytestmark = pytest.mark.skipif(
    find_spec("gunicorn") is None or find_spec("uvicorn_worker") is None,
    reason="gunicorn and uvicorn-worker are not installed",
)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running_sink() as sink:
        yield sink


def environment(sink: Sink, **more: str) -> dict[str, str]:
    """Ours, with a backend, and batches that wait for the end."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    own = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_BSP_SCHEDULE_DELAY": "600000",
        "OTEL_EXPORTER_OTLP_TIMEOUT": SECONDS,
    }
    return inherited | own | more


@contextmanager
def server(sink: Sink, *arguments: str, instrument: bool = True, **more: str) -> Iterator[str]:
    """A server, asked to end and waited for when the block does; its address."""
    (port,) = free_ports(1)
    command = [sys.executable, *(argument.format(port=port) for argument in arguments)]
    if instrument:
        command = [*INSTRUMENT, *command]
    process = subprocess.Popen(command, cwd=PROGRAMS, env=environment(sink, **more))
    try:
        address = f"http://127.0.0.1:{port}/"
        wait_until_it_answers(address, process)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def asked(address: str) -> str:
    with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
        text: str = answer.read().decode()
        return text


def wait_until_it_answers(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            asked(address)
            return
        except (urllib.error.URLError, ConnectionError):
            assert process.poll() is None, "the server has ended"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.05)


def asked_until(address: str, processes: int) -> Counter[str]:
    """Which processes answered how often, once that many have."""
    answers: Counter[str] = Counter()
    deadline = time.monotonic() + PATIENCE
    while len(answers) < processes:
        assert time.monotonic() < deadline, f"only {answers} answer"
        answers[asked(address)] += 1
        # The others may still be importing what they need.
        time.sleep(0.05)
    return answers


def check(sink: Sink, answers: Counter[str]) -> None:
    """Each answer is a trace of three spans, made in the process that gave the answer."""
    spans = sink.spans
    roots = {span.span_id: span for span in spans if span.name == "invoke_workflow answer"}
    made = Counter(span.attributes["langchain.metadata.process"] for span in roots.values())
    # The first answers were to whether it is there.
    assert made.keys() == answers.keys()
    assert all(made[process] >= count for process, count in answers.items())
    assert len(spans) == 3 * len(roots)
    assert len({span.span_id for span in spans}) == len(spans)
    assert {span.parent_id for span in spans} == {"", *roots}
    # By which the metrics of one process are told from another's.
    instances = {span.resource.get("service.instance.id") for span in spans}
    # Older SDKs do not say it.
    assert instances == {None} or len(instances) == len(made)


@pytest.mark.rows(2)
@pytest.mark.parametrize(
    "arguments",
    [("served_app:wsgi",), ("--preload", *ASYNC)],
    ids=["sync", "uvicorn, preloaded"],
)
def test_gunicorn_with_opentelemetry_instrument(sink: Sink, arguments: tuple[str, ...]) -> None:
    """Set up once, before the workers are forked: each sends its own spans when it ends."""
    with server(sink, *GUNICORN, *arguments) as address:
        answers = asked_until(address, 2)
    check(sink, answers)


@pytest.mark.rows(2)
@pytest.mark.parametrize(
    "arguments",
    [("--preload", "served_app:wsgi"), ASYNC],
    ids=["sync, preloaded", "uvicorn"],
)
def test_gunicorn_with_tracing_in_code(sink: Sink, arguments: tuple[str, ...]) -> None:
    """In the application's module: each worker imports it, or forks after it was imported."""
    with server(sink, *GUNICORN, *arguments, instrument=False, IN_CODE="1") as address:
        answers = asked_until(address, 2)
    check(sink, answers)


@pytest.mark.slow
def test_uvicorn_that_reloads_with_tracing_in_code(sink: Sink) -> None:
    """The process that serves is spawned, and imports the application's module."""
    with server(sink, *UVICORN, "--reload", instrument=False, IN_CODE="1") as address:
        answers = asked_until(address, 1)
    check(sink, answers)


@pytest.mark.skipif(
    release("opentelemetry-distro") < (0, 66),
    reason="older commands do not set up the processes that theirs spawns",
)
def test_uvicorns_workers_with_opentelemetry_instrument(sink: Sink) -> None:
    """They are spawned, and set up as the first process was."""
    with server(sink, *UVICORN, "--workers=2") as address:
        answers = asked_until(address, 2)
    check(sink, answers)
