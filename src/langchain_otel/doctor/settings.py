"""Finds which setting an exporter's endpoint came from, and what it should be instead."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from langchain_otel.doctor.probe import Address
from langchain_otel.inspection.providers import GRPC, HTTP, Destination, without_secrets

BASE: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
PORTS: Final = {"http": 80, "https": 443}
DEFAULT_PORTS: Final = {GRPC: 4317, HTTP: 4318}


@dataclass(frozen=True, slots=True)
class Setting:
    """Where an endpoint was set: in a variable, or in code, where `variable` is None.

    `text` is what was set, without secrets; None where it is not known.
    """

    destination: Destination
    signal: str
    variable: str | None
    text: str | None

    @property
    def is_base(self) -> bool:
        """Whether the exporter adds the path of its signal to what was set."""
        return self.variable == BASE and self.destination.protocol == HTTP

    @property
    def path(self) -> str:
        """The path at which OTLP over HTTP takes this signal."""
        return f"/v1/{self.signal}"

    @property
    def name(self) -> str:
        """What the user has to change."""
        return self.variable or f"the argument endpoint= of {self.destination.exporter}"

    def step(self, url: str, path: str | None = None) -> str:
        """The instruction to send to this scheme, host and port instead."""
        if self.destination.protocol == HTTP and not self.is_base:
            url += self.path if path is None else path
        if self.variable is None:
            return f'Give {self.destination.exporter} endpoint="{url}".'
        return f"Set {self.variable}={url}."

    def protocol_step(self, protocol: str) -> str:
        """The instruction to use the exporter of this protocol instead."""
        if self.variable is None:
            package = "grpc" if protocol == GRPC else "http"
            return f"Use the exporter of opentelemetry.exporter.otlp.proto.{package}"
        return f"Set {self.own_variable('PROTOCOL')}={protocol}"

    def own_variable(self, end: str) -> str:
        """The variable that is set: the one of the signal, or the one for all."""
        own = f"OTEL_EXPORTER_OTLP_{self.signal.upper()}_{end}"
        return own if os.environ.get(own) else f"OTEL_EXPORTER_OTLP_{end}"


def setting_of(destination: Destination, signal: str) -> Setting:
    """Where the endpoint of a destination was set."""
    for variable in (f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT", BASE):
        value = os.environ.get(variable, "")
        setting = Setting(destination, signal, variable, without_secrets(value))
        if value:
            return setting if _leads_there(setting) else Setting(destination, signal, None, None)
    port = DEFAULT_PORTS.get(destination.protocol or "")
    is_default = urlsplit(destination.endpoint or "").netloc == f"localhost:{port}"
    return Setting(destination, signal, BASE if is_default else None, None)


def address_of(endpoint: str) -> Address | None:
    """The host and port of an endpoint; None where it has none, or a scheme of another kind."""
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname, parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return None
    return Address(host, port) if parts.scheme in PORTS and host and port else None


def _leads_there(setting: Setting) -> bool:
    endpoint, text = setting.destination.endpoint or "", setting.text or ""
    if setting.destination.protocol == GRPC:
        return _authority(text) == _authority(endpoint)
    return (f"{text.removesuffix('/')}{setting.path}" if setting.is_base else text) == endpoint


def _authority(url: str) -> str:
    return url.rpartition("://")[2].partition("/")[0]
