"""Chooses the exporter of OTLP where nobody names one: that with the faster encoder, if it can."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, entry_points, version
from typing import Final

OTLP: Final = "otlp"
OTLP_FAST: Final = "otlp_fast"
GROUP: Final = "opentelemetry_traces_exporter"
GRPC: Final = "grpc"
HTTP: Final = "http/protobuf"
HTTP_PACKAGE: Final = "opentelemetry-exporter-otlp-proto-http"
# The first version whose exporter over HTTP sends what others have encoded.
NEEDED: Final = (1, 45)


def default_exporter(protocol: str) -> str:
    """The name of the exporter for traces over a protocol of OTLP."""
    is_there = bool(entry_points(group=GROUP, name=OTLP_FAST))
    can = protocol == GRPC or (protocol == HTTP and _http_is_fast())
    return OTLP_FAST if is_there and can else OTLP


def _http_is_fast() -> bool:
    try:
        major, minor, *_ = version(HTTP_PACKAGE).split(".")
    except (PackageNotFoundError, ValueError):
        return False
    return major.isdecimal() and minor.isdecimal() and (int(major), int(minor)) >= NEEDED
