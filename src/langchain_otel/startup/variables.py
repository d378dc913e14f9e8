"""Turns the arguments of `configure()` into OpenTelemetry's own variables, for as long as it reads.

The arguments say where the traces go; metrics and logs go where the variables of the process say.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Final
from urllib.parse import quote, urlsplit

from langchain_otel.startup.default_exporter import GROUP, GRPC, HTTP, OTLP, default_exporter

EXPORTERS: Final = "OTEL_TRACES_EXPORTER"
ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
PROTOCOL: Final = "OTEL_EXPORTER_OTLP_PROTOCOL"
TRACES_PROTOCOL: Final = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
TRACES_HEADERS: Final = "OTEL_EXPORTER_OTLP_TRACES_HEADERS"
SERVICE_NAME: Final = "OTEL_SERVICE_NAME"
CONFIG_FILE: Final = "OTEL_CONFIG_FILE"


HTTP_PORT: Final = 4318
HTTP_PATH: Final = "/v1/traces"
TREE: Final = "langchain_tree"
NONE: Final = "none"
# Exporters and endpoints of the signals of which the arguments say nothing.
OTHER_SIGNALS: Final = {
    "OTEL_METRICS_EXPORTER": "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_LOGS_EXPORTER": "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
}


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a user may say of the service and of its traces; None: as the variables say.

    Raises a TypeError or a ValueError that names the argument.
    """

    service_name: str | None
    endpoint: str | None
    headers: Mapping[str, str] | None
    exporter: Any

    def __post_init__(self) -> None:
        """Check them, before anything is set up."""
        _check_type("service_name", self.service_name, str, "a text")
        _check_type("endpoint", self.endpoint, str, "a URL")
        _check_type("headers", self.headers, Mapping, "a mapping of names to values")
        if self.endpoint is not None:
            _check_endpoint(self.endpoint)
        for name, value in (self.headers or {}).items():
            if type(name) is not str or type(value) is not str:
                raise TypeError(
                    f"headers must have texts as names and values; the value of {name!r} "
                    f"is a {type(value).__name__}"
                )
        if isinstance(self.exporter, str):
            _check_exporter(self.exporter)
        elif self.exporter is not None and not callable(getattr(self.exporter, "export", None)):
            raise TypeError(
                "exporter must be a SpanExporter or the name of one; "
                f"got a {type(self.exporter).__name__}"
            )
        if not self.sends_otlp and (self.endpoint or self.headers):
            raise ValueError(
                "endpoint and headers are for an exporter of OTLP; "
                f"exporter is {self.exporter_name}: leave out one or the other"
            )

    @property
    def exporter_name(self) -> str:
        """What the exporter is called in a message."""
        return self.exporter if isinstance(self.exporter, str) else type(self.exporter).__name__

    @property
    def sends_otlp(self) -> bool:
        """Whether the exporter, if one is named, has an endpoint."""
        return self.exporter is None or (
            isinstance(self.exporter, str) and self.exporter.startswith(OTLP)
        )

    @property
    def names_a_destination(self) -> bool:
        """Whether an argument or a variable says where the traces go."""
        named = (EXPORTERS, ENDPOINT, TRACES_ENDPOINT, CONFIG_FILE)
        return (
            self.endpoint is not None
            or self.exporter is not None
            or any(variable(name) for name in named)
        )

    @property
    def named(self) -> list[str]:
        """The names of the arguments that are not None."""
        return [name for name in self.__slots__ if getattr(self, name) is not None]

    def variables(self) -> dict[str, str]:
        """The variables that say the same, those of the other signals too."""
        variables = {EXPORTERS: self._exporter(), **_of_other_signals()}
        if self.service_name is not None:
            variables[SERVICE_NAME] = self.service_name
        if self.endpoint is not None:
            protocol = protocol_of(self.endpoint)
            is_base = protocol == HTTP and not self.endpoint.rstrip("/").endswith(HTTP_PATH)
            variables[TRACES_PROTOCOL] = protocol
            variables[TRACES_ENDPOINT] = self.endpoint.rstrip("/") + HTTP_PATH * is_base
        if self.headers is not None:
            pairs = (f"{quote(name)}={quote(value)}" for name, value in self.headers.items())
            variables[TRACES_HEADERS] = ",".join(pairs)
        return variables

    @property
    def prints_tree(self) -> bool:
        """Whether traces are printed here, because it is asked for or nothing else is."""
        if self.exporter is not None:
            return bool(self.exporter == TREE)
        if not self.names_a_destination:
            return True
        return self.endpoint is None and variable(EXPORTERS) == TREE

    def _exporter(self) -> str:
        if self.prints_tree:
            return NONE
        if self.exporter is not None:
            return self.exporter if isinstance(self.exporter, str) else NONE
        named = None if self.endpoint is not None else variable(EXPORTERS)
        return named or default_exporter(protocol_of(self.endpoint))


@contextmanager
def in_environment(variables: Mapping[str, str]) -> Iterator[None]:
    """The process with these variables, for as long as the `with` block lasts."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        # Not emptied and filled again: other threads read it.
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update({name: before[name] for name in variables.keys() & before.keys()})


def _of_other_signals() -> dict[str, str]:
    """An exporter where a variable names one or an endpoint for it; else none."""
    return {
        exporters: variable(exporters)
        or (OTLP if variable(ENDPOINT) or variable(endpoint) else NONE)
        for exporters, endpoint in OTHER_SIGNALS.items()
    }


def variable(name: str) -> str:
    """What a variable of the process says; nothing where it is not set."""
    return os.environ.get(name, "").strip()


def protocol_of(endpoint: str | None = None) -> str:
    """What the variables say; else what is spoken at a port or a path like this."""
    url = urlsplit(endpoint or "")
    is_http = url.port == HTTP_PORT or url.path.strip("/") != ""
    return variable(TRACES_PROTOCOL) or variable(PROTOCOL) or (HTTP if is_http else GRPC)


def _check_type(name: str, value: Any, kind: type, expected: str) -> None:
    if value is not None and not isinstance(value, kind):
        raise TypeError(f"{name} must be {expected}; got a {type(value).__name__}")


def _check_endpoint(endpoint: str) -> None:
    try:
        url = urlsplit(endpoint)
        _ = url.port
    except ValueError as error:
        raise ValueError(f"endpoint is no URL: {error}") from None
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise ValueError(
            "endpoint must be a URL that begins with http:// or https://, such as "
            "http://127.0.0.1:4317"
        )


def _check_exporter(names: str) -> None:
    known = {entry_point.name for entry_point in entry_points(group=GROUP)} | {NONE}
    for name in names.split(","):
        if name.strip() not in known:
            raise ValueError(
                f"exporter must be a SpanExporter or one of {', '.join(sorted(known))}; "
                f"got {name.strip()!r}"
            )
