"""Measures the telemetry of agents with ever more turns, with all messages and with new ones.

    python benchmarks/history.py

Every turn of an agent sends the whole conversation to its model. Recorded in full, telemetry grows
with the square of the turns; with `history="new"` each message is recorded once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from langchain_otel import LangChainInstrumentor
from ourselves import cpu_seconds
from programs import InstantModel, add

TURNS: Final = (10, 25, 50, 100, 200)
REPETITIONS: Final = 5
WORDS: Final = "words that somebody had to say about the matter " * 20
BARE: Final = "bare"
WAYS: Final[dict[str, dict[str, Any] | None]] = {
    BARE: None,
    "no content": {},
    "full": {"capture_message_content": "SPAN_ONLY", "history": "full"},
    "new": {"capture_message_content": "SPAN_ONLY", "history": "new"},
}


def conversation(turns: int) -> None:
    """An agent that calls its model so many times."""
    agent: Any = create_agent(InstantModel(rounds=turns - 1), [add])
    agent.invoke({"messages": [HumanMessage(WORDS)]}, {"recursion_limit": 10 * turns})


@contextmanager
def traced(options: dict[str, Any] | None) -> Iterator[InMemorySpanExporter]:
    """LangChain traced in a way, or bare; the spans are kept."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    if options is None:
        yield exporter
        return
    LangChainInstrumentor().instrument(tracer_provider=provider, **options)
    try:
        yield exporter
    finally:
        LangChainInstrumentor().uninstrument()


def measured(turns: int) -> dict[str, tuple[int, float]]:
    """For each way: the bytes of telemetry of such an agent, and its CPU seconds at their least."""
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    sizes = {}
    for _ in range(REPETITIONS):
        for way, options in WAYS.items():
            with traced(options) as exporter:
                seconds[way].append(cpu_seconds(lambda: conversation(turns)))
            sizes[way] = encode_spans(exporter.get_finished_spans()).ByteSize()
    return {way: (sizes[way], min(seconds[way])) for way in WAYS}


def main() -> None:
    heads = [f"{way}: bytes, µs added" for way in WAYS if way != BARE]
    print("| turns, for each | " + " | ".join(heads) + " |\n| ---: | ---: | ---: | ---: |")
    for turns in TURNS:
        found = measured(turns)
        _, bare = found.pop(BARE)
        cells = [
            f"{size // turns:,}, {(seconds - bare) / turns * 1e6:,.0f}"
            for size, seconds in found.values()
        ]
        print(f"| {turns} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
