"""Programs that end while runs are open: their spans arrive, `abandoned`, with what came before."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from waiting import PATIENCE

HERE = Path(__file__).parent

BEGIN = """
import asyncio, json, sys, threading, time
sys.path.insert(0, {here!r})
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from langchain_core.runnables import RunnableLambda
from langchain_otel import LangChainInstrumentor
from models import Model, StreamingModel

class Printing(SpanExporter):
    def export(self, spans):
        for span in spans:
            print(json.dumps({{"name": span.name, "parent": span.parent and span.parent.span_id,
                "id": span.context.span_id, **span.attributes}}), flush=True)
        return SpanExportResult.SUCCESS
    def shutdown(self):
        pass

def provider():
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Printing(), schedule_delay_millis=600_000))
    return provider
"""

BEFORE = "made = provider()\nLangChainInstrumentor().instrument(tracer_provider=made)\n"
GLOBAL = "LangChainInstrumentor().instrument()\ntrace.set_tracer_provider(provider())\n"
LATE = (
    "LangChainInstrumentor().instrument()\nModel().invoke('lost')\n"
    "trace.set_tracer_provider(provider())\n"
)
SETUPS = {"before": BEFORE, "global, after": GLOBAL, "after the first run": LATE}

HALF_READ = """
stream = StreamingModel().stream("hi")
next(stream)
"""
HALF_READ_CHAIN = """
stream = (RunnableLambda(lambda x: x) | StreamingModel()).stream("hi")
next(stream)
"""
DAEMON = """
begun = threading.Event()
def wait(_):
    begun.set()
    threading.Event().wait()
threading.Thread(target=RunnableLambda(wait, name="work").invoke, args=(1,), daemon=True).start()
begun.wait()
"""
STOPPED_LOOP = """
loop = asyncio.new_event_loop()
async def work(_):
    loop.stop()
    await asyncio.Event().wait()
task = loop.create_task(RunnableLambda(work, name="work").ainvoke(1))
loop.run_forever()
"""
CLOSED_LOOP = f"{STOPPED_LOOP}loop.close()\n"
DEAD_THREAD = """
def read():
    stream = StreamingModel().stream("hi")
    kept.append(stream)
    next(stream)
    raise SystemExit
kept = []
thread = threading.Thread(target=read)
thread.start()
thread.join()
"""
ASYNC_STREAM = """
loop = asyncio.new_event_loop()
stream = StreamingModel().astream("hi")
loop.run_until_complete(anext(stream))
"""
EXITING = """
def leave(_):
    for chunk in StreamingModel().stream("hi"):
        kept.append(chunk)
        return sys.modules["atexit"]
kept = [StreamingModel().stream("hi")]
next(kept[0])
sys.exit(0)
"""
GROUP = """
from langchain_core.callbacks import CallbackManager
run = CallbackManager.configure().on_chain_start(None, {}, name="by hand")
stream = StreamingModel().stream("hi", {"callbacks": run.get_child()})
next(stream)
"""
PROGRAMS = {
    "half-read stream": (HALF_READ, {"chat"}),
    "half-read chain": (HALF_READ_CHAIN, {"invoke_workflow", "RunnableLambda", "chat"}),
    "daemon thread": (DAEMON, {"invoke_workflow work"}),
    "stopped loop": (STOPPED_LOOP, {"invoke_workflow work"}),
    "closed loop": (CLOSED_LOOP, {"invoke_workflow work"}),
    "dead thread": (DEAD_THREAD, {"chat"}),
    "async stream": (ASYNC_STREAM, {"chat"}),
    "exit": (EXITING, {"chat"}),
    "started by hand": (GROUP, {"invoke_workflow by hand", "chat"}),
}


def spans_of(program: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN.format(here=str(HERE)) + program],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.rows(5)
@pytest.mark.parametrize("program", PROGRAMS)
def test_an_open_run_is_exported_as_abandoned(program: str) -> None:
    """Whatever keeps it open."""
    code, names = PROGRAMS[program]
    spans = spans_of(BEFORE + code)
    assert {span["name"] for span in spans} == names
    open_ones = {span["name"] for span in spans if "langchain.run.outcome" in span}
    assert open_ones == names - {"RunnableLambda"}
    for span in spans:
        assert span.get("langchain.run.outcome", "abandoned") == "abandoned"
        assert "error.type" not in span


@pytest.mark.parametrize("setup", SETUPS)
def test_it_is_so_wherever_the_provider_comes_from(setup: str) -> None:
    """Also where the provider is made after us, or after runs."""
    spans = spans_of(SETUPS[setup] + HALF_READ)
    assert [span["name"] for span in spans] == ["chat"]


def test_it_keeps_what_came_before() -> None:
    """The tokens of the chunks that were read."""
    (span,) = spans_of(BEFORE + HALF_READ)
    assert span["gen_ai.usage.output_tokens"] == 1


def test_a_parent_ends_after_its_children() -> None:
    """So that an agent's totals have them, and a tree is whole."""
    spans = spans_of(BEFORE + GROUP)
    assert [span["name"] for span in spans] == ["chat", "invoke_workflow by hand"]
    assert spans[0]["parent"] == spans[1]["id"]


def test_threads_that_are_no_daemons_come_to_their_own_end() -> None:
    """Python waits for them, and so do we."""
    program = """
from concurrent.futures import ThreadPoolExecutor
main_is_through = threading.Event()
threading._register_atexit(main_is_through.set)
def work(_):
    main_is_through.wait()
    return 1
threading.Thread(target=RunnableLambda(work, name="thread").invoke, args=(1,)).start()
pool = ThreadPoolExecutor(2)
pool.submit(RunnableLambda(work, name="pool").invoke, 1)
pool.submit(RunnableLambda(work, name="pool").invoke, 1)
"""
    spans = spans_of(BEFORE + program)
    assert sorted(span["name"] for span in spans) == [
        "invoke_workflow pool",
        "invoke_workflow pool",
        "invoke_workflow thread",
    ]
    assert not [span for span in spans if "langchain.run.outcome" in span]


def test_a_program_without_open_runs_ends_as_ever() -> None:
    """There is nothing to end."""
    assert [span["name"] for span in spans_of(BEFORE + "Model().invoke('hi')")] == ["chat"]


ENDS: Final = {
    "sys.exit": ("sys.exit(3)", 3),
    "exception": ("raise ValueError('the end')", 1),
    "Ctrl-C": ("signal.raise_signal(signal.SIGINT)", -signal.SIGINT),
    "SIGTERM": ("signal.raise_signal(signal.SIGTERM)", -signal.SIGTERM),
    "os._exit": ("os._exit(4)", 4),
}
# `configure()` waits for SIGTERM, which else ends the process at once, as `os._exit` does.
CONFIGURED: Final = "import langchain_otel\nlangchain_otel.configure(exporter=Printing())\n"


@pytest.mark.rows(2)
@pytest.mark.parametrize("end", ENDS)
def test_however_a_program_ends(end: str) -> None:
    """Its exit code is its own, and nothing waits; where Python does not end at once, all comes."""
    code, expected = ENDS[end]
    program = f"import os, signal\n{CONFIGURED}{DAEMON}{HALF_READ}{code}"
    done = subprocess.run(
        [sys.executable, "-c", BEGIN.format(here=str(HERE)) + program],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == expected
    spans = [json.loads(line) for line in done.stdout.splitlines()]
    names = set() if end == "os._exit" else {"chat", "invoke_workflow work"}
    assert {span["name"] for span in spans} == names
    assert all(span["langchain.run.outcome"] == "abandoned" for span in spans)
    assert "langchain_otel" not in done.stderr
