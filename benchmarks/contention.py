"""Measures what many threads get done at once, bare and traced.

python benchmarks/contention.py
"""

import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from threading import Barrier, Thread
from typing import Any, Final

from ourselves import traced
from programs import chain

THREADS: Final = (1, 32)
TIMES: Final = 640
REPETITIONS: Final = 7
WAYS: Final[dict[str, Callable[[], AbstractContextManager[Any]]]] = {
    "bare": nullcontext,
    "traced": traced,
    "traced, content on": lambda: traced(capture_message_content="SPAN_ONLY"),
}


def throughput(threads: int) -> float:
    """Chains a second of wall clock time, all threads together."""
    barrier = Barrier(threads + 1)

    def work() -> None:
        barrier.wait()
        for _ in range(TIMES // threads):
            chain().invoke({"topic": "cats"})

    running = [Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    barrier.wait()
    before = time.perf_counter()
    for thread in running:
        thread.join()
    return TIMES / (time.perf_counter() - before)


def main() -> None:
    print("| chains a second | " + " | ".join(WAYS) + " |\n| --- | ---: | ---: | ---: |")
    for threads in THREADS:
        found: dict[str, list[float]] = {name: [] for name in WAYS}
        for _ in range(REPETITIONS):
            for name, way in WAYS.items():
                with way():
                    found[name].append(throughput(threads))
        cells = [f"{statistics.median(values):,.0f}" for values in found.values()]
        print(f"| {threads} threads | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
