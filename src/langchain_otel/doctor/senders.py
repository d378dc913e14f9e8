"""Sends an empty request through an exporter's own client, as the exporter would.

Headers, certificates and proxies are then those of the exporter. The places in which exporters keep
their client differ from version to version.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from langchain_otel.doctor.limits import STEP
from langchain_otel.doctor.probe import Address, Answer
from langchain_otel.doctor.settings import Setting
from langchain_otel.inspection.providers import FAST_EXPORTER, GRPC

STANDARD: Final = "opentelemetry.exporter.otlp"
BUNDLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
REQUESTS: Final = {
    "traces": ("trace", "ExportTraceServiceRequest"),
    "metrics": ("metrics", "ExportMetricsServiceRequest"),
    "logs": ("logs", "ExportLogsServiceRequest"),
}


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint, and what the exporter needs to get there.

    `authorities` is the file of those it trusts, None for the usual ones; `proxy` the variable that
    names one, where it goes through a proxy.
    """

    setting: Setting
    address: Address
    sender: Any
    authorities: str | None
    proxy: str | None

    @property
    def uses_tls(self) -> bool:
        """Whether the exporter speaks TLS."""
        return (self.setting.destination.endpoint or "").startswith("https:")

    @property
    def lacks_authorities(self) -> bool:
        """Whether the file of authorities is not there."""
        return self.authorities is not None and not Path(self.authorities).exists()

    def url(self, port: int) -> str:
        """Another port of the same host."""
        return f"{'https' if self.uses_tls else 'http'}://{self.address._replace(port=port)}"


def sender_of(exporter: Any) -> Any:
    """OpenTelemetry's own exporter for OTLP: this one, or the one inside; None for another."""
    is_fast = type(exporter).__name__ == FAST_EXPORTER
    sender = getattr(exporter, "_exporter", None) if is_fast else exporter
    return sender if is_standard(sender) else None


def is_standard(sender: Any) -> bool:
    """Whether this is an exporter for OTLP of OpenTelemetry's, or a subclass of one."""
    return any(kind.__module__.startswith(STANDARD) for kind in type(sender).__mro__)


def post(sender: Any) -> Answer:
    """The answer to an empty request over HTTP; raises what the client raises."""
    client = getattr(sender, "_client", None)
    transport = getattr(client, "_transport", None)
    if transport is None:
        # Before opentelemetry 1.45 the session has the headers.
        answer = sender._session.post(
            sender._endpoint,
            data=b"",
            headers={"Content-Encoding": None},
            verify=sender._certificate_file,
            cert=getattr(sender, "_client_cert", None),
            timeout=STEP,
            allow_redirects=False,
        )
        return Answer(answer.status_code, answer.headers.get("content-type", ""))
    result = transport.request(
        "POST", sender._endpoint, headers=_headers(client), data=b"", timeout=STEP
    )
    if result.error is not None:
        raise result.error
    return Answer(result.status_code, _content_type(result))


def call(sender: Any, signal: str) -> tuple[str, str]:
    """The code and the details of the answer to an empty request over gRPC; `OK` for success."""
    import grpc  # type: ignore[import-untyped]

    room, name = REQUESTS[signal]
    module = import_module(f"opentelemetry.proto.collector.{room}.v1.{room}_service_pb2")
    try:
        sender._client.Export(
            request=getattr(module, name)(), metadata=sender._headers, timeout=STEP
        )
    except grpc.RpcError as error:
        return error.code().name, error.details() or ""
    return "OK", ""


def authorities_of(sender: Any, protocol: str | None, signal: str) -> str | None:
    """The file of the authorities that the exporter trusts; None for the usual ones."""
    if protocol == GRPC:
        own = os.environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_CERTIFICATE")
        return own or os.environ.get("OTEL_EXPORTER_OTLP_CERTIFICATE") or None
    transport = getattr(getattr(sender, "_client", None), "_transport", None)
    session = getattr(transport, "_session", None)
    if session is None:
        verify = getattr(sender, "_certificate_file", None)
    else:
        bundle = next(filter(None, map(os.environ.get, BUNDLES)), None)
        verify = bundle or getattr(session, "verify", None)
    return verify if isinstance(verify, str) else _usual()


def _usual() -> str | None:
    try:
        path: str = import_module("certifi").where()
    except ImportError:
        return None
    return path


def _headers(client: Any) -> dict[str, str]:
    # Nothing is sent, so nothing is compressed.
    return {
        name: value
        for name, value in dict(client._headers).items()
        if name.lower() != "content-encoding"
    }


def _content_type(result: Any) -> str:
    headers = {name.lower(): value for name, value in result.headers().items()}
    return str(headers.get("content-type", ""))
