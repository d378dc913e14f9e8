"""The doctor at the real Collector and Jaeger: what it says of their ports is so."""

import pytest

from doctoring import only_these, provided
from langchain_otel.doctor import backends as on_this_machine
from langchain_otel.doctor.endpoint import endpoint_findings
from langchain_otel.doctor.export_check import export_findings
from langchain_otel.doctor.finding import Finding
from langchain_otel.inspection.providers import SignalName

from .patience import PATIENCE
from .readback import Backends

pytestmark = [pytest.mark.xdist_group("backends")]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trace comes to Jaeger whenever the Collector passes it on."""
    monkeypatch.setattr(on_this_machine, "PATIENCE", PATIENCE)
    monkeypatch.setattr(on_this_machine, "SECONDS", PATIENCE)


def at(
    url: str, word: str, monkeypatch: pytest.MonkeyPatch, signal: SignalName = "traces"
) -> list[Finding]:
    """What the doctor says of an exporter with this endpoint."""
    only_these({"OTEL_EXPORTER_OTLP_ENDPOINT": url}, monkeypatch)
    with provided(word, signal, monkeypatch) as provider:
        (destination,) = provider.destinations
        return endpoint_findings(destination, signal)


@pytest.mark.parametrize("word", ["grpc", "http", "fast grpc", "fast http"])
def test_the_test_run_is_where_the_doctor_says(
    word: str, backends: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trace at the address in Jaeger is the test run."""
    url = backends.otlp_grpc if word.endswith("grpc") else backends.otlp_http
    only_these({"OTEL_EXPORTER_OTLP_ENDPOINT": url}, monkeypatch)
    monkeypatch.setattr(on_this_machine, "PORTS", {"Jaeger": backends.ports.jaeger_ui_port})
    with provided(word, "traces", monkeypatch) as provider:
        _, sent, shown = export_findings(provider)
    assert sent.sentence.endswith(" has sent 3 spans of the test run.")
    before, _, trace_id = shown.sentence.rpartition("/")
    assert before == f"Jaeger shows the test run: {backends.jaeger_url}/trace"
    names = {span.name for span in backends.jaeger_trace(trace_id, at_least=3)}
    assert names == {"first step", "second step", "invoke_workflow langchain-otel doctor"}


@pytest.mark.parametrize("signal", ["traces", "metrics", "logs"])
@pytest.mark.parametrize("word", ["grpc", "http"])
def test_the_collector_takes_all_signals(
    word: str, signal: SignalName, backends: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = backends.otlp_grpc if word == "grpc" else backends.otlp_http
    (finding,) = at(url, word, monkeypatch, signal)
    assert finding.level == "ok"


def test_the_collector_s_ports_are_told_apart(
    backends: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the port for HTTP speaks HTTP/2."""
    (finding,) = at(backends.otlp_http, "grpc", monkeypatch)
    assert "speaks OTLP over HTTP, but the exporter speaks gRPC" in finding.sentence
    (finding,) = at(backends.otlp_grpc, "http", monkeypatch)
    assert "speaks gRPC, but the exporter speaks OTLP over HTTP" in finding.sentence
    for word, url in (("grpc", backends.otlp_grpc), ("http", backends.otlp_http)):
        (finding,) = at(url.replace("http", "https", 1), word, monkeypatch)
        assert "The exporter speaks TLS, but" in finding.sentence


@pytest.mark.parametrize("word", ["grpc", "http"])
def test_jaeger_takes_no_metrics(
    word: str, backends: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = backends.jaeger_otlp_grpc if word == "grpc" else backends.jaeger_otlp_http
    (finding,) = at(url, word, monkeypatch, "metrics")
    assert "it takes no metrics there" in finding.sentence
    assert "OTEL_METRICS_EXPORTER=none" in finding.next_step


def test_the_page_of_jaeger_is_no_receiver(
    backends: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user often takes the port that the browser shows."""
    for word in ("grpc", "http"):
        (finding,) = at(backends.jaeger_url, word, monkeypatch)
        assert "it is no OTLP receiver for this exporter" in finding.sentence
