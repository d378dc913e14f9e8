"""Knows what older versions of LangChain lack, and where they have the rest."""

import re
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, Final

import pytest

# Before LangChain 1.0 the legacy chains were in LangChain itself.
CLASSIC: Final = "langchain_classic" if find_spec("langchain_classic") else "langchain"


def release(distribution: str) -> tuple[int, ...]:
    """The first two numbers of the version that is installed."""
    return tuple(map(int, re.findall(r"\d+", version(distribution))[:2]))


newest_agent = pytest.mark.skipif(
    release("langchain") < (1, 2),
    reason="the example is written for the agents of a newer LangChain",
)


def classic(module: str) -> Any:
    """A module of the legacy chains, wherever they are."""
    return import_module(f"{CLASSIC}.{module}")


def has(module: str, name: str) -> bool:
    """Whether a module has something of this name."""
    return hasattr(import_module(module), name)


def without_edges(tree: str) -> str:
    """The tree of an agent without its edges, which are runs only in the first of LangChain 1."""
    edges = ("model_to_tools", "tools_to_model")
    return "\n".join(line for line in tree.split("\n") if line.strip() not in edges)


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
