"""A Collector takes whatever applications send, and has no error to log."""

import re
from typing import Any, Final

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from .collectors import PRODUCTION, SINK, Collector, Collectors, wait_for
from .shop import running_shop

OPERATIONS: Final = (
    *("chat", "text_completion", "embeddings", "retrieval"),
    *("execute_tool", "invoke_agent", "invoke_workflow"),
)
COUNTS: Final = ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens")
FULL: Final = {
    "gen_ai.request.model": "gpt-5-mini",
    "gen_ai.tool.name": "get_weather",
    "gen_ai.agent.name": "travel-agent",
}
COMPLAINT: Final = re.compile(r"^\S+\s+(error|warn)\s", re.MULTILINE)


def descriptions() -> list[dict[str, Any]]:
    """Spans of every operation with all attributes, with none, and with each count missing."""
    plain: list[dict[str, Any]] = [{"gen_ai.operation.name": each} for each in OPERATIONS]
    counts: list[dict[str, int]] = [dict.fromkeys(COUNTS, 7), {COUNTS[0]: 7}, {COUNTS[1]: 7}, {}]
    return [{}, *plain, *(has | FULL | counted for has in plain for counted in counts)]


def send(collector: Collector, attributes: list[dict[str, Any]]) -> None:
    provider = TracerProvider(resource=Resource.create({"service.name": "mixed"}))
    exporter = OTLPSpanExporter(endpoint=f"http://{collector.endpoint}", insecure=True)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for each in attributes:
        provider.get_tracer("hand.written").start_span("span", attributes=each).end()
    provider.shutdown()


@pytest.mark.parametrize("files", [("local.yaml", "span-metrics.yaml"), PRODUCTION], ids=len)
def test_the_collector_logs_no_error(made: Collectors, files: tuple[str, ...]) -> None:
    """Of a real application, and of spans that lack what metrics are made of."""
    sink = made.started("sink", SINK)
    places = {"BACKEND_ENDPOINT": sink.endpoint, "SAMPLING_PERCENTAGE": "100"}
    port = str(sink.ports["GRPC"])
    collector = made.started("collector", *files, JAEGER_OTLP_GRPC_PORT=port, **places)
    with running_shop(f"http://{collector.endpoint}") as shop:
        shop.work()
    attributes = descriptions()
    send(collector, attributes)
    wait_for(lambda: len(sink.spans()) > len(attributes), "the spans have not come")
    collector.stop()
    log = (collector.state / "log").read_text()
    assert "Everything is ready" in log
    assert not COMPLAINT.findall(log), log
