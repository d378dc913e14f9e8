"""A run is judged in another process, which never saw it: both send to one backend."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, StateGraph
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from typing_extensions import TypedDict

from langchain_otel import semconv, traceparent_of
from recording import Tracing, instrumented
from servers.otlp_sink import Sink, Span, running_sink
from unneeded import ALONE
from waiting import PATIENCE

PROGRAM: Final = Path(__file__).parent / "programs" / "evaluating.py"
INSTRUMENT: Final = str(Path(sys.executable).with_name("opentelemetry-instrument"))
SETTINGS: Final = {
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    # No other process may say anything of its own.
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "requests,urllib3,urllib,httpx",
}


class State(TypedDict):
    x: Any


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running_sink() as sink:
        yield sink


def judge(sink: Sink, way: str, *targets: str, **variables: str) -> tuple[list[bool], bool]:
    """What the program gave, and whether it had imported LangChain, after its end."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    command = [sys.executable, str(PROGRAM), way, *targets]
    if way == "instrument":
        command.insert(0, INSTRUMENT)
    done = subprocess.run(
        command,
        env=inherited | ALONE | SETTINGS | {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.url} | variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    given, has_langchain = map(json.loads, done.stdout.splitlines())
    return given, has_langchain


def agent_run(sink: Sink) -> tuple[Span, str]:
    """The span of a graph that was sent by this process, and what it keeps with the answer."""
    tracing, run_id = Tracing(), uuid4()
    exporter = OTLPSpanExporter(f"{sink.url}/v1/traces")
    tracing.tracer_provider.add_span_processor(SimpleSpanProcessor(exporter))
    builder: Any = StateGraph(State)
    builder.add_node("node", RunnableLambda(lambda state: state)).add_edge(START, "node")
    with instrumented(tracing):
        builder.compile(name="graph").invoke({"x": 1}, {"run_id": run_id})
        kept = traceparent_of(run_id)
    assert kept is not None
    tracing.tracer_provider.shutdown()
    (root,) = [span for span in sink.spans if span.name == "invoke_workflow graph"]
    return root, kept


@pytest.mark.parametrize("way", ["configure", "providers", "instrument"])
def test_by_traceparent(way: str, sink: Sink) -> None:
    """The evaluation is below the span that was judged, in its trace."""
    root, kept = agent_run(sink)
    assert kept.split("-")[1:3] == [root.trace_id, root.span_id]
    given, has_langchain = judge(sink, way, kept)
    assert given == [True]
    assert not has_langchain or way != "providers"
    (late,) = [span for span in sink.spans if span.name == f"{semconv.EVALUATE} tone"]
    assert (late.trace_id, late.parent_id) == (root.trace_id, root.span_id)
    assert late.attributes[semconv.GEN_AI_EVALUATION_SCORE_VALUE] == 0


def test_by_the_id_of_the_trace(sink: Sink) -> None:
    """It is in the trace, and below nothing that is not there."""
    root, _ = agent_run(sink)
    given, _ = judge(sink, "providers", root.trace_id)
    assert given == [True]
    (late,) = [span for span in sink.spans if span.name == f"{semconv.EVALUATE} tone"]
    assert (late.trace_id, late.parent_id) == (root.trace_id, "")


def test_as_log_records(sink: Sink) -> None:
    """With an exporter of logs, each record has the ids of what was judged."""
    root, kept = agent_run(sink)
    given, _ = judge(sink, "configure", kept, root.trace_id, OTEL_LOGS_EXPORTER="otlp")
    assert given == [True, True]
    bodies = [each.body for each in sink.requests if each.path == "/v1/logs"]
    found = [
        record
        for body in bodies
        for resource in ExportLogsServiceRequest.FromString(body).resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]
    assert [record.event_name for record in found] == [semconv.GEN_AI_EVALUATION_RESULT] * 2
    assert [(each.trace_id.hex(), each.span_id.hex()) for each in found] == [
        (root.trace_id, root.span_id),
        (root.trace_id, ""),
    ]
    assert not [span for span in sink.spans if span.name.startswith(semconv.EVALUATE)]


def test_tracing_switched_off(sink: Sink) -> None:
    """Nothing is recorded, and nobody complains."""
    _, kept = agent_run(sink)
    given, _ = judge(sink, "configure", kept, OTEL_SDK_DISABLED="true")
    assert given == [False]
