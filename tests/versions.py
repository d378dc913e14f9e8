"""Knows what older versions of LangChain lack, and where they have the rest."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import pytest

# Before LangChain 1.0 the legacy chains were in LangChain itself.
CLASSIC: Final = "langchain_classic" if find_spec("langchain_classic") else "langchain"


def classic(module: str) -> Any:
    """A module of the legacy chains, wherever they are."""
    return import_module(f"{CLASSIC}.{module}")


def create_agent(*args: Any, **kwargs: Any) -> Any:
    """LangChain's agent; the test is skipped where there is none."""
    came = "create_agent came with LangChain 1.0"
    return pytest.importorskip("langchain.agents.factory", reason=came).create_agent(
        *args, **kwargs
    )


def http_instrumentors() -> list[Any]:
    """Those of the HTTP clients that the providers' packages use; skips where one is missing."""
    httpx = import_module("opentelemetry.instrumentation.httpx")
    if not hasattr(httpx, "HTTPX2ClientInstrumentor"):
        pytest.skip("this version of OpenTelemetry's HTTPX instrumentation does not know HTTPX 2")
    return [httpx.HTTPXClientInstrumentor(), httpx.HTTPX2ClientInstrumentor()]
