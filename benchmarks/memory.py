"""Knows what runs leave behind in memory: those that end, and those that never do."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from langchain_core.callbacks import CallbackManager

RUNS: Final = 20_000
TEXT: Final = "x" * 1_000
KINDS: Final = ("finished", "never finished")
PAGE: Final = 4_096
FLUSHED_EVERY: Final = 500


def resident() -> int:
    """The bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def start(config: dict[str, Any], number: int) -> Any:
    """Report the start of a chain's run with a text of its own; gives what its end is told to."""
    manager = CallbackManager.configure(inheritable_callbacks=config.get("callbacks"))
    return manager.on_chain_start(
        {"name": "chain"}, {"input": f"{number} {TEXT}"}, run_id=uuid4(), name="chain"
    )


def grown(kind: str, config: dict[str, Any], flush: Callable[[], None]) -> dict[str, Any]:
    """Megabytes after half of the runs and after all of them."""
    for number in range(100):
        start(config, number).on_chain_end({"output": f"{number} {TEXT}"})
    flush()
    before = _settled()
    half, whole = [(after - before) / 1e6 for after in _sizes(kind, config, flush)]
    return {"half": half, "whole": whole}


def _sizes(kind: str, config: dict[str, Any], flush: Callable[[], None]) -> Iterator[int]:
    for number in range(RUNS):
        run = start(config, number)
        if kind == "finished":
            run.on_chain_end({"output": f"{number} {TEXT}"})
        if number % FLUSHED_EVERY == 0:
            flush()
        if number + 1 in {RUNS // 2, RUNS}:
            flush()
            yield _settled()


def _settled() -> int:
    gc.collect()
    return resident()
