"""Finds the variable that sends an exporter's requests through a proxy."""

from __future__ import annotations

import os
from typing import Final
from urllib.request import getproxies, proxy_bypass

from langchain_otel.inspection.providers import GRPC

# gRPC reads these alone, in lower case.
OF_GRPC: Final = ("grpc_proxy", "https_proxy", "http_proxy")
PAST_GRPC: Final = ("no_grpc_proxy", "no_proxy")


def proxy_variable(protocol: str | None, scheme: str, host: str) -> str | None:
    """The variable that names the proxy of a host; None where there is none."""
    if protocol == GRPC:
        return None if _is_past_grpc(host) else next(filter(os.environ.get, OF_GRPC), None)
    proxies = getproxies()
    kind = next((kind for kind in (scheme, "all") if proxies.get(kind)), None)
    return None if kind is None or proxy_bypass(host) else _name(kind)


def exception_variable(protocol: str | None) -> str:
    """The variable that names the hosts to which no proxy is in the way."""
    return "no_proxy" if protocol == GRPC else "NO_PROXY"


def _is_past_grpc(host: str) -> bool:
    value = next(filter(None, map(os.environ.get, PAST_GRPC)), None) or ""
    ends = [part.strip() for part in value.split(",")]
    return any(end and host.endswith(end) for end in ends)


def _name(kind: str) -> str:
    names = (f"{kind}_proxy", f"{kind}_proxy".upper())
    return next((name for name in names if name in os.environ), "the proxy of this machine")
