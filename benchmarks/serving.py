"""Measures how long an async server takes to answer, with and without tracing, by its backend.

    python benchmarks/serving.py [--seconds 20] [--rate 100]

The server and the backend are processes of their own; this one sends requests at a fixed rate,
whether or not earlier ones were answered. A latency counts from when the request was due.
"""

import argparse
import asyncio
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from peers import OURS, variables_of
from server import CONFIGURE, FREEZE, LOOPBACK

CONNECTIONS: Final = 20
WARMING: Final = 3.0
SLOW: Final = 8.0
AWAY: Final = "away"


class Case(NamedTuple):
    """How the server traces, what becomes of what it sends, and whether it freezes its heap."""

    name: str
    exporter: str
    backend: float | str = 0.0
    freezes: bool = False


CASES: Final = (
    Case("no tracing", "none"),
    Case("otlp", "otlp"),
    Case("otlp_fast", "otlp_fast"),
    Case("configure(), metrics and logs too", CONFIGURE),
    Case("otlp_fast, gc.freeze()", "otlp_fast", freezes=True),
    Case("otlp, the backend is slow", "otlp", SLOW),
    Case("otlp, there is no backend", "otlp", AWAY),
)


class Found(NamedTuple):
    """What the requests of one case came to."""

    latencies: list[float]
    cpu_seconds: float


@contextmanager
def process(*arguments: str, **variables: str) -> Iterator[int]:
    """A process of `server.py`; gives its port."""
    running = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("server.py"), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # Exporters say at length that there is no backend.
        stderr=subprocess.DEVNULL,
        text=True,
        env={**variables_of(OURS), **variables},
    )
    try:
        assert running.stdout is not None
        yield int(running.stdout.readline())
    finally:
        running.kill()
        running.communicate()


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        port: int = taken.getsockname()[1]
        return port


class Client:
    """A few connections to the server, each for one request at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        self._free = asyncio.Queue()

    async def connect(self) -> None:
        for _ in range(CONNECTIONS):
            self._free.put_nowait(await asyncio.open_connection(LOOPBACK, self._port))

    async def get(self, path: str) -> bytes:
        connection = await self._free.get()
        reader, writer = connection
        writer.write(f"GET {path} HTTP/1.1\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(int(head.split(b"Content-Length: ")[1]))
        self._free.put_nowait(connection)
        return body

    async def timed(self, due: float) -> float:
        """The seconds from when a request was due to its answer."""
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await self.get("/cats")
        return time.perf_counter() - due

    async def at_rate(self, rate: float, seconds: float) -> list[float]:
        """The latencies of requests that are sent evenly."""
        start = time.perf_counter()
        due = (start + number / rate for number in range(round(rate * seconds)))
        return await asyncio.gather(*map(self.timed, due))


async def loaded(port: int, rate: float, seconds: float) -> Found:
    client = Client(port)
    await client.connect()
    await client.at_rate(rate, WARMING)
    before = float(await client.get("/cpu"))
    latencies = await client.at_rate(rate, seconds)
    return Found(latencies, float(await client.get("/cpu")) - before)


def measured(case: Case, rate: float, seconds: float) -> Found:
    """A case, with fresh processes."""
    with ExitStack() as stack:
        if case.backend == AWAY:
            backend = closed_port()
        else:
            backend = stack.enter_context(process("sink", str(case.backend)))
        endpoint = f"http://{LOOPBACK}:{backend}"
        port = stack.enter_context(
            process(
                "chain",
                case.exporter,
                *([FREEZE] if case.freezes else []),
                OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
                OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
            )
        )
        return asyncio.run(loaded(port, rate, seconds))


def row(case: Case, found: Found) -> str:
    marks = statistics.quantiles(found.latencies, n=100)
    numbers = [marks[49], marks[98], max(found.latencies)]
    cpu = found.cpu_seconds / len(found.latencies) * 1e6
    return f"| {case.name} | " + " | ".join(f"{n * 1e3:.2f}" for n in numbers) + f" | {cpu:,.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=20, help="for each case")
    parser.add_argument("--rate", type=float, default=100, help="requests a second")
    chosen = parser.parse_args()
    print(f"| {chosen.rate:.0f} requests a second | p50 ms | p99 ms | longest ms | CPU µs each |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for case in CASES:
        if case.exporter == "otlp_fast" and find_spec("langchain_otel.exporters") is None:
            continue
        print(row(case, measured(case, chosen.rate, chosen.seconds)), flush=True)


if __name__ == "__main__":
    main()
