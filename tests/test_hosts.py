"""Where else an application lives: a pool, a frozen function, a notebook, a task queue."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest

from servers.notebook import running_kernel, text_of
from servers.otlp_sink import Sink, Span, running_sink
from waiting import PATIENCE

PROGRAMS: Final = Path(__file__).parent / "programs"
NOTEBOOK: Final = """\
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda
from langchain_otel import LangChainInstrumentor

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
if LangChainInstrumentor().is_instrumented_by_opentelemetry:
    LangChainInstrumentor().uninstrument()
LangChainInstrumentor().instrument(tracer_provider=provider)
chain = RunnableLambda(lambda text: text) | FakeListChatModel(responses=["hello"])
"""
ASK: Final = """\
exporter.clear()
assert (await chain.ainvoke("Hello")).content == chain.invoke("Hello").content
async for _ in chain.astream("Hello"):
    pass
"""
TELL: Final = "print(*sorted(span.name for span in exporter.get_finished_spans()))"
# Invoked with and without `await`, and streamed.
TOLD: Final = " ".join(3 * ["RunnableLambda"] + 3 * ["chat"] + 3 * ["invoke_workflow"])


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running_sink() as sink:
        yield sink


def environment(sink: Sink, **more: str) -> dict[str, str]:
    """Ours, with a backend, and batches that wait until they are told."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    own = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
        "OTEL_BSP_SCHEDULE_DELAY": "600000",
        "OTEL_EXPORTER_OTLP_TIMEOUT": f"{PATIENCE:.0f}",
    }
    return inherited | own | more


def run(sink: Sink, program: str, *arguments: str, **more: str) -> None:
    """A program that must succeed and say nothing."""
    quiet = (sys.executable, "-W", "ignore::DeprecationWarning")
    done = subprocess.run(
        [*quiet, str(PROGRAMS / program), *arguments],
        env=environment(sink, **more),
        cwd=PROGRAMS,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.rows(2)
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_pool_of_processes_goes_on_with_the_trace(sink: Sink, method: str) -> None:
    """What is carried over by hand is the trace; nothing is sent twice."""
    run(sink, "pool.py", method)
    spans = sink.spans
    (root,) = [span for span in spans if span.name == "invoke_workflow spread"]
    models = [span for span in spans if span.name.startswith("chat")]
    assert len(models) == 4
    assert {span.parent_id for span in models} == {root.span_id}
    assert len(spans) == 5


def test_a_frozen_function_has_sent_everything_before_it_answers(sink: Sink) -> None:
    """Stopped at once after each answer, and in the end thrown away."""
    process = subprocess.Popen(
        [sys.executable, str(PROGRAMS / "function.py")],
        env=environment(sink, OTEL_METRIC_EXPORT_INTERVAL="600000"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        for call in (1, 2):
            print(json.dumps({"question": "What is the weather?"}), file=process.stdin, flush=True)
            assert json.loads(process.stdout.readline()) == {"answer": "It is sunny."}
            process.send_signal(signal.SIGSTOP)
            assert len(sink.spans) == 3 * call
            assert len([1 for sent in sink.requests if sent.path == "/v1/metrics"]) == call
            process.send_signal(signal.SIGCONT)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def kernel() -> Iterator[Any]:
    with running_kernel() as kernel:
        yield kernel


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_notebooks_cells_can_be_run_again(kernel: Any) -> None:
    """Sync and async, twice set up, with autoreload: each run is traced once."""
    text_of(kernel, "%load_ext autoreload\n%autoreload 2")
    for _ in range(2):
        assert text_of(kernel, NOTEBOOK) == ""
        for _ in range(2):
            assert text_of(kernel, ASK) == ""
            assert text_of(kernel, TELL) == f"{TOLD}\n"
    # Once more without putting anything back: the first of the two stays.
    said = text_of(kernel, "LangChainInstrumentor().instrument(tracer_provider=TracerProvider())")
    assert "already instrumented" in said
    text_of(kernel, ASK)
    assert text_of(kernel, TELL) == f"{TOLD}\n"


def ancestors(span: Span, spans: dict[str, Span]) -> list[str]:
    above = []
    while span.parent_id:
        span = spans[span.parent_id]
        above.append(span.name)
    return above


@pytest.mark.skipif(
    find_spec("celery") is None or find_spec("opentelemetry.instrumentation.celery") is None,
    reason="Celery and its instrumentation are not installed",
)
def test_a_celery_task_goes_on_with_the_trace_of_who_sent_it(sink: Sink, tmp_path: Path) -> None:
    """Through a real worker with two forked processes, which send what is left when they end."""
    place = {"CELERY_FOLDER": str(tmp_path)}
    options = (
        "worker",
        "--concurrency=2",
        "--loglevel=ERROR",
        "--without-gossip",
        "--without-mingle",
    )
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "--app=tasks", *options],
        env=environment(sink, **place),
        cwd=PROGRAMS,
        stdout=subprocess.DEVNULL,
    )
    try:
        run(sink, "tasks.py", str(tmp_path), **place)
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(PATIENCE)
    names = {span.span_id: span for span in sink.spans}
    answers = [span for span in names.values() if span.name == "invoke_workflow answer"]
    assert len(answers) == 2
    above = ["run/tasks.answer", "apply_async/tasks.answer", "request"]
    for answer in answers:
        assert ancestors(answer, names) == above
    assert len({span.trace_id for span in names.values()}) == 1
