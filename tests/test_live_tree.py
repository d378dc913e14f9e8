"""A running trace in a terminal: it grows below what the program prints, and settles when it ends.

No test depends on how fast anything is: programs wait until the screen shows what is expected.
"""

import io
import os
import subprocess
import sys
import threading
from pathlib import Path
from time import time_ns
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from langchain_otel import health
from langchain_otel.exporters import live
from langchain_otel.exporters.live import LiveTreeProcessor, processor_of
from langchain_otel.exporters.live_frame import frame_of
from langchain_otel.exporters.screen import Screen, screen_of
from langchain_otel.exporters.tree import TreeSpanExporter
from test_tree import readable
from waiting import PATIENCE

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals of this kind", allow_module_level=True)

from terminals import PRELUDE, terminal

CONFIGURED = """
import langchain_otel
from langchain_core.runnables import RunnableLambda
langchain_otel.configure(service_name="shop")
"""
STREAMING = f"""{CONFIGURED}
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from models import Model

class Words(Model):
    def _stream(self, *_, **__):
        for word in ("one ", "two ", "three "):
            yield ChatGenerationChunk(message=AIMessageChunk(word))

def shout(question):
    for chunk in Words().stream(question):
        if chunk.content:
            print(chunk.content, end="", flush=True)
            wait()
    return "done"
RunnableLambda(shout, name="shout").invoke("hi")
print("after")
"""


def test_a_streamed_answer_grows_and_settles() -> None:
    """What is open has its time so far and its chunks; the program's line goes on above it."""
    with terminal(STREAMING) as shown:
        for words, chunks in (("one", "1 chunk"), ("one two", "2 chunks")):
            assert shown.until(chunks) == [
                words,
                "trace ID  shop",
                "invoke_workflow shout  T …",
                f"└── chat  T …  {chunks}",
            ]
            shown.go_on()
        shown.until("3 chunks")
        shown.go_on()
        tree = ["trace ID  shop", "invoke_workflow shout  T", "└── chat  T", "2 spans  T"]
        assert shown.at_end() == ["one two three", *tree, "after"]


PRINTING = f"""{CONFIGURED}
import warnings
def work(_):
    wait()
    print("printed")
    print("in ", end="")
    print("parts", flush=True)
    logging.warning("logged by a handler that has the old stderr")
    for percent in (10, 50, 100):
        print(f"\\r{{percent}} %", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print("long " * 40)
    sys.stdout.writelines(["line 1\\n", "line 2\\n"])
    sys.__stdout__.write("by the old stream\\n")
    wait()
    os.write(1, b"straight to the terminal\\r\\n")
    wait()
RunnableLambda(work, name="work").invoke("hi")
"""


def test_what_the_program_prints_stays_readable() -> None:
    """Above what is drawn, in the program's order, nothing lost and nothing left between."""
    printed = [
        "printed",
        "in parts",
        "logged by a handler that has the old stderr",
        "100 %",
        ("long " * 16).strip(),
        ("long " * 16).strip(),
        ("long " * 8).strip(),
        "line 1",
        "line 2",
        "by the old stream",
    ]
    drawn = ["trace ID  shop", "invoke_workflow work  T …"]
    with terminal(PRINTING) as shown:
        assert shown.until("work  T …") == drawn
        shown.go_on()
        assert shown.until("by the old stream", "work  T …") == [*printed, *drawn]
        shown.go_on()
        assert shown.until("straight to", "work  T …")[: len(printed) + 1] == [
            *printed,
            "straight to the terminal",
        ]
        shown.go_on()
        tree = ["trace ID  shop", "invoke_workflow work  T", "1 span  T"]
        assert shown.at_end() == [*printed, "straight to the terminal", *tree]


ASKING = f"""{CONFIGURED}
def ask(_):
    wait()
    name = input("Your name? ")
    print(f"Hello {{name}}")
    wait()
RunnableLambda(ask, name="ask").invoke("hi")
"""


def test_a_person_can_be_asked() -> None:
    """The prompt and what is typed are in their own line, whatever is drawn meanwhile."""
    with terminal(ASKING) as shown:
        shown.until("ask  T …")
        shown.go_on()
        shown.until("Your name?", "ask  T …")
        shown.type("Ad")
        assert shown.until("Your name? Ad", "ask  T …")[0] == "Your name? Ad"
        shown.type("a\r")
        assert shown.until("Hello Ada", "ask  T …")[:2] == ["Your name? Ada", "Hello Ada"]
        shown.go_on()
        assert shown.at_end() == [
            "Your name? Ada",
            "Hello Ada",
            *("trace ID  shop", "invoke_workflow ask  T", "1 span  T"),
        ]


CONCURRENT = f"""{CONFIGURED}
gates = [threading.Event() for _ in range(3)]
def work(number):
    gates[number].wait()
threads = [
    threading.Thread(target=RunnableLambda(work, name=f"work {{n}}").invoke, args=(n,))
    for n in range(3)
]
for thread in threads:
    thread.start()
for number in (1, 0, 2):
    wait()
    gates[number].set()
    threads[number].join()
for thread in threading.enumerate():
    if thread.name == "langchain-otel":
        thread.join()
print("threads:", threading.active_count(), "hooks:", "write" in vars(sys.stdout))
"""


def test_traces_that_run_at_once() -> None:
    """Each is drawn, and settles alone; in the end no thread and no hook is left."""
    with terminal(CONCURRENT) as shown:
        begun = [f"invoke_workflow work {number}  T" for number in range(3)]
        lines = shown.until(*(f"{line} …" for line in begun))
        assert sorted(lines[1::2]) == [f"{line} …" for line in begun]
        shown.go_on()
        lines = shown.until("1 span  T", "work 0  T …", "work 2  T …")
        assert lines[:3] == ["trace ID  shop", begun[1], "1 span  T"]
        assert sorted(lines[4::2]) == [f"{begun[0]} …", f"{begun[2]} …"]
        for _ in range(2):
            shown.go_on()
        settled = [line for n in (1, 0, 2) for line in ("trace ID  shop", begun[n], "1 span  T")]
        assert shown.at_end() == [*settled, "threads: 1 hooks: False"]


CONTENT = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true"}
PAUSING = f"""{CONFIGURED}
from langgraph.checkpoint.memory import InMemorySaver
from approvals import in_node, config_of, START_INPUT
graph = in_node(InMemorySaver())
def prepared():
    graph.invoke(START_INPUT, config_of("1"))
    wait()
prepared()
print("went on")
"""


def test_a_pause_for_a_person_settles() -> None:
    """What waits for a person is drawn as it stands, however long that takes."""
    with terminal(PAUSING, CONTENT, columns=150) as shown:
        lines = shown.until("spans  T")
        assert "waits for may-I-question" in lines[1]
        assert not [line for line in lines if "…" in line]
        shown.go_on()
        assert shown.at_end() == [*lines, "went on"]


FORKING = f"""{CONFIGURED}
def fork(_):
    wait()
    child = os.fork()
    if not child:
        RunnableLambda(lambda _: print("child"), name="of the child").invoke(1)
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(child, 0)
    print("parent")
    wait()
RunnableLambda(fork, name="fork").invoke("hi")
"""


def test_a_forked_process_does_not_draw() -> None:
    """It prints what has ended there, and the parent goes on drawing."""
    with terminal(FORKING, {"PYTHONWARNINGS": "ignore::DeprecationWarning"}) as shown:
        shown.until("fork  T …")
        shown.go_on()
        lines = shown.until("parent", "fork  T …")
        assert "child" in lines
        shown.go_on()
        assert shown.at_end()[-3:] == ["trace ID  shop", "invoke_workflow fork  T", "1 span  T"]


ENDING = f"""{CONFIGURED}
def work(_):
    wait()
    sys.exit(0)
threading.Thread(target=RunnableLambda(lambda _: wait(), name="other").invoke, args=(1,),
                 daemon=True).start()
RunnableLambda(work, name="work").invoke("hi")
"""


def test_a_program_that_ends_in_the_middle() -> None:
    """It ends, with what had begun as trees, and nothing else is left on the screen."""
    with terminal(ENDING) as shown:
        shown.until("work  T …", "other  T …")
        shown.go_on()
        shown.go_on()
        lines = shown.at_end()
        assert not [line for line in lines if "…" in line]
        assert "invoke_workflow work  T  cancelled" in lines


CROWDED = f"""{CONFIGURED}
import gc
from langchain_otel.exporters import live
live.SECONDS = 0.0005

def work(number):
    sys.stdout.write(f"line {{number}} begins\\n")
    gc.collect(0)
    sys.stderr.write(f"line {{number}} ends\\n")
chain = RunnableLambda(work, name="work")

def many(first):
    for number in range(first, first + 10):
        chain.invoke(number)
outer = RunnableLambda(lambda _: [thread.start() or thread for thread in threads], name="outer")
threads = [threading.Thread(target=many, args=(first,)) for first in range(0, 80, 10)]
outer.invoke(1)
for thread in threads:
    thread.join()
"""


def test_what_is_being_written_comes_before_the_first_lines() -> None:
    """A write that began without us takes no lines away: lines are drawn once it is through."""
    reader, terminal_of_program = os.openpty()
    with os.fdopen(reader, "rb", 0) as shown, os.fdopen(terminal_of_program, "w") as out:
        screen = Screen(out, threading.RLock())
        write = out.write  # another thread is in the middle of it
        screen.draw(["a line"])
        write("begun before\n")
        out.flush()
        assert shown.read(1_000) == b"begun before\r\n"
        screen.draw(["a line"])
        assert b"a line" in shown.read(1_000)
        screen.release()


def test_many_threads_print_and_draw() -> None:
    """No line of the program and no tree is torn, and nobody waits for anybody for ever."""
    with terminal(CROWDED, rows=600) as shown:
        lines = shown.at_end()
    expected = [f"line {number} {word}" for number in range(80) for word in ("begins", "ends")]
    assert sorted(line for line in lines if line.startswith("line ")) == sorted(expected)
    assert lines.count("invoke_workflow work  T") == 80
    others = {"trace ID  shop", "invoke_workflow work  T", "invoke_workflow outer  T", "1 span  T"}
    assert {line for line in lines if not line.startswith("line ")} == others


APPLICATION = f"""{PRELUDE}
from langchain_core.runnables import RunnableLambda
RunnableLambda(lambda _: wait(), name="work").invoke("hi")
print("after")
"""


@pytest.mark.rows(2)
@pytest.mark.parametrize("command", ["run", "opentelemetry-instrument"])
def test_an_application_that_is_run_with_its_traces(command: str, tmp_path: Path) -> None:
    """As with `configure()`: drawn while it runs, and printed before the program goes on."""
    (tmp_path / "application.py").write_text(APPLICATION)
    bin_folder = Path(sys.executable).parent
    words = {
        "run": [f"{bin_folder}/langchain-otel", "run"],
        "opentelemetry-instrument": [
            *(f"{bin_folder}/opentelemetry-instrument", "--traces_exporter=langchain_tree"),
            *("--metrics_exporter=none", "--logs_exporter=none", sys.executable),
        ],
    }[command]
    path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
    application = [*words, str(tmp_path / "application.py")]
    variables = {"PATH": path, "OTEL_SERVICE_NAME": "shop"}
    with terminal("", variables, words=application) as shown:
        shown.until("work  T …")
        shown.go_on()
        tree = ["trace ID  shop", "invoke_workflow work  T", "1 span  T"]
        assert shown.at_end() == [*tree, "after"]


@pytest.mark.rows(4)
@pytest.mark.parametrize(
    "variables",
    [{"TERM": "dumb"}, {"TERM": ""}, {"CI": "true"}, {"LANGCHAIN_OTEL_LIVE": "off"}],
    ids=str,
)
def test_where_nothing_is_drawn(variables: dict[str, str]) -> None:
    """The tree is printed when the trace has ended, as without a terminal."""
    told = f"""{CONFIGURED}
from opentelemetry import trace
print(*[type(each).__name__
        for each in trace.get_tracer_provider()._active_span_processor._span_processors])
RunnableLambda(lambda _: 1, name="work").invoke("hi")
"""
    with terminal(told, variables) as shown:
        tree = ["trace ID  shop", "invoke_workflow work  T", "1 span  T"]
        assert shown.at_end() == ["SimpleSpanProcessor", *tree]


def test_a_pipe_is_no_terminal() -> None:
    assert type(processor_of(TreeSpanExporter(io.StringIO()))) is SimpleSpanProcessor
    with Path(os.devnull).open("w", encoding="utf-8") as file:
        assert screen_of(file, threading.RLock()) is None


def test_no_more_is_drawn_than_there_is_room_for() -> None:
    """First what has ended is left out, then what is below."""
    ended = [readable(number, 1) for number in range(2, 50)]

    def open_span(number: int, parent: int | None = 1, **more: Any) -> ReadableSpan:
        return readable(number, parent, start_time=time_ns() + number, end_time=None, **more)

    under_way = [open_span(number) for number in range(100, 103)]
    root = open_span(1, None, name="名" * 100)
    lines = frame_of([[root, *ended, *under_way]], {100: 2}, io.StringIO(), 40, 10)
    assert len(lines) == 5
    assert lines[1].rstrip().endswith("…")
    assert "span 100" in lines[2]
    assert lines[2].endswith("2 chunks")
    many = [open_span(number) for number in range(100, 150)]
    lines = frame_of([[root, *many]], {}, io.StringIO(), 40, 10)
    assert len(lines) == 10
    assert lines[-1] == "… 43 more lines"
    assert frame_of([[]], {}, io.StringIO(), 40, 10) == []


class Broken:
    """A screen on which nothing can be drawn."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


def test_what_fails_while_it_draws_is_nobodys_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The spans are exported all the same."""
    monkeypatch.setattr(health, "strict", False)
    monkeypatch.setattr(live, "SECONDS", 0.001)
    out = io.StringIO()
    screen: Any = Broken()
    processor = LiveTreeProcessor(TreeSpanExporter(out), screen)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("root"):
        deadline = threading.Event()
        while not health.failures and not deadline.wait(0.001):
            pass
    assert "root" in out.getvalue()
    provider.shutdown()
    health.failures.clear()


def test_a_program_without_a_terminal_is_as_it_was() -> None:
    """Not a single control character, and the tree when the trace has ended."""
    done = subprocess.run(
        [sys.executable, "-c", f"{CONFIGURED}RunnableLambda(lambda _: 1, name='w').invoke(1)"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("OTEL_")},
    )
    assert "invoke_workflow w" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
