"""Forks inside a block while a thread holds our locks: both processes record as the block has it.

Each prints, of each of its spans, who it is, the name, and whether the span has content.
"""

import os
import signal
import threading
from contextlib import ExitStack

from langchain_core.language_models import FakeListChatModel
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from langchain_otel import LangChainInstrumentor, forks, register_tenant, traced_with

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
LangChainInstrumentor().instrument(tracer_provider=provider)
model = FakeListChatModel(responses=["hello"])
register_tenant("acme", capture_message_content=True, detail="nodes")
held, done = threading.Event(), threading.Event()


def hold() -> None:
    with ExitStack() as stack:
        for lock in list(forks._locks):
            stack.enter_context(lock)
        held.set()
        done.wait()


thread = threading.Thread(target=hold)
with traced_with(capture_message_content=True):
    thread.start()
    held.wait()
    pid = os.fork()
    if pid:
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        done.set()
        thread.join()
        assert status == 0
    else:
        # A lock that is still held would stop us for ever.
        signal.alarm(200)
    model.invoke("Hello")
model.invoke("Hello", {"metadata": {"langchain_otel.tenant": "acme"}})
for span in exporter.get_finished_spans():
    has_content = "gen_ai.input.messages" in (span.attributes or {})
    print(f"{'parent' if pid else 'child'}:{span.name.split()[0]}:{has_content}", flush=True)
if not pid:
    os._exit(0)
