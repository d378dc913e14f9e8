"""A stream that the garbage collector closes does not change the context of what it interrupts.

Before Python 3.12 the collector may come in the middle of `ContextVar.set`: a context variable that
is set then, in the same context, crashes the process. Hence the processes of their own.
"""

import subprocess
import sys

import pytest

from waiting import PATIENCE

PROGRAM = '''
import gc
from contextvars import ContextVar, copy_context

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableGenerator
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from langchain_otel import LangChainInstrumentor

TURNS = 300
VARIABLES = [ContextVar(f"variable{number}", default=None) for number in range(30)]


def numbers(inputs):
    yield 1
    yield 2


STREAMS = {
    "model": GenericFakeChatModel(messages=iter(lambda: AIMessage("a b"), None)),
    "generator": RunnableGenerator(numbers),
}


def drop(kind):
    """Leave a stream open in a garbage cycle."""
    stream = STREAMS[kind].stream("hi")
    next(stream)
    cycle = [stream]
    cycle.append(cycle)


def work(turn):
    for number in range(len(VARIABLES)):
        VARIABLES[number].set((turn, number))
        assert VARIABLES[number].get() == (turn, number)


exporter = InMemorySpanExporter()
provider = TracerProvider(shutdown_on_exit=False)
provider.add_span_processor(SimpleSpanProcessor(exporter))
LangChainInstrumentor().instrument(tracer_provider=provider)
gc.disable()
for turn in range(TURNS):
    drop(KIND)
    gc.set_threshold(3 + turn % 40, 5, 5)
    gc.enable()  # It is due, and comes at once: while the first variable is set.
    copy_context().run(work, turn)
    gc.disable()
gc.collect()
print(len(exporter.get_finished_spans()))
'''


@pytest.mark.parametrize("kind", ["model", "generator"])
def test_a_stream_closed_by_the_collector_leaves_the_context_alone(kind: str) -> None:
    """Hundreds of streams are left open in cycles: all are ended, and the process lives."""
    program = PROGRAM.replace("KIND", repr(kind))
    command = [sys.executable, "-X", "faulthandler", "-c", program]
    finished = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert (finished.returncode, finished.stdout.strip()) == (0, "300"), finished.stderr
