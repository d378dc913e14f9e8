"""Checks whether the HTTP clients of the models' providers are instrumented."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from typing import Any, Final

from langchain_otel.doctor.entries import entries
from langchain_otel.doctor.finding import NOTE, OK, Finding
from langchain_otel.doctor.scene import Scene

TOPIC: Final = "HTTP clients"
# Modules of the providers' clients, with the packages that they are in.
CLIENTS: Final = {
    "anthropic": "anthropic",
    "cohere": "cohere",
    "google.genai": "google-genai",
    "groq": "groq",
    "langgraph_sdk": "langgraph-sdk",
    "mistralai": "mistralai",
    "ollama": "ollama",
    "openai": "openai",
    "together": "together",
}
HTTP: Final = ("httpx", "httpx2", "requests", "aiohttp")
# The instrumentor of each, as its entry point is called, and the package that brings it.
INSTRUMENTORS: Final = {"aiohttp": "aiohttp-client"}
PACKAGES: Final = {"httpx2": "httpx", "aiohttp": "aiohttp-client"}


def clients(scene: Scene) -> Iterator[Finding]:
    """Each client that the process has imported, by the HTTP library that it uses.

    In the doctor's own process, that is installed.
    """
    if not scene.is_set_up:
        return
    users: dict[str, list[str]] = {}
    for module, package in CLIENTS.items():
        if scene.is_own or module in sys.modules:
            for library in _libraries(package):
                users.setdefault(library, []).append(package)
    active = set(_active())
    for library, packages in sorted(users.items()):
        yield _finding(library, ", ".join(packages), is_active=library in active)


def _finding(library: str, packages: str, *, is_active: bool) -> Finding:
    if is_active:
        return Finding(
            TOPIC, OK, f"{library} is instrumented: calls of {packages} have HTTP spans."
        )
    name = INSTRUMENTORS.get(library, library)
    package = f"opentelemetry-instrumentation-{PACKAGES.get(library, library)}"
    installed = any(entry.name == name for entry in entries("opentelemetry_instrumentor"))
    step = (
        f"Call the instrumentor of {package}, or start by `opentelemetry-instrument`."
        if installed
        else f"If you want them, run: pip install {package}"
    )
    sentence = f"{library} is not instrumented: calls of {packages} have no HTTP spans."
    return Finding(TOPIC, NOTE, sentence, step)


def _libraries(package: str) -> list[str]:
    try:
        lines = [line for line in requires(package) or () if "extra ==" not in line]
    except PackageNotFoundError:
        return []
    names = {found[0] for line in lines if (found := re.match(r"[\w.-]+", line))}
    return [library for library in HTTP if library in names]


def _active() -> Iterator[str]:
    """The HTTP libraries that are instrumented in this process."""
    base = getattr(
        sys.modules.get("opentelemetry.instrumentation.instrumentor"), "BaseInstrumentor", None
    )
    for kind in _below(base):
        instance = vars(kind).get("_instance")
        if getattr(instance, "is_instrumented_by_opentelemetry", False):
            name = kind.__module__.rpartition(".")[2]
            is_second = kind.__name__.startswith("HTTPX2")
            yield "httpx2" if is_second else name.removesuffix("_client")


def _below(kind: Any) -> Iterator[Any]:
    for each in () if kind is None else kind.__subclasses__():
        yield each
        yield from _below(each)
