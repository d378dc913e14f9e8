"""Holds where the signals of a recorder go, and checks what is given as a provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider

# A provider is whatever has the method that makes its instruments: some are not subclasses.
PROVIDER_METHODS: Final = {
    "tracer_provider": "get_tracer",
    "meter_provider": "get_meter",
    "logger_provider": "get_logger",
}


class Destinations:
    """The providers that a recorder is given; None: that of its base, or else the global one."""

    __slots__ = ("logger_provider", "meter_provider", "tracer_provider")

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        logger_provider: LoggerProvider | None = None,
    ) -> None:
        self.tracer_provider = tracer_provider
        self.meter_provider = meter_provider
        self.logger_provider = logger_provider


NOWHERE_ELSE: Final = Destinations()


def checked_providers(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The providers among the arguments, by name.

    Raises:
        TypeError: One is no provider.
    """
    found = {name: arguments.get(name) for name in PROVIDER_METHODS}
    for name, provider in found.items():
        method = PROVIDER_METHODS[name]
        if provider is not None and not callable(getattr(provider, method, None)):
            raise TypeError(
                f"{name} must be an OpenTelemetry provider with a method {method}(), or None for "
                f"the global one; got {provider!r}, a {type(provider).__name__}"
            )
    return {name: provider for name, provider in found.items() if provider is not None}
