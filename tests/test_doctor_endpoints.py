"""The doctor names what is wrong with an endpoint, at real servers, and says what to do."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Final

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from doctoring import only_these, provided
from endpoint_cases import BASE, CASES, HEADERS, SECRET, SOUND, Case
from langchain_otel.doctor import endpoint, probe, senders
from langchain_otel.doctor.endpoint import endpoint_findings
from langchain_otel.doctor.finding import Finding
from langchain_otel.inspection.providers import Destination, SignalName, described, without_secrets
from servers.endpoints import Certificates, Port, Server, closed, grpc_server, http, silent

# Seconds for one step, enough on a busy machine.
LONG: Final = 30.0

Maker = Callable[[str, SignalName, dict[str, str]], Destination]


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What answers has all the time of a busy machine, and no other variable is in the way."""
    only_these({}, monkeypatch)
    monkeypatch.setattr(endpoint, "LIMIT", 5 * LONG)
    wait(LONG, monkeypatch)


def wait(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each step of a check wait that long."""
    for module in (probe, senders):
        monkeypatch.setattr(module, "STEP", seconds)


@pytest.fixture
def destination_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Maker]:
    """Makes an exporter as variables say, and describes where it sends."""
    with ExitStack() as stack:

        def made(exporter: str, signal: SignalName, variables: dict[str, str]) -> Destination:
            only_these(variables, monkeypatch)
            provider = stack.enter_context(provided(exporter, signal, monkeypatch))
            (destination,) = provider.destinations
            return destination

        yield made


def said(
    case: Case, port: Port, certificates: Certificates, destination_of: Maker
) -> tuple[list[Finding], Callable[[str], str]]:
    """The findings, and what puts the port into the texts of the case."""

    def filled(text: str) -> str:
        text = text.replace("{port}", str(port.number))
        for name in ("here", "elsewhere"):
            word = "certificate" if name == "here" else name
            if f"{{{word}}}" in text:
                text = text.replace(f"{{{word}}}", str(certificates.file(name)))
        return text

    variables = {name: filled(value) for name, value in case.variables.items()}
    destination = destination_of(case.exporter, case.signal, variables)
    return endpoint_findings(destination, case.signal), filled


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_wrong_is_named(
    case: Case,
    certificates: Certificates,
    destination_of: Maker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One finding is the sentence of the case, with its next step; no finding has a secret."""
    if case.server is silent:
        wait(0.5, monkeypatch)
    with case.server(certificates) as port:
        findings, filled = said(case, port, certificates, destination_of)
    assert SECRET not in str(findings)
    by_sentence = {finding.sentence: finding for finding in findings}
    assert filled(case.sentence) in by_sentence, findings
    found = by_sentence[filled(case.sentence)]
    assert filled(case.step) in found.next_step
    assert (found.level, found.topic.split()[0]) == (case.level, case.signal)


@pytest.mark.parametrize("case", SOUND.values(), ids=SOUND)
def test_a_sound_endpoint_is_said_to_be_sound(
    case: Case, certificates: Certificates, destination_of: Maker
) -> None:
    """One finding, and the server got one empty request."""
    with case.server(certificates) as port:
        findings, filled = said(case, port, certificates, destination_of)
    assert SECRET not in str(findings)
    assert [(finding.level, finding.sentence) for finding in findings] == [
        ("ok", filled(case.sentence))
    ]
    assert port.bodies == [b""]
    if HEADERS in case.variables:
        assert port.headers[0]["x-api-key"] == SECRET


NAMELESS: Final = {
    socket.gaierror(socket.EAI_NONAME, SECRET): "no name server knows it",
    socket.gaierror(socket.EAI_AGAIN, SECRET): "no name server answers",
}


@pytest.mark.parametrize("error", NAMELESS, ids=NAMELESS.values())
@pytest.mark.parametrize("exporter", ["grpc", "http"])
def test_a_host_that_cannot_be_found(
    exporter: str,
    error: socket.gaierror,
    destination_of: Maker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A host that is unknown, and a machine that cannot ask."""

    def fail(*_: object, **__: object) -> None:
        raise error

    destination = destination_of(exporter, "traces", {BASE: "http://collector.invalid:4317"})
    monkeypatch.setattr(socket, "getaddrinfo", fail)
    (finding,) = endpoint_findings(destination, "traces")
    assert finding.sentence == f"The host collector.invalid cannot be found: {NAMELESS[error]}."
    assert BASE in finding.next_step


def test_no_network(destination_of: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system knows no way to an address."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(101, SECRET)

    destination = destination_of("http", "traces", {BASE: "http://192.0.2.1:4318"})
    monkeypatch.setattr(socket, "create_connection", fail)
    (finding,) = endpoint_findings(destination, "traces")
    assert finding.sentence == "No network leads to 192.0.2.1:4318."
    assert finding.next_step.startswith("Connect this machine to the network")


class Wrapper:
    """An exporter of somebody else's."""

    _endpoint = f"http://127.0.0.1:9/?key={SECRET}"

    def export(self, spans: Any) -> None:
        raise ValueError(SECRET)


def test_an_unknown_exporter_is_left_to_the_export_test() -> None:
    """What is no exporter of OpenTelemetry's is not asked how it sends."""
    destination = Destination("P", "Wrapper", "http/protobuf", "http://127.0.0.1:9/", (), Wrapper())
    (finding,) = endpoint_findings(destination, "traces")
    assert finding.level == "note"
    assert "only the export test says whether it sends" in finding.sentence


def test_a_failure_of_a_check_says_no_more_than_its_type(
    destination_of: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is raised, and the text of the error is not said."""
    destination = destination_of("http", "traces", {BASE: "http://127.0.0.1:9"})

    def fail(*_: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("langchain_otel.doctor.endpoint.reach", fail)
    (finding,) = endpoint_findings(destination, "traces")
    assert SECRET not in str(finding)
    assert "could not be checked (RuntimeError)" in finding.sentence


def grpc_in_code(port: int) -> Any:
    return GrpcSpans(f"http://127.0.0.1:{port}", headers={"X-Key": SECRET})


def http_in_code(port: int) -> Any:
    return HttpSpans(f"http://127.0.0.1:{port}/v1/traces", headers={"x-key": f"{SECRET}\n"})


@pytest.mark.parametrize(
    ("made", "server", "step"),
    [
        (grpc_in_code, grpc_server(), "write the names in lower case and the values in ASCII"),
        (http_in_code, http(), "a header takes no line break"),
    ],
    ids=["grpc", "http"],
)
def test_headers_that_no_client_sends(
    made: Callable[[int], Any], server: Server, step: str, certificates: Certificates
) -> None:
    """The client refuses them, and its error quotes them."""
    with server(certificates) as port:
        (finding,) = of_exporter(made(port.number))
    assert SECRET not in str(finding)
    assert finding.sentence.startswith("The client cannot make a request")
    assert step in finding.next_step


def of_exporter(exporter: Any) -> list[Finding]:
    """The findings for an exporter that was made in code."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    (destination,) = described("traces", provider).destinations
    findings = endpoint_findings(destination, "traces")
    provider.shutdown()
    return findings


SHOWN: Final = {
    f"http://me:{SECRET}@host:4318/v1/traces": "http://host:4318/v1/traces",
    f"https://host/v1/traces?key={SECRET}&from=http://elsewhere": "https://host/v1/traces",
    f"https://host#{SECRET}": "https://host",
    f"me:{SECRET}@host:4318/v1/traces": "host:4318/v1/traces",
    f"me:{SECRET}@[::1]:4317": "[::1]:4317",
    f"http://[broken/?{SECRET}": "http://[broken/",
    "localhost:4317": "localhost:4317",
}


@pytest.mark.parametrize(("endpoint", "shown"), SHOWN.items())
def test_an_endpoint_is_shown_without_its_secrets(endpoint: str, shown: str) -> None:
    """Whatever its form is, and nothing is raised."""
    assert without_secrets(endpoint) == shown


def test_localhost_in_a_container(
    certificates: Certificates, destination_of: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user may mean the machine around it."""
    with closed(certificates) as port:
        destination = destination_of("grpc", "traces", {BASE: f"http://127.0.0.1:{port.number}"})
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
        (finding,) = endpoint_findings(destination, "traces")
    assert "In a container 127.0.0.1 is the container itself" in finding.next_step


def test_without_sdk_and_exporters() -> None:
    """The checks can be imported where nothing of it is installed."""
    program = (
        "import sys\n"
        "for name in ('opentelemetry.sdk', 'opentelemetry.exporter', 'grpc', 'requests'):\n"
        "    sys.modules[name] = None\n"
        "import langchain_otel.doctor.endpoint, langchain_otel.doctor.export_check\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_an_endpoint_in_code_is_corrected_in_code(
    certificates: Certificates,
) -> None:
    """No variable is named that changes nothing."""
    with http()(certificates) as port:
        url = f"https://127.0.0.1:{port.number}/v1/traces"
        (finding,) = of_exporter(HttpSpans(endpoint=url))
    assert finding.next_step == f'Give OTLPSpanExporter endpoint="{url.replace("https", "http")}".'
