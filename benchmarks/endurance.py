"""Runs everything for a long time and prints each minute what memory the process holds.

    python benchmarks/endurance.py [--minutes 30]

Chains, agents and streams, also such as fail, are cancelled or are given up half way.
"""

import argparse
import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any, Final

from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableLambda

from langchain_otel import health
from langchain_otel.runs.store import RUNS
from memory import resident
from ourselves import traced
from programs import InstantModel, agent, chain

QUESTION: Final = {"messages": [HumanMessage("1 + 2?")]}
MINUTE: Final = 60.0


def fails(_: Any) -> None:
    raise ValueError("a failure")


async def waits(_: Any) -> None:
    await asyncio.sleep(MINUTE)


def failing() -> None:
    try:
        (RunnableLambda(fails) | chain()).invoke({})
    except ValueError:
        return


def given_up() -> None:
    for _ in InstantModel().stream("a question"):
        break


def cancelled() -> None:
    async def soon() -> None:
        try:
            await asyncio.wait_for((RunnableLambda(waits) | chain()).ainvoke({}), 0.001)
        except TimeoutError:
            return

    asyncio.run(soon())


WORK: Final[tuple[Callable[[], Any], ...]] = (
    lambda: chain().invoke({"topic": "cats"}),
    lambda: chain().batch([{"topic": "cats"}] * 5),
    lambda: asyncio.run(chain().ainvoke({"topic": "cats"})),
    lambda: agent().invoke(QUESTION),
    failing,
    given_up,
    cancelled,
)


def minutes(number: float) -> Iterator[int]:
    """Work without a pause; gives how often, each minute."""
    work, done = cycle(WORK), 0
    for minute in range(max(1, round(number))):
        until = time.monotonic() + MINUTE * min(1.0, number - minute)
        while time.monotonic() < until:
            next(work)()
            done += 1
        yield done


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    chosen = parser.parse_args()
    print("| minute | programs | MB | open runs | failures |\n| ---: | ---: | ---: | ---: | ---: |")
    with traced(capture_message_content="SPAN_ONLY") as provider:
        for minute, done in enumerate(minutes(chosen.minutes), 1):
            provider.force_flush()
            gc.collect()
            cells = [
                minute,
                done,
                f"{resident() / 1e6:.1f}",
                len(RUNS),
                sum(health.failures.values()),
            ]
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    main()
