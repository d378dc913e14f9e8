"""Describes the providers: which somebody has set, and where what they record is sent."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from opentelemetry._logs import NoOpLoggerProvider, get_logger_provider
from opentelemetry.metrics import NoOpMeterProvider, get_meter_provider
from opentelemetry.trace import NoOpTracerProvider, get_tracer_provider

SignalName = Literal["traces", "metrics", "logs"]

GRPC: Final = "grpc"
HTTP: Final = "http/protobuf"
FAST_EXPORTER: Final = "FastSpanExporter"
# The methods that make a provider's instruments, and the API's own classes: those that do nothing,
# and those that stand where nobody has set a provider, and lead to the one that somebody sets.
METHODS: Final = {"traces": "get_tracer", "metrics": "get_meter", "logs": "get_logger"}
NO_OPS: Final = {
    "traces": NoOpTracerProvider,
    "metrics": NoOpMeterProvider,
    "logs": NoOpLoggerProvider,
}
PROXIES: Final = frozenset(("ProxyLoggerProvider", "ProxyTracerProvider", "_ProxyMeterProvider"))
API: Final = ("opentelemetry.trace", "opentelemetry.metrics.", "opentelemetry._logs.")
GLOBALS: Final[dict[SignalName, Callable[[], Any]]] = {
    "traces": get_tracer_provider,
    "metrics": get_meter_provider,
    "logs": get_logger_provider,
}
# Modules whose classes are the SDK's providers, where the application has imported them.
SDK_PROVIDERS: Final = {
    "traces": ("opentelemetry.sdk.trace", "TracerProvider"),
    "metrics": ("opentelemetry.sdk.metrics", "MeterProvider"),
    "logs": ("opentelemetry.sdk._logs", "LoggerProvider"),
}
# Where the SDK's providers keep what takes their data, and what takes it keeps its exporter; the
# places differ from version to version.
PROCESSORS: Final = {
    "traces": (("_active_span_processor", "_span_processors"), ("_active_span_processor",)),
    "metrics": (("_metric_readers",), ("_sdk_config", "metric_readers")),
    "logs": (
        ("_multi_log_record_processor", "_log_record_processors"),
        ("_multi_log_record_processor",),
    ),
}
EXPORTERS: Final = (("span_exporter",), ("_exporter",), ("_batch_processor", "_exporter"))
HEADERS: Final = (("_headers",), ("_client", "_headers"))


@dataclass(frozen=True, slots=True)
class Destination:
    """One exporter of a provider, as it was made; the values of headers are not kept.

    `endpoint` is None for what sends nothing over the network; it lacks credentials and query.
    """

    processor: str
    exporter: str
    protocol: str | None
    endpoint: str | None
    header_names: tuple[str, ...]
    instance: Any

    def __str__(self) -> str:
        """What a person reads, such as `OTLPSpanExporter (grpc) to http://127.0.0.1:4317`."""
        protocol = f" ({self.protocol})" if self.protocol else ""
        return f"{self.exporter}{protocol}" + (f" to {self.endpoint}" if self.endpoint else "")


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider of one signal.

    `is_set` is False where nobody has set one, or one that does nothing: nothing is recorded.
    `is_sdk` is False for one of another kind than OpenTelemetry's SDK, of which no destination is
    known.
    """

    signal: SignalName
    kind: str
    is_set: bool
    is_sdk: bool
    destinations: tuple[Destination, ...]
    instance: Any

    @property
    def is_sent(self) -> bool:
        """Whether what it records goes anywhere, as far as is known."""
        return self.is_set and (not self.is_sdk or bool(self.destinations))

    def __str__(self) -> str:
        """What a person reads: where the signal goes."""
        if not self.is_set:
            return "nowhere: no provider is set"
        if not self.is_sdk:
            return f"to {self.kind}"
        if not self.destinations:
            return "nowhere: the provider has no exporter"
        return ", ".join(map(str, self.destinations))


def global_providers() -> tuple[Provider, Provider, Provider]:
    """The process's own providers of traces, metrics and logs, in this order."""
    return (
        described("traces", get_tracer_provider()),
        described("metrics", get_meter_provider()),
        described("logs", get_logger_provider()),
    )


def described(signal: SignalName, provider: Any) -> Provider:
    """A provider as it is now; one that leads to the global provider is that one, if it is set."""
    if is_proxy(provider):
        provider = GLOBALS[signal]()
    kind = type(provider)
    found = _first(provider, *PROCESSORS[signal]) if _is_sdk(signal, provider) else None
    if found is not None and not isinstance(found, (tuple, list, set, frozenset)):
        found = (found,)
    return Provider(
        signal,
        f"{kind.__module__}.{kind.__qualname__}",
        not is_proxy(provider) and not _is_no_op(signal, provider),
        found is not None,
        tuple(map(_destination, found or ())),
        provider,
    )


def is_proxy(provider: Any) -> bool:
    """Whether a provider only leads to the global one, once there is one."""
    # Other packages have classes of these names too, which record.
    kind = type(provider)
    return kind.__name__ in PROXIES and kind.__module__.startswith(API)


def without_secrets(endpoint: str) -> str:
    """A URL without user, password, query and fragment, which may be keys."""
    address = re.split("[?#]", endpoint, maxsplit=1)[0]
    scheme, slashes, rest = address.rpartition("://")
    return scheme + slashes + rest.rpartition("@")[2]


def _is_no_op(signal: SignalName, provider: Any) -> bool:
    method, no_op = METHODS[signal], NO_OPS[signal]
    return getattr(type(provider), method, None) is getattr(no_op, method)


def _is_sdk(signal: SignalName, provider: Any) -> bool:
    module, name = SDK_PROVIDERS[signal]
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(provider, kind)


def _destination(processor: Any) -> Destination:
    found = _first(processor, *EXPORTERS) or processor
    # `otlp_fast` has the exporter of a protocol inside.
    is_fast = type(found).__name__ == FAST_EXPORTER
    sender = _first(found, ("_exporter",)) if is_fast else found
    endpoint = _first(sender, ("_endpoint",))
    is_grpc = _first(sender, ("_channel",)) is not None
    return Destination(
        type(processor).__name__,
        type(found).__name__,
        (GRPC if is_grpc else HTTP) if endpoint else None,
        without_secrets(_url(endpoint, sender, is_grpc=is_grpc)) if endpoint else None,
        _header_names(sender),
        found,
    )


def _url(endpoint: Any, sender: Any, *, is_grpc: bool) -> str:
    # The exporter over gRPC keeps host and port alone.
    if not is_grpc or "://" in str(endpoint):
        return str(endpoint)
    # Before opentelemetry 1.40 only an exporter with TLS has credentials.
    is_insecure = getattr(sender, "_insecure", not hasattr(sender, "_credentials"))
    return f"{'http' if is_insecure else 'https'}://{endpoint}"


def _header_names(sender: Any) -> tuple[str, ...]:
    headers = _first(sender, *HEADERS) or ()
    pairs = headers.items() if isinstance(headers, dict) else headers
    names = {str(name).lower() for name, _ in pairs}
    return tuple(sorted(names - {"user-agent", "content-type", "content-encoding"}))


def _first(start: Any, *paths: tuple[str, ...]) -> Any:
    """What the first of these paths of attributes leads to that leads anywhere."""
    for path in paths:
        found = start
        for name in path:
            found = getattr(found, name, None)
        if found is not None:
            return found
    return None
