"""Measures whether a run costs more where many others are open.

python benchmarks/opened.py
"""

import gc
from typing import Any, Final
from uuid import uuid4

from langchain_core.callbacks import CallbackManager

from ourselves import cpu_seconds, traced
from programs import chain

OPEN: Final = (10, 1_000, 100_000)
ROOM: Final = 200_000
TIMES: Final = 500
REPETITIONS: Final = 5
RUNS: Final = 4


def call() -> None:
    for _ in range(TIMES):
        chain().invoke({"topic": "cats"})


def microseconds() -> float:
    """CPU microseconds of one run of a chain, the least of some repetitions."""
    return min(cpu_seconds(call) for _ in range(REPETITIONS)) / TIMES / RUNS * 1e6


def opened(number: int) -> list[Any]:
    """So many runs that have started and not ended."""
    managers = (CallbackManager.configure() for _ in range(number))
    return [
        manager.on_chain_start({"name": "open"}, {}, run_id=uuid4(), name="open")
        for manager in managers
    ]


def main() -> None:
    call()
    bare = microseconds()
    print(f"| open runs | µs added for each run (bare: {bare:.0f}) |\n| ---: | ---: |")
    for number in OPEN:
        with traced(max_open_runs=ROOM):
            runs = opened(number)
            call()
            print(f"| {number:,} | {microseconds() - bare:.1f} |", flush=True)
            for run in runs:
                run.on_chain_end({})
            del runs
        gc.collect()


if __name__ == "__main__":
    main()
