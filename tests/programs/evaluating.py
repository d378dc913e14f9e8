"""Judges a run of another process: `python evaluating.py configure|providers|nothing TARGET ...`.

Each target is recorded as its number; what `record_evaluation()` gives is printed, as JSON.
"""

import json
import sys

import langchain_otel


def set_providers() -> None:
    """Set up OpenTelemetry as an application does that has never heard of LangChain."""
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def main(way: str, *targets: str) -> None:
    """Set up OpenTelemetry in one way, or not, and judge each target."""
    if way == "configure":
        langchain_otel.configure()
    elif way == "providers":
        set_providers()
    print(json.dumps([
        langchain_otel.record_evaluation(target, "tone", score=number)
        for number, target in enumerate(targets)
    ]))  # fmt: skip
    print(json.dumps("langchain_core" in sys.modules))


if __name__ == "__main__":
    main(*sys.argv[1:])
