"""Runs chains in a pool of processes, from inside a chain.

pool.py fork|spawn|forkserver
"""

import multiprocessing
import sys
from typing import Any

from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda
from opentelemetry import propagate, trace
from opentelemetry.context import attach, detach
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from langchain_otel import LangChainInstrumentor


def set_up() -> None:
    """In every process: what a spawned one gets is this module and no more."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    LangChainInstrumentor().instrument()


def work(given: tuple[int, dict[str, str]]) -> str:
    """In a process of the pool, whose trace is the one of whoever asked."""
    number, carrier = given
    token = attach(propagate.extract(carrier))
    try:
        return str(
            FakeListChatModel(responses=["done"], name=f"worker-{number}").invoke("work").content
        )
    finally:
        detach(token)
        provider: Any = trace.get_tracer_provider()
        provider.force_flush()


def spread(_: Any) -> list[str]:
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    context = multiprocessing.get_context(sys.argv[1])
    # A forked process has all of it already.
    begin = None if sys.argv[1] == "fork" else set_up
    with context.Pool(2, begin) as pool:
        return pool.map(work, [(number, carrier) for number in range(4)])


if __name__ == "__main__":
    set_up()
    assert RunnableLambda(spread, name="spread").invoke("go") == ["done"] * 4
