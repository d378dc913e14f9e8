"""Measures the bytes of telemetry of agents with ever more turns, with all messages and with new.

    python benchmarks/history.py

Every turn of an agent sends the whole conversation to its model. Recorded in full, telemetry grows
with the square of the turns; with `history="new"` each message is recorded once.
"""

from collections.abc import Sequence
from typing import Any, Final

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from langchain_otel import LangChainInstrumentor
from programs import InstantModel, add

TURNS: Final = (10, 25, 50, 100)
WORDS: Final = "words that somebody had to say about the matter " * 20


class Count(SpanExporter):
    """An exporter that counts what it would send over OTLP."""

    def __init__(self) -> None:
        self.bytes = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.bytes += encode_spans(spans).ByteSize()
        return SpanExportResult.SUCCESS


def telemetry(turns: int, **options: Any) -> int:
    """The bytes of telemetry of an agent that calls its model `turns` times."""
    count = Count()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(count))
    LangChainInstrumentor().instrument(tracer_provider=provider, **options)
    try:
        agent: Any = create_agent(InstantModel(rounds=turns - 1), [add])
        config: RunnableConfig = {"recursion_limit": 10 * turns}
        agent.invoke({"messages": [HumanMessage(WORDS)]}, config)
    finally:
        LangChainInstrumentor().uninstrument()
    return count.bytes


def main() -> None:
    print(f"{'turns':>6}{'no content':>14}{'full':>14}{'new':>14}{'full / new':>14}")
    for turns in TURNS:
        without = telemetry(turns)
        full, new = (
            telemetry(turns, capture_message_content="SPAN_ONLY", history=history)
            for history in ("full", "new")
        )
        print(f"{turns:6}{without:14,}{full:14,}{new:14,}{full / new:14.1f}")


if __name__ == "__main__":
    main()
