"""Measures the telemetry of agents with ever more turns, with all messages and with new ones.

    python benchmarks/history.py

Every turn of an agent sends the whole conversation to its model. Recorded in full, telemetry grows
with the square of the turns; with `history="new"` each message is recorded once.
"""

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
REPETITIONS: Final = 3
WORDS: Final = "words that somebody had to say about the matter " * 20
WAYS: Final[dict[str, dict[str, Any]]] = {
    "no content": {},
    "full": {"capture_message_content": "SPAN_ONLY", "history": "full"},
    "new": {"capture_message_content": "SPAN_ONLY", "history": "new"},
}


def conversation(turns: int) -> None:
    """An agent that calls its model so many times."""
    agent: Any = create_agent(InstantModel(rounds=turns - 1), [add])
    agent.invoke({"messages": [HumanMessage(WORDS)]}, {"recursion_limit": 10 * turns})


def telemetry(turns: int, options: dict[str, Any]) -> tuple[int, float]:
    """The bytes of telemetry of such an agent, and the CPU seconds that all of it takes."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    LangChainInstrumentor().instrument(tracer_provider=provider, **options)
    try:
        seconds = least_seconds(turns)
    finally:
        LangChainInstrumentor().uninstrument()
    size = encode_spans(exporter.get_finished_spans()).ByteSize()
    return size // REPETITIONS, seconds


def least_seconds(turns: int) -> float:
    return min(cpu_seconds(lambda: conversation(turns)) for _ in range(REPETITIONS))


def main() -> None:
    heads = [f"{way}: bytes, µs added" for way in WAYS]
    print("| turns, for each | " + " | ".join(heads) + " |\n| ---: | ---: | ---: | ---: |")
    conversation(TURNS[0])
    for turns in TURNS:
        bare = least_seconds(turns)
        cells = []
        for options in WAYS.values():
            size, seconds = telemetry(turns, options)
            cells.append(f"{size // turns:,}, {(seconds - bare) / turns * 1e6:,.0f}")
        print(f"| {turns} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
