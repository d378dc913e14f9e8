"""Does the work of a server for a while: requests on an event loop, and on 32 threads.

    loaded.py SECONDS RATE [bare]

RATE is how many requests begin in a second, half of them on the loop. In the end it prints what it
did as JSON. Each request has a mark, which all of its spans are to carry.
"""

import asyncio
import gc
import json
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import count
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from langchain_core.runnables import RunnableLambda
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

import langchain_otel
from langchain_otel import health
from langchain_otel.runs.store import RUNS
from models import Model, StreamingModel

SECONDS: Final = float(sys.argv[1])
RATE: Final = float(sys.argv[2])
IS_BARE: Final = "bare" in sys.argv
THREADS: Final = 32
MODEL_SECONDS: Final = 0.02
PAGE: Final = 4_096
tracer: Final = trace.get_tracer("loaded")
marks: Final = count(1)
spent: Final[list[float]] = []
sizes: Final[list[int]] = []


class Counting(SpanProcessor):
    """How many spans have ended."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.ended = 0

    def on_end(self, span: ReadableSpan) -> None:
        with self.lock:
            self.ended += 1


def look_up(text: str) -> str:
    """The mark of the request is what is asked."""
    with tracer.start_as_current_span("query", attributes={"request": text}):
        time.sleep(0)
    return Model().invoke(text).text


async def alook_up(text: str) -> str:
    with tracer.start_as_current_span("query", attributes={"request": text}):
        await asyncio.sleep(MODEL_SECONDS)
    return (await Model().ainvoke(text)).text


chain: Final[Any] = RunnableLambda(look_up, alook_up, name="look_up") | StreamingModel()


def marked(mark: str) -> Any:
    if IS_BARE:
        return nullcontext()
    return langchain_otel.attributes(request=mark)


def request() -> None:
    began = time.perf_counter()
    mark = str(next(marks))
    with marked(mark), tracer.start_as_current_span("GET", attributes={"request": mark}):
        time.sleep(MODEL_SECONDS)
        assert chain.invoke(mark).content
    spent.append(time.perf_counter() - began)


async def arequest() -> None:
    began = time.perf_counter()
    mark = str(next(marks))
    with marked(mark), tracer.start_as_current_span("GET", attributes={"request": mark}):
        assert [chunk async for chunk in chain.astream(mark)]
    spent.append(time.perf_counter() - began)


def moments(until: float) -> Iterator[float]:
    """When each request begins that one of the two sides is to do; late ones are made up for."""
    due = time.monotonic()
    while due < until:
        yield due
        due += 2 / RATE


def on_threads(until: float) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        room = threading.Semaphore(2 * THREADS)
        failed: list[BaseException] = []

        def done(future: Any) -> None:
            room.release()
            if future.exception() is not None:
                failed.append(future.exception())

        for due in moments(until):
            if time.monotonic() > until:
                break
            time.sleep(max(0.0, due - time.monotonic()))
            room.acquire()
            pool.submit(request).add_done_callback(done)
    assert not failed, failed[0]


async def on_loop(until: float) -> None:
    room = asyncio.Semaphore(2 * THREADS)

    async def one() -> None:
        async with room:
            await arequest()

    tasks: set[asyncio.Task[None]] = set()
    for due in moments(until):
        if time.monotonic() > until:
            break
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await room.acquire()
        room.release()
        tasks.add(asyncio.create_task(one()))
        for task in [each for each in tasks if each.done()]:
            task.result()
            tasks.discard(task)
    await asyncio.gather(*tasks)


def watch_memory(until: float) -> None:
    """The memory that is held, ten times; the first tenth is for warming up."""
    while time.monotonic() < until:
        time.sleep(SECONDS / 10)
        gc.collect()
        sizes.append(int(Path("/proc/self/statm").read_text().split()[1]) * PAGE)


def main() -> None:
    counting = Counting()
    telemetry = None if IS_BARE else langchain_otel.configure()
    if telemetry is not None:
        provider: Any = trace.get_tracer_provider()
        provider.add_span_processor(counting)
    until = time.monotonic() + SECONDS
    threads = [threading.Thread(target=work, args=(until,)) for work in (on_threads, watch_memory)]
    for thread in threads:
        thread.start()
    asyncio.run(on_loop(until))
    for thread in threads:
        thread.join()
    if telemetry is not None:
        telemetry.shutdown()
    ordered = sorted(spent)
    print(
        json.dumps(
            {
                "requests": len(ordered),
                "spans": counting.ended,
                "p50": ordered[len(ordered) // 2],
                "p99": ordered[len(ordered) * 99 // 100],
                "sizes": sizes,
                "open": len(RUNS),
                "failures": dict(health.failures),
            }
        )
    )


if __name__ == "__main__":
    main()
