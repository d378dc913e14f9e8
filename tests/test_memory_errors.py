"""No memory, at any allocation: the application gets its result or the error; nothing is left.

CPython lets single allocations fail, in a process of its own: extensions in C crash where they do
not expect it. Where ours works together with one of these, which is where content is encoded, a
profile function raises instead, where our code calls a function.
"""

import random
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Final

import pytest

import langchain_otel
from faults import PROGRAMS, Checked
from langchain_otel import health
from langchain_otel.patching import run_events
from langchain_otel.runs.current_frame import current_frame
from recording import Tracing, instrumented
from seeds import LONG, SEED, count
from waiting import PATIENCE

PROGRAM: Final = Path(__file__).parent / "programs" / "out_of_memory.py"
OURS: Final = str(Path(langchain_otel.__file__).parent)
# More than a run of each program makes.
ALLOCATIONS: Final = {
    "model": 1_200,
    "stream": 1_300,
    "tool": 900,
    "retriever": 800,
    "chain": 4_000,
}
# The same for the calls in our code.
CALLS: Final = {"model": 600, "stream": 600, "tool": 400, "retriever": 400, "chain": 1_800}
CRASHED: Final = (-signal.SIGSEGV, -signal.SIGABRT)


class Failing:
    """A profile function that raises at one of the calls in our code, as if it had no memory."""

    def __init__(self, point: int) -> None:
        self.left = point

    def __call__(self, frame: FrameType, event: str, called: object) -> None:
        if event in ("call", "c_call") and self.takes_memory(frame, event, called):
            self.left -= 1
            if self.left == 0:
                # What it says tells it from one that comes from outside.
                raise MemoryError("there is none")

    def takes_memory(self, frame: FrameType, event: str, called: object) -> bool:
        code = frame.f_code
        # To leave a lock or a generator takes none; LangChain's own call is made without us, too.
        leaves = code.co_name == "<genexpr>" or getattr(called, "__name__", "") == "__exit__"
        is_langchains = event == "call" and code.co_qualname == "ends.<locals>.call"
        return code.co_filename.startswith(OURS) and not leaves and not is_langchains


class Unreported(Failing):
    """The same where LangChain calls our handler with the end of a run."""

    def takes_memory(self, frame: FrameType, event: str, called: object) -> bool:
        name = frame.f_code.co_name
        is_end = name.startswith("on_") and name.endswith(("_end", "_error"))
        return event == "call" and is_end and super().takes_memory(frame, event, called)


class Unbegun(Failing):
    """The same where the start of a run was reported, and its body is to begin."""

    def takes_memory(self, frame: FrameType, event: str, called: object) -> bool:
        return called is current_frame and frame.f_code.co_filename == run_events.__file__


def chosen(among: int) -> list[int]:
    """Some of the points at which a program can fail, or all."""
    return sorted(random.Random(SEED).sample(range(among), count(5, among)))


@pytest.mark.parametrize("name", PROGRAMS if LONG else ["chain"])
def test_an_allocation_fails(name: str) -> None:
    """Any, of ours or of another's."""
    pytest.importorskip("_testcapi", reason="this interpreter lets no allocation fail")
    left = chosen(ALLOCATIONS[name])
    crashes = 0
    while left:
        done = subprocess.run(
            [sys.executable, str(PROGRAM), name, *map(str, left)],
            capture_output=True,
            text=True,
            check=False,
            timeout=None if LONG else PATIENCE,
        )
        lines = done.stdout.splitlines()
        assert not [line for line in lines if line.startswith(" ")]
        tried = len(lines)
        if done.returncode == 0:
            assert tried == len(left)
            break
        # Python itself: ours has no code in C.
        assert done.returncode in CRASHED, done.stderr[-2_000:]
        crashes, left = crashes + 1, left[tried:]
    print(f"{name}: {ALLOCATIONS[name]} allocations, {crashes} crashes of Python itself")


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_call_of_ours_fails(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """With content: any call in our code, of Python or of C."""
    assert found(name, [Failing(point) for point in chosen(CALLS[name])]) == {}
    # LangChain logs what a handler raises.
    caplog.clear()


@pytest.mark.parametrize("fails", [Unreported, Unbegun])
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_end_of_a_run_cannot_be_reported(
    name: str, fails: type[Failing], caplog: pytest.LogCaptureFixture
) -> None:
    """LangChain catches that, and goes on as if our handler knew; or it never comes to an end."""
    assert found(name, [fails(point) for point in range(1, 6)]) == {}
    caplog.clear()


def found(name: str, failing: list[Failing]) -> dict[int, list[str]]:
    """What each failure leaves behind."""
    health.strict = False
    tracing = Tracing()
    found = {}
    with instrumented(tracing, capture_message_content="SPAN_AND_EVENT"):
        PROGRAMS[name]()
        checked = Checked(tracing, PROGRAMS[name])
        for point, fails in enumerate(failing):
            sys.setprofile(fails)
            try:
                PROGRAMS[name]()
            except MemoryError:
                pass
            finally:
                sys.setprofile(None)
            if faults := checked.faults():
                found[point] = faults
    health.failures.clear()
    return found
