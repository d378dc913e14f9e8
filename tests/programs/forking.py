"""Forks inside a tool, with locks held by another thread; both processes go on to the end.

    forking.py FILE

Each span that is exported is a line of FILE: process, name, ids of the span and its parent.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from langchain_otel import LangChainInstrumentor, forks
from langchain_otel.runs.store import RUNS

FILE = Path(sys.argv[1])
PARENT = os.getpid()


class Lines(SpanExporter):
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        with FILE.open("a") as file:
            for span in spans:
                parent = None if span.parent is None else f"{span.parent.span_id:016x}"
                who = "parent" if os.getpid() == PARENT else "child"
                line = [who, span.name, f"{span.context.span_id:016x}", parent]
                file.write(json.dumps(line) + "\n")
        return SpanExportResult.SUCCESS


@tool
def fork() -> str:
    """Fork, while another thread is in the middle of everything."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with ExitStack() as stack:
            for lock in list(forks._locks):
                stack.enter_context(lock)
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    pid = os.fork()
    if pid:
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        done.set()
        thread.join()
        return "parent"
    # A lock that is still held would stop us for ever.
    signal.alarm(200)
    model = FakeListChatModel(responses=["hello"])
    model.invoke("Hello")
    return "child"


readers: Any = [InMemoryMetricReader()]
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(Lines()))
instrumentor = LangChainInstrumentor()
instrumentor.instrument(tracer_provider=provider, meter_provider=MeterProvider(readers))
chain = RunnableLambda(lambda _: fork.invoke({}))
who = chain.invoke("go")
assert len(RUNS) == 0
# And it works as before afterwards.
RunnableLambda(lambda text: text, name=f"afterwards in the {who}").invoke("go")
instrumentor.uninstrument()
instrumentor.instrument(tracer_provider=provider)
