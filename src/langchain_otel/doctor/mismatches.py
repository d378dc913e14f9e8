"""Says in what an exporter and a port differ, and which setting brings them together."""

from __future__ import annotations

from typing import Final

from langchain_otel.doctor import answers
from langchain_otel.doctor.finding import Finding
from langchain_otel.doctor.probe import distrust
from langchain_otel.doctor.proxies import exception_variable
from langchain_otel.doctor.senders import Target
from langchain_otel.inspection.providers import GRPC, HTTP

PORTS: Final = {GRPC: 4317, HTTP: 4318}
NAMES: Final = {GRPC: "gRPC", HTTP: "OTLP over HTTP"}


def silent(target: Target) -> Finding:
    """The port says nothing."""
    return answers.silent(target.setting, target.address)


def needs_tls(target: Target) -> Finding:
    """The exporter speaks without TLS to a port that speaks TLS."""
    return answers.mend(
        target.setting,
        f"{target.address} speaks TLS, but the exporter does not.",
        target.setting.step(f"https://{target.address}"),
    )


def needs_no_tls(target: Target) -> Finding:
    """The other way round."""
    return answers.mend(
        target.setting,
        f"The exporter speaks TLS, but {target.address} does not.",
        target.setting.step(f"http://{target.address}"),
    )


def lacks_authorities(target: Target) -> Finding:
    """The file of authorities is not there."""
    return answers.mend(
        target.setting,
        f"The file of trusted authorities is missing: {target.authorities}.",
        f"Set {target.setting.own_variable('CERTIFICATE')} to a file that exists, in PEM.",
    )


def distrusted(target: Target, *, said: str = "") -> Finding | None:
    """Why the certificate is not accepted; None where it is. `said` is the client's own word."""
    why = distrust(target.address, target.authorities)
    if why == "none" and "CERTIFICATE_VERIFY_FAILED" in said:
        why = "untrusted"
    return None if why == "none" else answers.distrusted(target.setting, target.address, why)


def speaks(target: Target, protocol: str) -> Finding:
    """The port speaks the other protocol of OTLP."""
    setting = target.setting
    own = GRPC if protocol == HTTP else HTTP
    return answers.mend(
        setting,
        f"{target.address} speaks {NAMES[protocol]}, but the exporter speaks {NAMES[own]}.",
        f"{setting.protocol_step(protocol)}, or send to the port for {NAMES[own]}: "
        f"{setting.step(target.url(PORTS[own]))}",
    )


def no_receiver(target: Target, what: str) -> Finding:
    """The port is of something that takes no OTLP."""
    protocol = target.setting.destination.protocol or HTTP
    return answers.mend(
        target.setting,
        f"{target.address} answers {what}: it is no OTLP receiver for this exporter.",
        f"Set {target.setting.name} to the port for {NAMES[protocol]}, usually {PORTS[protocol]}.",
    )


def behind_proxy(target: Target, why: str) -> Finding:
    """No answer comes through a proxy."""
    past = exception_variable(target.setting.destination.protocol)
    return answers.mend(
        target.setting,
        f"No answer comes from {target.address} through the proxy that {target.proxy} names{why}.",
        f"Add {target.address.host} to {past}, or correct {target.proxy}.",
    )
