"""Exceptions that come from outside at any moment: Ctrl-C, time limits, other threads.

Python lets one in where a Python function is called and where a function of C returns. There a
profile function raises it, as a signal handler would. A program comes by thousands of such points
in our code, by the same line of it again and again. Every run takes each line once, with one of two
exceptions in turn; `make soak` takes every point, with both.
"""

import ctypes
import gc
import importlib
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType, FunctionType, MethodType
from typing import Any, Final

import pytest
from langchain_core.embeddings import Embeddings
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.tools import tool
from opentelemetry import context as otel_context

import langchain_otel
from hostile.values import HostileError
from langchain_otel import health
from langchain_otel.async_exceptions import is_asynchronous
from langchain_otel.runs.store import RUNS
from models import Model, Retriever, StreamingModel
from recording import Tracing, instrumented
from seeds import LONG, SEED
from waiting import PATIENCE

OURS: Final = str(Path(langchain_otel.__file__).parent)

Place = tuple[CodeType, CodeType, int]
"""A function of ours that is called, or calls one of C; the code that calls, and where in it."""


class Interrupt(KeyboardInterrupt):
    """Ctrl-C."""


class TimeLimitError(Exception):
    """The soft time limit of a task queue."""


def ctrl_c(signum: int, frame: FrameType | None) -> None:
    """The signal handler of Ctrl-C."""
    raise Interrupt


def time_is_up(signum: int, frame: FrameType | None) -> None:
    """The signal handler of a time limit, with words."""
    raise TimeLimitError("time is up")


HANDLERS: Final[dict[type[BaseException], Callable[[int, FrameType | None], None]]] = {
    Interrupt: ctrl_c,
    TimeLimitError: time_is_up,
}


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class OneEmbedding(Embeddings):
    """Embeds everything as the same."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[1.0] for _ in texts]

    def embed_query(self, text: str) -> list[float]:
        return [1.0]


def left_early() -> None:
    """Read the first chunk of a stream, and close it."""
    stream: Any = StreamingModel().stream("hello")
    next(stream)
    stream.close()


PROGRAMS: Final[dict[str, Callable[[], object]]] = {
    "model": lambda: Model().invoke("hello"),
    "stream": lambda: list(StreamingModel(words=["one"]).stream("hello")),
    "left": left_early,
    "tool": lambda: add.invoke({"a": 1, "b": 2}),
    "retriever": lambda: Retriever().invoke("hello"),
    "embeddings": lambda: OneEmbedding().embed_query("hello"),
}


CONTENT: Final[dict[str, dict[str, Any]]] = {
    "no content": {},
    "content": {"capture_message_content": "SPAN_AND_EVENT", "capture_state": True},
    "redacted": {"capture_message_content": "SPAN_AND_EVENT", "redact": lambda text, _: text},
    "hooked": {
        "capture_message_content": "SPAN_ONLY",
        "request_hook": lambda span, run: span.set_attribute("mine", str(run.inputs)),
        "response_hook": lambda span, run: span.set_attribute("mine", str(run.result)),
        "span_name": lambda run: run.name,
        "run_filter": lambda _: True,
    },
    "left out": {"run_filter": lambda _: "leave_out_run"},
}


def is_open(frame: FrameType, event: str) -> bool:
    """Whether this point in a program lies in our code and lets an exception in."""
    # The call that closes a generator expression which is left early does not.
    closes = event == "call" and frame.f_code.co_name == "<genexpr>"
    return frame.f_code.co_filename.startswith(OURS) and not closes


class Passing:
    """A profile function that keeps the places in our code where an exception may come in."""

    def __init__(self) -> None:
        self.places: list[Place] = []

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        if event in ("call", "c_return") and is_open(frame, event):
            caller = frame.f_back if event == "call" else frame
            assert caller is not None
            self.places.append((frame.f_code, caller.f_code, caller.f_lasti))


class Raising:
    """A profile function that lets an exception in at one of the points in our code."""

    def __init__(self, point: int, handler: Callable[[int, FrameType | None], None]) -> None:
        self.point = point
        self.handler = handler
        self.seen = 0

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        if event in ("call", "c_return") and is_open(frame, event):
            self.seen += 1
            if self.seen == self.point:
                self.handler(signal.SIGINT, frame)


def raised_by(
    program: Callable[[], object], watching: Callable[[FrameType, str, object], None]
) -> type[BaseException] | None:
    """What a program raises while a profile function watches it."""
    sys.setprofile(watching)
    try:
        program()
    except BaseException as error:
        return type(error)
    finally:
        sys.setprofile(None)
    return None


@pytest.fixture
def with_handlers() -> Iterator[None]:
    """Functions that are signal handlers are known as such; the collector runs in none of them."""
    signals = (signal.SIGUSR1, signal.SIGUSR2)
    pairs = zip(signals, HANDLERS.values(), strict=True)
    before = {number: signal.signal(number, handler) for number, handler in pairs}
    health.strict = False
    gc.disable()
    yield
    gc.enable()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("with_handlers")
@pytest.mark.parametrize("name", PROGRAMS)
def test_exception_from_outside_everywhere(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """It reaches the application; no run stays open, no span current."""
    done: set[Place] = set()
    for content, options in CONTENT.items():
        with instrumented(Tracing(), **options):
            for point, kind in chosen(PROGRAMS[name], done):
                interrupt(PROGRAMS[name], point, kind, content)
    assert len(done) > 200
    # LangChain logs what it lets through.
    caplog.clear()


def chosen(
    program: Callable[[], object], done: set[Place]
) -> Iterator[tuple[int, type[BaseException]]]:
    """The points of a program where an exception is let in, and which; the places are then done."""
    program()
    passing = Passing()
    assert raised_by(program, passing) is None
    assert len(passing.places) > 50
    for point, place in enumerate(passing.places, 1):
        if LONG:
            yield from ((point, kind) for kind in HANDLERS)
        elif place not in done:
            yield point, tuple(HANDLERS)[(SEED + point) % len(HANDLERS)]
        done.add(place)


def interrupt(
    program: Callable[[], object], point: int, kind: type[BaseException], content: str
) -> None:
    before = otel_context.get_current()
    raising = Raising(point, HANDLERS[kind])
    raised = raised_by(program, raising)
    said = f"{kind.__name__} at point {point} with {content}"
    assert raising.seen >= point, said
    assert raised is kind, said
    assert len(RUNS) == 0, said
    assert otel_context.get_current() is before, said
    assert not health.failures, said


def test_nothing_of_ours_is_a_python_function_to_the_collector(tracing: Tracing) -> None:
    """What a signal handler raises in a callback of the collector is lost: ours run no Python."""
    Model().invoke("hello")
    python = [c for c in gc.callbacks if isinstance(c, (FunctionType, MethodType))]
    assert not [c for c in python if c.__module__.startswith("langchain_otel")]


COLLECTING = """
import gc, signal
from opentelemetry.sdk.trace import TracerProvider
from langchain_otel import LangChainInstrumentor

LangChainInstrumentor().instrument(tracer_provider=TracerProvider(shutdown_on_exit=False))
kept = [[number] for number in range(200_000)]
fired = caught = 0

def fire(signum, frame):
    global fired
    fired += 1
    raise KeyboardInterrupt

signal.signal(signal.SIGALRM, fire)
for turn in range(10):
    before = fired
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.002)
        while fired == before:
            gc.collect()
    except KeyboardInterrupt:
        caught += 1
print(fired - caught)
"""


def test_signals_during_collections() -> None:
    """A signal that comes while the collector runs is the application's, every time."""
    command = [sys.executable, "-c", COLLECTING]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.stdout.strip() == "0", finished.stderr
    assert "Exception ignored" not in finished.stderr


def test_exception_that_another_thread_sends() -> None:
    """An exception that `PyThreadState_SetAsyncExc` sends is told from one of our own."""
    found: list[bool] = []
    is_running = threading.Event()

    def work() -> None:
        try:
            is_running.set()
            while True:
                pass
        except TimeLimitError as error:
            found.append(is_asynchronous(error))

    thread = threading.Thread(target=work)
    thread.start()
    assert is_running.wait(PATIENCE)
    assert thread.ident is not None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(TimeLimitError)
    )
    thread.join()
    assert found == [True]


def fail_in_python() -> None:
    raise TimeLimitError


def fail_in_c() -> None:
    dict[str, str]().__getitem__("missing")


def fail_in_an_extension() -> None:
    ChatGenerationChunk(message="no message")  # type: ignore[arg-type]


def fail_in_what_the_interpreter_brings() -> None:
    queue.SimpleQueue[str]().get_nowait()


def fail_in_what_cython_has_compiled() -> None:
    importlib.import_module("gevent.queue").SimpleQueue().get_nowait()


def fail_with_a_class_of_no_module() -> None:
    raise type("Nowhere", (Exception,), {"__module__": []})


@pytest.mark.parametrize(
    "fail",
    [
        fail_in_python,
        fail_in_c,
        fail_in_an_extension,
        fail_in_what_the_interpreter_brings,
        fail_in_what_cython_has_compiled,
        fail_with_a_class_of_no_module,
        lambda: int("x"),
    ],
)
def test_own_failures_are_no_exceptions_from_outside(fail: Callable[[], object]) -> None:
    """What our code raises itself stays ours to catch."""
    with pytest.raises(Exception) as raised:
        fail()
    assert not is_asynchronous(raised.value)


def test_an_exception_that_answers_nothing_is_looked_at() -> None:
    """Whatever its class defines, it is told whether it came from outside."""
    with pytest.raises(HostileError) as caught:
        raise HostileError
    assert not is_asynchronous(caught.value)
