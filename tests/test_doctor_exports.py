"""The doctor sends something through the very exporters of a provider, and says what came of it."""

import json
import logging
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import langsmith.utils
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import ProxyTracerProvider

from doctoring import only_these, provided
from endpoint_cases import AT, BASE, SECRET, WITH_KEY
from langchain_otel import LangChainInstrumentor
from langchain_otel.doctor import backends, empty_export, trial
from langchain_otel.doctor.export_check import export_findings
from langchain_otel.doctor.finding import Finding
from langchain_otel.inspection.providers import SignalName, described
from langchain_otel.sources.patch_points import PATCHER
from servers.endpoints import Certificates, Port, Server, grpc_server, http, silent
from waiting import PATIENCE

WORDS: Final = ("grpc", "http", "fast grpc", "fast http")
NAMES: Final = {"first step", "second step", "invoke_workflow langchain-otel doctor"}
MADE: Final = re.compile(
    r"The test run `langchain-otel doctor` made 3 spans in the trace ([0-9a-f]{32})\."
)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No variable and no backend of this machine is in the way, and nothing is left behind."""
    for module in (trial, empty_export):
        monkeypatch.setattr(module, "LIMIT", PATIENCE)
    monkeypatch.setattr(backends, "SECONDS", PATIENCE)
    only_these({}, monkeypatch)
    monkeypatch.setattr(backends, "PORTS", {})
    yield
    assert logging.getLogger("opentelemetry").level == logging.NOTSET
    assert not PATCHER.applied


def found_by(
    word: str,
    server: Server,
    signal: SignalName,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str] | None = None,
    **options: Any,
) -> tuple[list[Finding], Port]:
    """What the doctor says of a provider with such an exporter, and what came to the server."""
    with server(Certificates(None)) as port:  # type: ignore[arg-type] # none has TLS here
        variables = {BASE: "http://127.0.0.1:{port}"} if variables is None else variables
        filled = {name: text.format(port=port.number) for name, text in variables.items()}
        only_these(filled, monkeypatch)
        with provided(word, signal, monkeypatch, **options) as provider:
            findings = export_findings(provider)
            assert "export" not in vars(provider.destinations[0].instance)
    assert SECRET not in str(findings)
    assert all(finding.next_step for finding in findings if finding.level != "ok")
    return findings, port


def spans_in(port: Port) -> list[Any]:
    requests: list[Any] = list(map(ExportTraceServiceRequest.FromString, port.bodies))
    return [
        span
        for request in requests
        for of_resource in request.resource_spans
        for of_scope in of_resource.scope_spans
        for span in of_scope.spans
    ]


def provider_with(*exporters: SpanExporter) -> TracerProvider:
    provider = TracerProvider(shutdown_on_exit=False)
    for exporter in exporters:
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


def of(provider: Any) -> list[Finding]:
    findings = export_findings(described("traces", provider))
    assert SECRET not in str(findings)
    return findings


@pytest.mark.parametrize("word", WORDS)
def test_a_test_run_that_is_accepted(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its spans come to the server under the id that is said, and have no content."""
    server = grpc_server() if word.endswith("grpc") else http()
    (made, sent), port = found_by(word, server, "traces", monkeypatch, WITH_KEY)
    match = MADE.fullmatch(made.sentence)
    assert match
    assert (made.level, sent.level) == ("ok", "ok")
    assert sent.sentence.endswith(" has sent 3 spans of the test run.")
    spans = spans_in(port)
    assert {span.name for span in spans} == NAMES
    assert {span.trace_id.hex() for span in spans} == {match[1]}
    keys = {attribute.key for span in spans for attribute in span.attributes}
    assert not [key for key in keys if "messages" in key or "input" in key or "output" in key]


REFUSING: Final[dict[str, tuple[str, Server]]] = {
    "grpc": ("grpc", grpc_server("UNAUTHENTICATED", details=SECRET)),
    "http": ("http", http(401, SECRET.encode())),
    "fast grpc": ("fast grpc", grpc_server("PERMISSION_DENIED")),
    "fast http": ("fast http", http(404)),
    "tried again": ("http", http(503)),
    "without an answer": ("grpc", silent),
}


@pytest.mark.parametrize(("word", "server"), REFUSING.values(), ids=REFUSING)
def test_a_test_run_that_is_refused(
    word: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exporter is named that could not send it, and where to look."""
    variables = {**WITH_KEY, "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
    (made, refused), _ = found_by(word, server, "traces", monkeypatch, variables)
    assert MADE.fullmatch(made.sentence)
    assert refused.level == "mend"
    assert refused.sentence.endswith(" could not send the test run.")
    assert refused.next_step.startswith("Mend what the doctor says of its endpoint")


SIGNALS: Final[tuple[SignalName, ...]] = ("metrics", "logs")


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("word", ["grpc", "http"])
def test_an_empty_export_of_metrics_and_logs(
    word: str, signal: SignalName, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server gets it, and the exporter says so."""
    server = grpc_server() if word == "grpc" else http()
    (finding,), port = found_by(word, server, signal, monkeypatch)
    assert (finding.level, finding.topic) == ("ok", f"{signal} export")
    assert finding.sentence.endswith(" has sent an empty export, and the server took it.")
    assert port.bodies == [b""]


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("word", ["grpc", "http"])
def test_an_empty_export_that_is_refused(
    word: str, signal: SignalName, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So is what a backend for traces alone answers."""
    server = grpc_server("UNIMPLEMENTED") if word == "grpc" else http(404)
    (finding,), _ = found_by(word, server, signal, monkeypatch)
    assert finding.level == "mend"
    assert finding.sentence.endswith(" cannot send an empty export.")


def test_a_test_run_that_is_not_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is sent; the exporter is asked for an empty export instead."""
    findings, port = found_by("http", http(), "traces", monkeypatch, sampler=ALWAYS_OFF)
    sampled, empty = findings
    assert sampled.level == "note"
    assert sampled.sentence.startswith("The sampler leaves the test run out: of its trace ")
    assert sampled.next_step.startswith("Set OTEL_TRACES_SAMPLER=always_on")
    assert empty.sentence == (
        f"OTLPSpanExporter (http/protobuf) to {AT.format(port=port.number)} has sent an empty "
        f"export, and the server took it."
    )
    assert port.bodies == [b""]


class Saying(SpanExporter):
    """An exporter of somebody else's, which does what it is made with."""

    def __init__(self, result: Any = SpanExportResult.SUCCESS, error: Any = None) -> None:
        self.result, self.error = result, error
        self.calls = 0

    def export(self, spans: Sequence[ReadableSpan]) -> Any:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return self.result

    def shutdown(self) -> None: ...


def test_an_exporter_that_raises() -> None:
    """The type of the error is said, its text is not."""
    _, finding = of(provider_with(Saying(error=ValueError(SECRET))))
    assert (finding.level, finding.sentence) == (
        "mend",
        "Saying raises ValueError when it sends the test run.",
    )


def test_an_exporter_without_a_result() -> None:
    """It is not said that the spans were accepted."""
    _, finding = of(provider_with(Saying(result=None)))
    assert finding.sentence == (
        "Saying took 3 spans of the test run, and does not say whether it has sent them."
    )


def test_one_exporter_of_two_refuses() -> None:
    """Each exporter has a finding of its own, and one that refuses is asked once."""
    refusing = Saying(SpanExportResult.FAILURE)
    _, accepted, refused = of(provider_with(InMemorySpanExporter(), refusing))
    assert accepted.sentence == "InMemorySpanExporter has sent 3 spans of the test run."
    assert refused.sentence == "Saying could not send the test run."
    assert refusing.calls == 1


def test_an_exporter_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor goes on without it."""
    begun, end = threading.Event(), threading.Event()

    class Hanging(Saying):
        def export(self, spans: Sequence[ReadableSpan]) -> Any:
            begun.set()
            end.wait()
            return super().export(spans)

    def too_late(provider: TracerProvider) -> None:
        threading.Thread(target=provider.force_flush, daemon=True).start()
        begun.wait(PATIENCE)
        raise TimeoutError

    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(Hanging()))
    monkeypatch.setattr(trial, "_flush", too_late)
    made, hanging = of(provider)
    end.set()
    provider.shutdown()
    assert made.level == "ok"
    assert hanging.sentence == "Hanging has not sent the test run after 12 s."


def test_an_empty_export_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, where nothing of the test run came to the exporter."""
    end = threading.Event()

    class Hanging(Saying):
        def export(self, spans: Sequence[ReadableSpan]) -> Any:
            end.wait()

    provider = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(Hanging()))
    monkeypatch.setattr(empty_export, "LIMIT", 0.2)
    _, hanging = of(provider)
    end.set()
    assert hanging.sentence.startswith("Hanging has not ended an empty export after")


class Dropping(SpanProcessor):
    """Passes no span on."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter


def test_a_processor_that_drops_spans() -> None:
    """The exporter works, but nothing comes to it."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Dropping(InMemorySpanExporter()))
    _, unseen, empty = of(provider)
    assert unseen.sentence == "No span of the test run came to InMemorySpanExporter."
    assert unseen.next_step.startswith("Look at Dropping")
    assert empty.sentence == (
        "InMemorySpanExporter says that an empty export went well; it may have sent nothing."
    )


def test_a_processor_without_an_exporter() -> None:
    """What it does with spans cannot be seen."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SpanProcessor())
    made, unwatched = of(provider)
    match = re.search("[0-9a-f]{32}", made.sentence)
    assert match
    assert unwatched.level == "note"
    assert unwatched.next_step == f"Look in your backend for the trace {match[0]}."


def test_an_exporter_that_is_shut_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """It sends nothing more, whatever its endpoint does."""
    only_these({BASE: "http://127.0.0.1:9"}, monkeypatch)
    with provided("grpc", "logs", monkeypatch) as provider:
        provider.instance.shutdown()
        (finding,) = export_findings(provider)
    assert finding.sentence.endswith(" is shut down: it sends nothing more.")


def test_a_reader_that_is_read() -> None:
    """It has no exporter, and there is nothing to mend."""
    meters = MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False)
    (finding,) = export_findings(described("metrics", meters))
    meters.shutdown()
    assert (finding.level, finding.sentence) == (
        "ok",
        "InMemoryMetricReader sends nothing by itself: there is no export to test.",
    )


def test_a_provider_that_nobody_has_set() -> None:
    """Of that another check speaks."""
    assert export_findings(described("traces", ProxyTracerProvider())) == []


def test_a_provider_of_another_kind() -> None:
    """A trace is made, of which nothing else is known."""

    class Other:
        get_tracer = TracerProvider(shutdown_on_exit=False).get_tracer

    (made,) = of(Other())
    assert re.fullmatch(
        r"The test run `langchain-otel doctor` made the trace [0-9a-f]{32}\.", made.sentence
    )


def test_the_sdk_is_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    """No span is made, and the variable is named."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    made, _ = of(provider_with(InMemorySpanExporter()))
    assert (made.level, made.sentence) == ("mend", "The test run made no span.")
    assert made.next_step == "Remove OTEL_SDK_DISABLED, or set it to false."


def test_beside_the_instrumentor() -> None:
    """Spans are not doubled, and the instrumentor goes on."""
    exporter = InMemorySpanExporter()
    provider = provider_with(exporter)
    LangChainInstrumentor().instrument(tracer_provider=provider)
    try:
        made, _ = of(provider)
        assert MADE.fullmatch(made.sentence)
        assert len(exporter.get_finished_spans()) == 3
        assert PATCHER.applied
    finally:
        LangChainInstrumentor().uninstrument()


def test_a_test_run_goes_to_no_other_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """LangSmith's variables do not count for it."""
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    variables: Any = langsmith.utils.get_env_var
    variables.cache_clear()
    seen: list[Any] = []
    step = trial.Trial.step

    def watched(self: trial.Trial, words: str) -> str:
        seen.append(langsmith.utils.tracing_is_enabled())
        return step(self, words)

    monkeypatch.setattr(trial.Trial, "step", watched)
    of(provider_with(InMemorySpanExporter()))
    variables.cache_clear()
    assert seen == [False, False]


@contextmanager
def answering(answers: dict[str, tuple[int, str]]) -> Iterator[int]:
    """A backend on this machine that answers so for the paths that begin like this."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = [answer for path, answer in answers.items() if self.path.startswith(path)]
            status, text = known[0] if known else (404, "")
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_port
        server.shutdown()


JAEGER: Final = {"/api/services": (200, '{"data": []}')}
GRAFANA: Final = {
    "/api/health": (200, '{"database": "ok"}'),
    "/api/datasources": (200, json.dumps([{"type": "tempo", "uid": "tempo-7"}])),
}
SHOWN: Final = {
    "Jaeger": (
        {**JAEGER, "/api/traces/": (200, "{}")},
        r"Jaeger shows the test run: http://127.0.0.1:PORT/trace/ID",
    ),
    "Tempo": (
        {"/api/echo": (200, "echo"), "/api/traces/": (200, "{}")},
        r"Tempo shows the test run: http://127.0.0.1:PORT/api/traces/ID",
    ),
    "Grafana": (GRAFANA, r"Open http://127.0.0.1:PORT/explore?.*tempo-7.*ID.*"),
    "Phoenix": (
        {"/arize_phoenix_version": (200, "20.0.0")},
        r"Open http://127.0.0.1:PORT/redirects/traces/ID",
    ),
}


@pytest.mark.parametrize(
    ("name", "answers", "text"), [(n, *v) for n, v in SHOWN.items()], ids=SHOWN
)
def test_a_backend_that_shows_the_test_run(
    name: str, answers: dict[str, tuple[int, str]], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address is said at which the trace can be seen."""
    with answering(answers) as port:
        monkeypatch.setattr(backends, "PORTS", {name: port})
        made, _, shown = of(provider_with(InMemorySpanExporter()))
    match = MADE.fullmatch(made.sentence)
    assert match
    pattern = text.replace("?", r"\?").replace("PORT", str(port)).replace("ID", match[1])
    assert re.fullmatch(pattern, shown.next_step or shown.sentence)


def test_a_backend_to_which_the_test_run_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said that it is not there, and where it should be."""
    monkeypatch.setattr(backends, "PATIENCE", 0.0)
    with answering(JAEGER) as port:
        monkeypatch.setattr(backends, "PORTS", {"Jaeger": port})
        _, _, shown = of(provider_with(InMemorySpanExporter()))
    assert shown.level == "note"
    assert shown.sentence == "Jaeger answers on this machine, but does not have the test run."
    assert f"Open http://127.0.0.1:{port}/trace/" in shown.next_step


def test_another_server_at_a_backend_s_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no backend is not named."""
    with answering({"/": (200, "<html>")}) as port:
        monkeypatch.setattr(backends, "PORTS", dict.fromkeys(("Jaeger", "Tempo", "Grafana"), port))
        assert len(of(provider_with(InMemorySpanExporter()))) == 2


def test_a_failure_of_the_check_says_no_more_than_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is raised, and the text of the error is not said."""

    def fail(_: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("langchain_otel.doctor.export_check.trial_of", fail)
    (finding,) = of(provider_with(InMemorySpanExporter()))
    assert finding.sentence == "The export of traces could not be tested (RuntimeError)."
