"""A stack that is nearly full: the application gets its result, or its own error."""

import sys
from collections.abc import Callable
from typing import Any, Final

import pytest

from faults import PROGRAMS, Checked
from langchain_otel import health
from recording import Tracing, instrumented
from seeds import count

LEVELS: Final = 200
STEP: Final = count(8, 1)
# How many calls of ours stand in LangChain's stack at most.
OURS: Final = 24


def at(depth: int, program: Callable[[], Any]) -> Any:
    return program() if depth == 0 else at(depth - 1, program)


def outcomes(program: Callable[[], Any]) -> list[str]:
    """What becomes of the program at the last levels, the deepest last."""
    found = []
    frame: Any = sys._getframe()
    used = 0
    while frame is not None:
        used, frame = used + 1, frame.f_back
    free = sys.getrecursionlimit() - used
    for depth in range(free - LEVELS, free - 5, STEP):
        try:
            at(depth, program)
            found.append("result")
        except Exception as error:
            found.append(type(error).__name__)
    return found


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_stack_is_nearly_full(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Never another error, and what comes afterwards is traced whole."""
    health.strict = False
    program = PROGRAMS[name]
    program()
    bare = outcomes(program)
    tracing = Tracing()
    with instrumented(tracing):
        checked = Checked(tracing, program)
        traced = outcomes(program)
        assert checked.faults() == []
    assert set(traced) <= set(bare) == {"result", "RecursionError"}
    sooner = bare.index("RecursionError") - traced.index("RecursionError")
    assert 0 <= sooner * STEP <= OURS
    health.failures.clear()
    # LangChain logs what a handler raises.
    caplog.clear()
