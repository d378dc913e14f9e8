"""Runs LangChain while single allocations fail, with CPython's own means to let them.

    out_of_memory.py PROGRAM ALLOCATION ...

It prints the number of each allocation before that fails, and indented what its failure has left.
"""

import _testcapi  # type: ignore[import-not-found]
import gc
import logging
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults import PROGRAMS, Checked
from langchain_otel import health
from recording import Tracing, instrumented

OURS = str(Path(health.__file__).parent)
# What CPython and extensions in Rust make of an allocation that fails where they do not expect it.
NO_MEMORY = ("MemoryError", "SystemError", "PanicException")


def complaint(error: BaseException) -> list[str]:
    """An error that our code has made of having no memory."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    is_ours = place.filename.startswith(OURS) and type(error).__name__ not in NO_MEMORY
    return [f"{error!r} at {place.filename}:{place.lineno}"] if is_ours else []


def failing_at(allocation: int, name: str) -> list[str]:
    """Run a program whose allocation with this number fails; what our code makes of it."""
    program = PROGRAMS[name]
    _testcapi.set_nomemory(allocation, allocation + 1)
    try:
        program()
    except BaseException as error:
        _testcapi.remove_mem_hooks()
        return complaint(error)
    finally:
        _testcapi.remove_mem_hooks()
    return []


def main(name: str, allocations: list[int]) -> None:
    logging.disable(logging.CRITICAL)
    tracing = Tracing()
    with instrumented(tracing):
        for _ in range(3):
            PROGRAMS[name]()
        gc.disable()
        checked = Checked(tracing, PROGRAMS[name])
        for allocation in allocations:
            print(allocation, flush=True)
            for fault in failing_at(allocation, name) + checked.faults():
                print(f"  {fault} ({name}, {allocation})", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], [int(each) for each in sys.argv[2:]])
