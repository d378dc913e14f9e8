"""Real servers take a hand-written trace and give it back, each the same."""

import json
import random
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as OverGrpc
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as OverHttp
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    format_trace_id,
    set_span_in_context,
)

from .build import NO_GO, BuildError, find_go
from .jaeger_ui import pages_directory
from .local import main as local
from .loopback import ADDRESS, fetch, listening
from .pins import CACHE_VARIABLE
from .processes import Server, ServerError
from .readback import Backends
from .servers import Binaries, Ports, start_all
from .spans import as_jaeger_stores, spans_in

SERVICE: Final = "hand-written"
UNICODE: Final = 'Grüße, 世界 🦜\n\u2028 "quoted" \\ back'
LONG: Final = "0123456789" * 1_000
ELSEWHERE: Final = SpanContext(trace_id=0xABC, span_id=0xDEF, is_remote=True)
MEBIBYTE: Final = 1024 * 1024

Exporter = Callable[[Backends], SpanExporter]


def over_grpc(backends: Backends) -> SpanExporter:
    return OverGrpc(endpoint=backends.otlp_grpc, insecure=True)


def over_http(backends: Backends) -> SpanExporter:
    return OverHttp(endpoint=f"{backends.otlp_http}/v1/traces")


def send_trace(exporter: SpanExporter) -> str:
    """A root, a child with everything a span can have, and a grandchild that failed."""
    provider = TracerProvider(resource=Resource.create({"service.name": SERVICE}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("hand.written", "1.0")
    with tracer.start_as_current_span("root", kind=SpanKind.SERVER) as root:
        root.set_attribute("greeting", UNICODE)
        with tracer.start_as_current_span(
            "child", links=[Link(ELSEWHERE, {"why": "resume"})]
        ) as child:
            child.set_attributes(
                {"long": LONG, "count": 7, "ratio": 0.5, "yes": True, "names": ["a", "ü"]}
            )
            child.add_event("something", {"detail": UNICODE})
            with tracer.start_as_current_span("grandchild", kind=SpanKind.CLIENT) as grandchild:
                grandchild.set_status(StatusCode.ERROR, "it broke")
    provider.shutdown()
    return format_trace_id(root.get_span_context().trace_id)


@pytest.fixture(params=[over_grpc, over_http])
def sent(request: pytest.FixtureRequest, backends: Backends) -> str:
    """The id of a trace that has been sent to the Collector."""
    exporter: Exporter = request.param
    return send_trace(exporter(backends))


def test_the_collector_writes_what_was_sent(backends: Backends, sent: str) -> None:
    """Names, tree, kinds, values of every type, event, link, status, resource, scope."""
    root, child, grandchild = backends.collector_spans(sent, at_least=3)
    assert [span.name for span in (root, child, grandchild)] == ["root", "child", "grandchild"]
    assert root.parent_span_id is None
    assert child.parent_span_id == root.span_id
    assert grandchild.parent_span_id == child.span_id
    assert (root.kind, child.kind, grandchild.kind) == ("SERVER", "INTERNAL", "CLIENT")
    assert root.text("greeting") == UNICODE
    assert child.attributes == {
        "long": LONG,
        "count": 7,
        "ratio": 0.5,
        "yes": True,
        "names": ["a", "ü"],
    }
    assert [(event.name, event.attributes) for event in child.events] == [
        ("something", {"detail": UNICODE})
    ]
    assert [(link.trace_id, link.attributes) for link in child.links] == [
        (format_trace_id(ELSEWHERE.trace_id), {"why": "resume"})
    ]
    assert (root.status_code, grandchild.status_code) == ("UNSET", "ERROR")
    assert grandchild.status_message == "it broke"
    assert root.resource["service.name"] == SERVICE
    assert root.scope_name == "hand.written"


def test_jaeger_has_what_the_collector_has(backends: Backends, sent: str) -> None:
    """Span for span, to the last attribute; and the service is listed."""
    spans = [as_jaeger_stores(span) for span in backends.collector_spans(sent, at_least=3)]
    assert backends.jaeger_trace(sent, at_least=3) == spans
    assert SERVICE in backends.jaeger_services(having=SERVICE)


def test_tempo_has_what_the_collector_has(backends_with_tempo: Backends, sent: str) -> None:
    """Span for span, by the trace's id."""
    backends = backends_with_tempo
    assert backends.tempo_trace(sent, at_least=3) == backends.collector_spans(sent, at_least=3)


def test_tempo_finds_the_trace_by_traceql(backends_with_tempo: Backends, sent: str) -> None:
    """A query for a resource, an attribute and an error in one trace."""
    query = f'{{ resource.service.name = "{SERVICE}" && span.count = 7 }} && {{ status = error }}'
    assert sent in backends_with_tempo.tempo_search(query)


def test_six_mebibytes_in_one_request_arrive(backends: Backends) -> None:
    """The configuration files raise the 4 MiB at which a gRPC receiver refuses a batch."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(over_grpc(backends)))
    tracer = provider.get_tracer("hand.written")
    with tracer.start_as_current_span("huge") as root:
        for _ in range(119):
            tracer.start_span("large", attributes={"content": "x" * (MEBIBYTE // 20)}).end()
    provider.shutdown()
    trace_id = format_trace_id(root.get_span_context().trace_id)
    spans = backends.jaeger_trace(trace_id, at_least=120)
    assert sum(len(span.text("content")) for span in spans if span.name == "large") > 5.9 * MEBIBYTE


def test_what_jaeger_cannot_index_is_cut(backends: Backends) -> None:
    """A text beyond 65,000 bytes costs its end, not the span; the Collector passes all of it on."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(over_grpc(backends)))
    with provider.get_tracer("hand.written").start_as_current_span("long") as span:
        span.set_attribute("content", "ü" * MEBIBYTE)
    provider.shutdown()
    trace_id = format_trace_id(span.get_span_context().trace_id)
    (stored,) = backends.jaeger_trace(trace_id)
    assert set(stored.text("content")) == {"ü"}
    assert len(stored.text("content").encode()) == 60_000
    (written,) = backends.collector_spans(trace_id)
    assert len(written.text("content")) == MEBIBYTE


def test_a_log_event_arrives_with_its_structure(backends: Backends) -> None:
    """A log record keeps its event name, its trace and its nested attributes."""
    provider = LoggerProvider()
    exporter = OTLPLogExporter(endpoint=backends.otlp_grpc, insecure=True)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    context = SpanContext(random.getrandbits(128), random.getrandbits(64), is_remote=False)
    record = LogRecord(
        context=set_span_in_context(NonRecordingSpan(context)),
        event_name="something.happened",
        severity_number=SeverityNumber.INFO,
        attributes={"messages": [{"role": "user", "parts": [{"content": UNICODE}]}]},
    )
    provider.get_logger("hand.written").emit(record)
    provider.shutdown()
    (arrived,) = backends.collector_logs(format_trace_id(context.trace_id))
    assert arrived.event_name == "something.happened"
    assert arrived.attributes == {"messages": [{"role": "user", "parts": [{"content": UNICODE}]}]}


def test_a_metric_can_be_scraped(backends: Backends) -> None:
    """A counter is at the Prometheus endpoint, with the service as its job."""
    exporter = OTLPMetricExporter(endpoint=backends.otlp_grpc, insecure=True)
    reader = PeriodicExportingMetricReader(exporter)
    provider = MeterProvider([reader], resource=Resource.create({"service.name": SERVICE}))
    provider.get_meter("hand.written").create_counter("hand.counted").add(5, {"kind": "plain"})
    provider.shutdown()
    (line,) = backends.metric_lines("hand_counted_total")
    assert f'job="{SERVICE}"' in line
    assert line.split(" ")[1] == "5"


def test_the_servers_listen_on_the_loopback_address_only(backends: Backends) -> None:
    """Each on its own ports and no other, and none on the usual ones."""
    usual = set(asdict(Ports()).values())
    for process in backends.processes:
        ends = listening(process.pid)
        assert ends == {(ADDRESS, port) for port in backends.ports.of(process.name).values()}
        assert not usual & {port for _, port in ends}


@pytest.fixture
def other_ports(
    binaries: Binaries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Ports]:
    """`up` finds the same binaries in another cache, where nothing runs, and other ports."""
    ports = Ports.free()
    for built in (binaries.collector.parent, binaries.jaeger.parent, pages_directory()):
        (tmp_path / built.name).symlink_to(built)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    for name, port in ports.environment().items():
        monkeypatch.setenv(name, port)
    yield ports
    local(["down"])


def test_up_and_down(
    other_ports: Ports, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`up` twice leaves the same processes, `down` ends them and says so."""
    endpoint = f"http://{ADDRESS}:{other_ports.collector_grpc_port}"
    assert local(["up"]) == 0
    assert f"OTEL_EXPORTER_OTLP_ENDPOINT={endpoint}\n" in capsys.readouterr().out
    processes = json.loads((tmp_path / "run" / "processes.json").read_text())
    started = {process["name"] for process in processes}
    assert ("prometheus" in started) is (shutil.which("prometheus") is not None)
    assert started >= {"collector", "jaeger"}
    assert local(["up"]) == local(["status"]) == 0
    assert json.loads((tmp_path / "run" / "processes.json").read_text()) == processes
    assert local(["down"]) == 0
    said = capsys.readouterr().out
    for pid in (process["pid"] for process in processes):
        assert f"({pid})" in said
        assert not Path(f"/proc/{pid}").exists()
    assert local(["status"]) == 1


def test_up_prints_addresses_that_open(
    other_ports: Ports, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each says what is to be seen there; Jaeger's page is its real one, where that was fetched."""
    assert local(["up"]) == 0
    said = capsys.readouterr().out
    printed = re.findall(r"^(\w+) +(http\S+) +(\w.*)$", said, re.MULTILINE)
    # What the Collector was sent is nothing yet: an empty page.
    opened = {url: body for _, url, _ in printed if (body := fetch(url)) is not None}
    assert opened.keys() == {url for _, url, _ in printed}
    whose = {name for name, _, _ in printed}
    assert whose >= {"Jaeger", "Collector"}
    assert ("Prometheus" in whose) is (shutil.which("prometheus") is not None)
    jaeger = opened[f"http://{ADDRESS}:{other_ports.jaeger_ui_port}/search"]
    assert (b"static/" in jaeger) is pages_directory().exists()
    assert (
        b"otelcol_process_uptime"
        in opened[f"http://{ADDRESS}:{other_ports.collector_telemetry_port}/metrics"]
    )


def test_up_refuses_a_port_that_is_taken(
    other_ports: Ports, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the port and the variable that moves it; nothing is started."""
    port = other_ports.jaeger_ui_port
    with socket.create_server((ADDRESS, port)):
        assert local(["up"]) == 1
    assert f"port {port} is taken: free it, or set JAEGER_UI_PORT" in capsys.readouterr().err
    assert local(["status"]) == 1


def test_a_server_that_does_not_start_shows_its_log(tmp_path: Path) -> None:
    """The error has what the server said, and what was started before it is stopped."""
    broken = Server("broken", ("/bin/sh", "-c", "echo no such thing; exit 1"), "http://[::1]:1", 0)
    with pytest.raises(ServerError, match="broken ended while starting:\nno such thing"):
        start_all([broken], {}, tmp_path)


def test_an_old_go_is_refused() -> None:
    """The message says what to install; the exit code is its own."""
    with pytest.raises(BuildError, match=r"install Go 999\.0 or newer") as refused:
        find_go("999.0")
    assert refused.value.code == NO_GO


def test_protobuf_json_reads_like_otlp_json() -> None:
    """Tempo writes ids as base64 and names instead of numbers."""
    times = {"startTimeUnixNano": "1", "endTimeUnixNano": "2"}
    ids = {"traceId": "CvdlGRbNQ92ESOshHIAxnA==", "spanId": "t61rcWkgMzE="}
    named = {"kind": "SPAN_KIND_CLIENT", "status": {"code": "STATUS_CODE_ERROR"}}
    (span,) = spans_in({"resourceSpans": [{"scopeSpans": [{"spans": [times | ids | named]}]}]})
    assert span.trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert span.span_id == "b7ad6b7169203331"
    assert (span.kind, span.status_code) == ("CLIENT", "ERROR")
