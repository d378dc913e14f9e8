"""Keeps what belongs to a meter provider and outlives recorders: sums and known series."""

from __future__ import annotations

from threading import Lock
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from opentelemetry.metrics import Meter, MeterProvider

from langchain_otel import semconv
from langchain_otel.forks import fork_safe
from langchain_otel.version import SCOPE, __version__

Kept = TypeVar("Kept")

# Where the API's own meters are, which do nothing.
API: Final = "opentelemetry.metrics."


class Measured:
    """What the metrics of one meter provider have come to.

    It holds nothing of the provider's, which would never be freed otherwise. Only a meter of the
    API's is kept: its provider keeps all that it ever made.
    """

    def __init__(self) -> None:
        self.api_meter: Meter | None = None
        self.shows_self = False
        self._kept: dict[type, Any] = {}

    def of(self, kind: type[Kept]) -> Kept:
        """The one object of a class that keeps what is measured, made when it is asked for first.

        The classes are imported by who asks: most programs never do.
        """
        with _lock:
            if kind not in self._kept:
                self._kept[kind] = kind()
            kept: Kept = self._kept[kind]
            return kept


_lock: Final = fork_safe(Lock())
_measured: Final[WeakKeyDictionary[object, Measured]] = WeakKeyDictionary()


def measured_by(provider: object) -> Measured:
    """What a provider's metrics have come to so far."""
    try:
        with _lock:
            measured = _measured.get(provider)
            if measured is None:
                measured = _measured[provider] = Measured()
            return measured
    except TypeError:
        # One that cannot be remembered: its recorders measure each for itself.
        return Measured()


def meter_of(provider: MeterProvider) -> Meter:
    """The provider's meter for this package."""
    measured = measured_by(provider)
    if measured.api_meter is not None:
        return measured.api_meter
    meter = provider.get_meter(SCOPE, __version__, semconv.SCHEMA_URL)
    if is_of_api(meter):
        measured.api_meter = meter
    return meter


def is_of_api(meter: Meter) -> bool:
    """Whether a meter is one of the API's, which leads to a provider's at most."""
    return type(meter).__module__.startswith(API)
