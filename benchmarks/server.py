"""The processes of `serving.py`: a server whose answers a chain makes, and a backend for its spans.

    python benchmarks/server.py chain none|otlp|otlp_fast|configure [freeze]
    python benchmarks/server.py sink SECONDS

Each prints the port that it listens at on loopback, and is ended with its standard input.
"""

import asyncio
import gc
import os
import sys
import time
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, Final

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from langchain_otel import LangChainInstrumentor, configure
from programs import chain

EXPORTERS: Final = {
    "otlp": "opentelemetry.exporter.otlp.proto.http.trace_exporter:OTLPSpanExporter",
    "otlp_fast": "langchain_otel.exporters.otlp:FastSpanExporter",
}
CONFIGURE: Final = "configure"
FREEZE: Final = "freeze"
LOOPBACK: Final = "127.0.0.1"

Answer = Callable[[str], Awaitable[bytes]]


async def answered_by_chain(path: str) -> bytes:
    """The chain's answer; at /cpu the CPU seconds of this process so far."""
    if path == "/cpu":
        return str(time.process_time()).encode()
    answer: str = await chain().ainvoke({"topic": path})
    return answer.encode()


def swallowed(seconds: float) -> Answer:
    """An answer without content after a while: that all is well, to an exporter."""

    async def answer(_: str) -> bytes:
        await asyncio.sleep(seconds)
        return b""

    return answer


def connection_of(answer: Answer) -> Callable[..., Awaitable[None]]:
    """What serves one connection, request after request."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                await reader.readexactly(_length(head))
                body = await answer(head.split(" ", 2)[1])
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    return serve


async def serve(answer: Answer) -> None:
    """Serve on a free port of loopback, until there is no standard input any more."""
    server = await asyncio.start_server(connection_of(answer), LOOPBACK)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    # Not by returning: an export that waits for its backend is not waited for.
    os._exit(0)


def trace_to(name: str) -> None:
    """Trace with an exporter that the environment variables lead somewhere, or as we set it up."""
    if name == CONFIGURE:
        configure(capture_message_content=True)
        return
    module, exporter = EXPORTERS[name].split(":")
    made: Any = getattr(import_module(module), exporter)()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(made))
    LangChainInstrumentor().instrument(
        tracer_provider=provider, capture_message_content="SPAN_ONLY"
    )


def _length(head: str) -> int:
    lines = (line.lower() for line in head.split("\r\n"))
    return next((int(line[15:]) for line in lines if line.startswith("content-length:")), 0)


def main() -> None:
    what, how = sys.argv[1], sys.argv[2]
    if what == "chain" and how != "none":
        trace_to(how)
    if FREEZE in sys.argv:
        chain().invoke({"topic": "cats"})
        gc.collect()
        gc.freeze()
    answer = answered_by_chain if what == "chain" else swallowed(float(how))
    asyncio.run(serve(answer))


if __name__ == "__main__":
    main()
