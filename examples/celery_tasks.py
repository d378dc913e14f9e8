"""A Celery task runs a chain, in the trace of whoever sent the task.

    python examples/celery_tasks.py
    langchain-otel view traces.jsonl

The program sends a task and starts a worker for it. Each process appends its spans to
`traces.jsonl`; the broker is a folder.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from celery import Celery
from celery.signals import worker_process_init, worker_process_shutdown
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from opentelemetry import trace
from opentelemetry.instrumentation.celery import CeleryInstrumentor

import langchain_otel
from demo_model import chat_model

FOLDER = "CELERY_FOLDER"
SECONDS = 300
prompt = ChatPromptTemplate.from_template("Describe {city} in a few words.")
app = Celery("celery_tasks")


@app.task  # type: ignore[untyped-decorator]
def describe_city(city: str) -> str:
    """Describe a city."""
    with chat_model() as model:
        return (prompt | model | StrOutputParser()).invoke({"city": city})


def use_folder(folder: str) -> None:
    """Have the broker and the results in a folder: both ends read and write there."""
    names = ("data_folder_in", "data_folder_out", "control_folder")
    app.conf.update(
        broker_url="filesystem://",
        broker_transport_options=dict.fromkeys(names, folder),
        result_backend=f"file://{folder}",
    )


def trace_this_process(**_: Any) -> None:
    """Trace tasks and chains; a worker's process does so once it was forked."""
    telemetry = langchain_otel.configure(service_name="guide", exporter="langchain_file")
    CeleryInstrumentor().instrument()
    worker_process_shutdown.connect(lambda **_: telemetry.shutdown(), weak=False)


@contextmanager
def running_worker(folder: str) -> Iterator[None]:
    """A worker for as long as the block lasts; its process of work is forked."""
    options = ["--concurrency", "1", "--loglevel", "ERROR", "--without-mingle"]
    # A container's user is often root, of which Celery warns.
    quiet = ["-W", "ignore::UserWarning:celery.platforms"]
    celery = [sys.executable, *quiet, "-m", "celery", "--app", "celery_tasks"]
    variables = os.environ | {FOLDER: folder, "PYTHONPATH": str(Path(__file__).parent)}
    command = [*celery, "worker", *options]
    with subprocess.Popen(  # noqa: S603 (the command is ours)
        command, env=variables, stdout=subprocess.DEVNULL
    ) as worker:
        try:
            yield
        finally:
            worker.terminate()


def main() -> None:
    """Send a task, and wait for its result."""
    trace_this_process()
    with TemporaryDirectory() as folder:
        use_folder(folder)
        with running_worker(folder):
            with trace.get_tracer("shop").start_as_current_span("request"):
                result = describe_city.delay("Lisbon")
            print(result.get(timeout=SECONDS))


if __name__ == "__main__":
    main()
elif FOLDER in os.environ:
    use_folder(os.environ[FOLDER])
    worker_process_init.connect(trace_this_process, weak=False)
