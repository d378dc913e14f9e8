"""Checks whether what is recorded arrives: at the endpoint, and by the very exporter."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from langchain_otel.doctor.destinations import is_shut_down
from langchain_otel.doctor.finding import MEND, Finding
from langchain_otel.doctor.scene import APPLICATION, Scene

if TYPE_CHECKING:
    from langchain_otel.inspection.providers import Provider

ENDPOINT: Final = "langchain_otel.doctor.endpoint"
LANGCHAIN: Final = "langchain_core"
TRACES: Final = "traces"
EXPORT: Final = "langchain_otel.doctor.export_check"


def delivery(scene: Scene) -> Iterator[Finding]:
    """Each endpoint, then an empty export and a test run by each exporter.

    Where nothing answers, only traces are sent: each exporter would try for seconds.
    """
    from langchain_otel.inspection.providers import global_providers

    found = [provider for provider in global_providers() if provider.destinations]
    if scene.place == APPLICATION:
        if LANGCHAIN not in sys.modules:
            return
        found = [provider for provider in found if _is_silent(provider)]
    away = set()
    for provider in found:
        for finding in _at_endpoints(provider):
            yield finding
            if finding.level == MEND:
                away.add(provider.signal)
    for provider in found:
        if provider.signal == TRACES or provider.signal not in away:
            yield from _by_exporters(provider)


def _at_endpoints(provider: Provider) -> Iterator[Finding]:
    look = _function(ENDPOINT, "endpoint_findings")
    for destination in provider.destinations if look is not None else ():
        if destination.endpoint is not None:
            yield from look(destination, provider.signal)


def _by_exporters(provider: Provider) -> Iterator[Finding]:
    send = _function(EXPORT, "export_findings")
    if provider.is_sdk and send is not None:
        yield from send(provider)


def _is_silent(provider: Provider) -> bool:
    """Whether a test run prints nothing among the application's own lines, and can be sent."""
    return not is_shut_down(provider.instance) and all(
        destination.endpoint is not None for destination in provider.destinations
    )


def _function(module: str, name: str) -> Any:
    return None if find_spec(module) is None else getattr(import_module(module), name)
