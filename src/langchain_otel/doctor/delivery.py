"""Checks whether what is recorded arrives: at the endpoint, and by the very exporter."""

import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from langchain_otel.doctor.destinations import is_shut_down
from langchain_otel.doctor.finding import Finding
from langchain_otel.doctor.scene import APPLICATION, Scene

if TYPE_CHECKING:
    from langchain_otel.inspection.providers import Provider

ENDPOINT: Final = "langchain_otel.doctor.endpoint"
LANGCHAIN: Final = "langchain_core"
EXPORT: Final = "langchain_otel.doctor.export_check"


def delivery(scene: Scene) -> Iterator[Finding]:
    """Each endpoint, then an empty export and a test run by each exporter."""
    from langchain_otel.inspection.providers import global_providers

    found = [provider for provider in global_providers() if provider.destinations]
    if scene.place == APPLICATION:
        if LANGCHAIN not in sys.modules:
            return
        found = [provider for provider in found if _is_silent(provider)]
    endpoint_findings = _function(ENDPOINT, "endpoint_findings")
    export_findings = _function(EXPORT, "export_findings")
    for provider in found:
        for destination in provider.destinations:
            if destination.endpoint is not None and endpoint_findings is not None:
                yield from endpoint_findings(destination, provider.signal)
    for provider in found:
        if provider.is_sdk and export_findings is not None:
            yield from export_findings(provider)


def _is_silent(provider: "Provider") -> bool:
    """Whether a test run prints nothing among the application's own lines, and can be sent."""
    return not is_shut_down(provider.instance) and all(
        destination.endpoint is not None for destination in provider.destinations
    )


def _function(module: str, name: str) -> Any:
    return None if find_spec(module) is None else getattr(import_module(module), name)
