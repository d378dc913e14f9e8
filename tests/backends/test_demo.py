"""The demo agent, sent by plain `opentelemetry-instrument` into real backends and read back."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from .collectors import wait_for
from .readback import Backends
from .spans import Span, as_jaeger_stores

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SPANS = 13

pytestmark = [pytest.mark.xdist_group("backends")]

TREE = """\
invoke_agent travel-agent
  model
    chat gpt-5-mini
      POST
  tools
    execute_tool get_weather
      GET
  tools
    execute_tool find_hotels
      SELECT
  model
    chat gpt-5-mini
      POST
"""


@pytest.fixture(scope="module", params=["grpc", "http/protobuf"])
def trace(request: pytest.FixtureRequest, backends: Backends) -> tuple[str, str]:
    """The demo's service and trace id, sent by one of OTLP's two protocols."""
    protocol = request.param
    service = f"demo-{uuid.uuid4()}"
    endpoint = backends.otlp_grpc if protocol == "grpc" else backends.otlp_http
    done = subprocess.run(
        [BIN / "opentelemetry-instrument", sys.executable, ROOT / "examples" / "agent.py"],
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": os.environ["PATH"],
            "OTEL_SERVICE_NAME": service,
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        },
    )
    assert done.returncode == 0, done.stderr
    assert "sunny" in done.stdout
    (trace_id,) = backends.traces_of(service)
    return service, trace_id


def tree(spans: list[Span]) -> str:
    """The spans as indented text; children of the same node in the order of their names."""
    lines: list[str] = []

    def add(parent: str | None, depth: int) -> None:
        children = [span for span in spans if span.parent_span_id == parent]
        for span in children:
            lines.append("  " * depth + span.name + "\n")
            add(span.span_id, depth + 1)

    add(None, 0)
    return "".join(lines)


def check(spans: list[Span]) -> None:
    """Every span is there, one root, right parents, right attributes."""
    assert len(spans) == SPANS
    assert sorted(tree(spans).splitlines()) == sorted(TREE.splitlines())
    assert len([span for span in spans if span.parent_span_id is None]) == 1
    assert {span.status_code for span in spans} == {"UNSET"}
    agent = next(span for span in spans if span.parent_span_id is None)
    assert agent.kind == "INTERNAL"
    assert agent.scope_name == "langchain_otel"
    assert agent.text("gen_ai.operation.name") == "invoke_agent"
    assert agent.text("gen_ai.agent.name") == "travel-agent"
    for chat in (span for span in spans if span.name == "chat gpt-5-mini"):
        assert chat.kind == "CLIENT"
        assert chat.text("gen_ai.provider.name") == "openai"
        assert chat.text("gen_ai.response.model").startswith("gpt-5-mini-20")
        assert chat.text("server.address") == "127.0.0.1"
        assert chat.attributes["gen_ai.usage.input_tokens"]
        assert chat.attributes["gen_ai.response.finish_reasons"]
        assert "gen_ai.input.messages" not in chat.attributes
    tools = [span for span in spans if span.name.startswith("execute_tool")]
    assert {tool.text("gen_ai.tool.name") for tool in tools} == {"get_weather", "find_hotels"}
    assert all(tool.text("gen_ai.tool.call.id") for tool in tools)
    conversations = {span.attributes.get("gen_ai.conversation.id") for span in (agent, *tools)}
    assert len(conversations) == 1
    assert None not in conversations


def test_demo_in_the_collector(trace: tuple[str, str], backends: Backends) -> None:
    """What the Collector wrote to its file is the whole tree."""
    check(backends.collector_spans(trace[1], at_least=SPANS))


def test_demo_in_jaeger(trace: tuple[str, str], backends: Backends) -> None:
    """Jaeger knows the service and gives the same spans back through its query API."""
    service, trace_id = trace
    assert service in backends.jaeger_services(having=service)
    spans = backends.jaeger_trace(trace_id, at_least=SPANS)
    check(spans)
    written = backends.collector_spans(trace_id, at_least=SPANS)
    assert spans == [as_jaeger_stores(span) for span in written]


def test_demo_in_metrics(trace: tuple[str, str], backends: Backends) -> None:
    """The Collector has counted the spans, and knows which agent calls which tool."""
    service, _ = trace

    def counted() -> float:
        calls = backends.metric_lines("traces_span_metrics_calls_total", of=service)
        return sum(float(line.split(" # ")[0].rpartition(" ")[2]) for line in calls)

    wait_for(lambda: counted() == SPANS, f"not {SPANS} spans are counted")
    edges = backends.metric_lines("traces_service_graph_request_total", of=service)
    assert all('client="travel-agent"' in line for line in edges)
    assert {"get_weather", "find_hotels", "gpt-5-mini"} == {
        line.partition('server="')[2].partition('"')[0] for line in edges
    }


def test_demo_in_tempo(trace: tuple[str, str], backends_with_tempo: Backends) -> None:
    """Tempo gives the trace by its id, and finds it by a TraceQL query."""
    service, trace_id = trace
    check(backends_with_tempo.tempo_trace(trace_id, at_least=SPANS))
    query = (
        f'{{ resource.service.name = "{service}" && span.gen_ai.operation.name = "execute_tool" }}'
    )
    assert backends_with_tempo.tempo_search(query) == [trace_id]
