"""A Celery application whose task runs a chain; its worker processes are forked.

tasks.py FOLDER     sends two tasks, under the span "request", and waits for their results
"""

import os
import sys
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import worker_process_init, worker_process_shutdown
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from langchain_otel import LangChainInstrumentor

FOLDER = Path(os.environ["CELERY_FOLDER"])
app = Celery("tasks", broker="filesystem://", backend=f"file://{FOLDER}")
# Both ends read and write in the same folder.
app.conf.broker_transport_options = {
    "data_folder_in": str(FOLDER),
    "data_folder_out": str(FOLDER),
    "control_folder": str(FOLDER),
}


def set_up(**_: Any) -> None:
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    CeleryInstrumentor().instrument()
    LangChainInstrumentor().instrument()


def send_spans(**_: Any) -> None:
    provider: Any = trace.get_tracer_provider()
    provider.force_flush()


worker_process_init.connect(set_up, weak=False)
worker_process_shutdown.connect(send_spans, weak=False)


@app.task  # type: ignore[untyped-decorator]
def answer(question: str) -> str:
    chain = RunnableLambda(lambda text: text) | FakeListChatModel(responses=["hello"])
    return str(chain.with_config(run_name="answer").invoke(question).content)


if __name__ == "__main__":
    set_up()
    with trace.get_tracer("shop").start_as_current_span("request"):
        results = [answer.delay("who?") for _ in range(2)]
    assert [result.get(timeout=200) for result in results] == ["hello", "hello"]
    send_spans()
    sys.exit()
