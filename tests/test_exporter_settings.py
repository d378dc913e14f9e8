"""docs/backends.md: the settings of each backend, as OpenTelemetry's exporters understand them."""

import os
import re
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from langchain_otel.config import OPTIONS
from servers.otlp_sink import Received, Sink, running_sink
from unneeded import WITHOUT_SERVERS
from waiting import PATIENCE

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = (ROOT / "docs" / "backends.md").read_text()
SECTIONS: Final = dict(
    re.findall(r"^### (.+?)\n(?:.(?!^### ))*?^```sh\n(.+?)^```$", PAGE, re.MULTILINE | re.DOTALL)
)

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
HEADERS: Final = ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS")
PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
OTHERS: Final = {
    "OTEL_METRICS_EXPORTER",
    "OTEL_LOGS_EXPORTER",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
}


def settings(name: str) -> dict[str, str]:
    lines = [line.removeprefix("export ") for line in SECTIONS[name].splitlines()]
    return dict(line.split("=", 1) for line in lines)


def one_of(names: tuple[str, ...], given: dict[str, str]) -> str:
    (found,) = [given[name] for name in names if name in given]
    return found


OVER_HTTP: Final = [name for name in SECTIONS if one_of(PROTOCOLS, settings(name)) != "grpc"]


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running_sink() as sink:
        yield sink


def here(given: dict[str, str], sink: Sink) -> dict[str, str]:
    """The same settings with our server for the vendor's; the path stays."""
    moved = dict(given)
    for name in ENDPOINTS:
        if name in moved:
            moved[name] = sink.url + urllib.parse.urlsplit(moved[name]).path
    return moved


def wanted_path(given: dict[str, str]) -> str:
    if path := given.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        return urllib.parse.urlsplit(path).path
    return urllib.parse.urlsplit(given["OTEL_EXPORTER_OTLP_ENDPOINT"]).path + "/v1/traces"


def check(given: dict[str, str], request: Received) -> None:
    """The request went to the right path, with every header, decoded."""
    assert request.path == wanted_path(given)
    text = next((given[name] for name in HEADERS if name in given), "")
    for pair in filter(None, text.split(",")):
        name, _, value = pair.partition("=")
        assert request.headers[name.lower()] == urllib.parse.unquote(value)


@pytest.mark.parametrize("name", OVER_HTTP)
def test_path_and_headers_arrive(name: str, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    given = settings(name)
    for variable, value in here(given, sink).items():
        monkeypatch.setenv(variable, value)
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(HttpExporter()))
    provider.get_tracer("test").start_span("sent").end()
    provider.shutdown()
    (request,) = sink.requests
    check(given, request)
    assert [span.name for span in sink.spans] == ["sent"]


def test_the_demo_is_sent_as_langfuse_wants_it(sink: Sink) -> None:
    """By `opentelemetry-instrument`, which reads the settings itself: a path and `Basic%20`."""
    given = settings("Langfuse")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [
            Path(sys.executable).with_name("opentelemetry-instrument"),
            sys.executable,
            ROOT / "examples" / "callbacks.py",
            "nothing",
        ],
        env=inherited | WITHOUT_SERVERS | here(given, sink),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {"execute_tool describe_city", "chat gpt-5-mini"} <= {span.name for span in sink.spans}
    for request in sink.requests:
        check(given, request)
    assert sink.requests[0].headers["authorization"] == "Basic AUTH"


@pytest.mark.parametrize("name", [name for name in SECTIONS if name not in OVER_HTTP])
def test_settings_for_grpc_are_understood(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = settings(name)
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    exporter = GrpcExporter()
    host = urllib.parse.urlsplit(one_of(ENDPOINTS, given)).netloc
    assert exporter._endpoint.startswith(host)
    text = next((given[name] for name in HEADERS if name in given), "")
    pairs = [tuple(pair.split("=")) for pair in filter(None, text.split(","))]
    assert set(pairs) <= set(exporter._headers or ())
    exporter.shutdown()


@pytest.mark.parametrize("name", SECTIONS)
def test_every_variable_exists(name: str) -> None:
    """It is OpenTelemetry's or ours."""
    ours = {option.variable for option in OPTIONS}
    known = {*ENDPOINTS, *HEADERS, *PROTOCOLS, *OTHERS} | ours
    assert settings(name).keys() <= known


def test_every_backend_is_either_run_or_has_an_address() -> None:
    documented = PAGE.partition("## As documented")[2]
    for section in documented.split("### ")[1:]:
        assert re.search(r"<https://[^>]+>", section) or section.startswith("Helicone")
    assert len(SECTIONS) == 22
