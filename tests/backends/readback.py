"""Knows how to read back, from each backend, what a test sent to the Collector."""

import json
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TypeVar

from .loopback import fetch
from .patience import PATIENCE
from .processes import Process
from .servers import TEMPO_VARIABLE, Ports, Site
from .spans import Json, LogRecord, Span, log_records_in, spans_in

STEP: Final = 0.05

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Backends:
    """The running servers. Every method waits until it has something to return, or fails."""

    otlp_grpc: str
    otlp_http: str
    prometheus_url: str
    jaeger_url: str
    jaeger_otlp_grpc: str
    jaeger_otlp_http: str
    tempo_url: str | None
    spans_file: Path
    logs_file: Path
    ports: Ports
    processes: tuple[Process, ...]

    @classmethod
    def of(cls, site: Site, processes: list[Process]) -> Self:
        ports = site.ports
        has_tempo = any(process.name == "tempo" for process in processes)
        return cls(
            otlp_grpc=site.url(ports.collector_grpc_port),
            otlp_http=site.url(ports.collector_http_port),
            prometheus_url=site.url(ports.collector_prometheus_port, "/metrics"),
            jaeger_url=site.url(ports.jaeger_ui_port),
            jaeger_otlp_grpc=site.url(ports.jaeger_otlp_grpc_port),
            jaeger_otlp_http=site.url(ports.jaeger_otlp_http_port),
            tempo_url=site.url(ports.tempo_http_port) if has_tempo else None,
            spans_file=site.state / "spans.jsonl",
            logs_file=site.state / "logs.jsonl",
            ports=ports,
            processes=tuple(processes),
        )

    def collector_spans(self, trace_id: str, *, at_least: int = 1) -> list[Span]:
        """The spans of a trace as the Collector wrote them."""

        def read() -> list[Span]:
            documents = documents_in(self.spans_file)
            spans = [span for document in documents for span in spans_in(document)]
            mine = [span for span in spans if span.trace_id == trace_id]
            return sorted(mine, key=lambda span: (span.start_time, span.span_id))

        return _enough(read, at_least, f"spans of {trace_id} in {self.spans_file}")

    def traces_of(self, service: str, *, at_least: int = 1) -> list[str]:
        """The ids of the traces in which a service has spans, as the Collector wrote them."""

        def read() -> list[str]:
            documents = documents_in(self.spans_file)
            spans = [span for document in documents for span in spans_in(document)]
            mine = [span.trace_id for span in spans if span.resource.get("service.name") == service]
            return list(dict.fromkeys(mine))

        return _enough(read, at_least, f"traces of {service} in {self.spans_file}")

    def collector_logs(self, trace_id: str, *, at_least: int = 1) -> list[LogRecord]:
        """The log records of a trace as the Collector wrote them."""

        def read() -> list[LogRecord]:
            documents = documents_in(self.logs_file)
            records = [record for document in documents for record in log_records_in(document)]
            return [record for record in records if record.trace_id == trace_id]

        return _enough(read, at_least, f"log records of {trace_id} in {self.logs_file}")

    def jaeger_trace(self, trace_id: str, *, at_least: int = 1) -> list[Span]:
        """The spans of a trace from Jaeger."""
        url = f"{self.jaeger_url}/api/v3/traces/{trace_id}"
        return _enough(lambda: spans_in(_json(url, "result")), at_least, f"spans at {url}")

    def jaeger_services(self, *, having: str) -> list[str]:
        """The services that Jaeger knows, once the one in question is among them."""
        url = f"{self.jaeger_url}/api/services"

        def read() -> list[str]:
            names: list[str] = _json(url).get("data") or []
            return names if having in names else []

        return _enough(read, 1, f"service {having} at {url}")

    def tempo_trace(self, trace_id: str, *, at_least: int = 1) -> list[Span]:
        """The spans of a trace from Tempo."""
        url = f"{self._tempo()}/api/v2/traces/{trace_id}"
        return _enough(lambda: spans_in(_json(url, "trace")), at_least, f"spans at {url}")

    def tempo_search(self, traceql: str, *, at_least: int = 1) -> list[str]:
        """The ids of the traces that a TraceQL query finds; a new trace takes about 10 s."""
        url = f"{self._tempo()}/api/search?{urllib.parse.urlencode({'q': traceql})}"

        def read() -> list[str]:
            return [trace["traceID"].zfill(32) for trace in _json(url).get("traces", [])]

        return _enough(read, at_least, f"traces at {url}")

    def metric_lines(self, name: str, *, of: str = "", at_least: int = 1) -> list[str]:
        """The lines of a metric, of a service or of all, as Prometheus would read them."""

        def read() -> list[str]:
            text = (fetch(self.prometheus_url) or b"").decode()
            return [line for line in text.splitlines() if line.startswith(name) and of in line]

        return _enough(read, at_least, f"lines of {name} at {self.prometheus_url}")

    def _tempo(self) -> str:
        if self.tempo_url is None:
            raise LookupError(f"Tempo does not run: name its binary in {TEMPO_VARIABLE}")
        return self.tempo_url


def _enough(read: Callable[[], list[Found]], at_least: int, what: str) -> list[Found]:
    """Read again and again until that many are there."""
    deadline = time.monotonic() + PATIENCE
    while len(found := read()) < at_least:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(found)} of {at_least} {what} after {PATIENCE:.0f} s")
        time.sleep(STEP)
    return found


def _json(url: str, part: str | None = None) -> Json:
    """What a URL answers, or one part of it; empty when there is nothing yet."""
    body = fetch(url)
    document: Json = json.loads(body) if body else {}
    return document.get(part, {}) if part else document


def documents_in(file: Path) -> Iterator[Json]:
    """The documents of a file that is being written: its last line may be half there."""
    complete, _, _ = file.read_bytes().rpartition(b"\n") if file.exists() else (b"", b"", b"")
    yield from (json.loads(line) for line in complete.split(b"\n") if line)
