"""Checks which packages are installed, and whether each is in its range."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distributions, requires
from importlib.metadata import version as version_of
from typing import Any, Final

from langchain_otel.doctor.finding import MEND, NOTE, OK, Finding
from langchain_otel.doctor.scene import Scene
from langchain_otel.version import __version__

TOPIC: Final = "packages"
OURS: Final = "langchain-otel"
OPTIONAL: Final = {"langgraph": ">=0.6,<2"}
WITHOUT: Final = {
    "langchain-core": "there is nothing to trace",
    "opentelemetry-api": "nothing can be traced",
    "opentelemetry-sdk": "nothing is recorded",
    "opentelemetry-distro": "`opentelemetry-instrument` sets up no exporter",
    "opentelemetry-exporter-otlp": "traces cannot be sent as OTLP",
    "opentelemetry-instrumentation": "LangChain cannot be instrumented",
    "orjson": "no run can be recorded",
    "wrapt": "no function of LangChain can be followed",
    "packaging": "no version can be compared with its range",
}
# Either of these sends OTLP without the package that brings both.
PROTOCOLS: Final = (
    "opentelemetry-exporter-otlp-proto-grpc",
    "opentelemetry-exporter-otlp-proto-http",
)


def versions(_: Scene) -> Iterator[Finding]:
    """Each package that matters: its version, and whether it is in its range."""
    yield Finding(TOPIC, OK, f"langchain-otel {__version__} on Python {platform.python_version()}.")
    for package, specifiers in _needed():
        yield from _package(package, specifiers)
    for package, specifiers in OPTIONAL.items():
        if _installed(package) is not None:
            yield from _package(package, specifiers)
    yield from _disagreements()


def _needed() -> Iterator[tuple[str, str]]:
    """Our dependencies and their ranges, as the package itself says."""
    try:
        lines = requires(OURS) or []
    except PackageNotFoundError:
        lines = list(WITHOUT)
    for line in lines:
        if "extra ==" not in line:
            yield _parts(line)


def _parts(line: str) -> tuple[str, str]:
    found = re.match(r"([\w.-]+)\s*(?:\[[^]]*\])?\s*\(?([^;)]*)", line)
    return ("", "") if found is None else (found[1], found[2].strip())


def _installed(package: str) -> str | None:
    try:
        return version_of(package)
    except PackageNotFoundError:
        return None


def _package(package: str, specifiers: str) -> Iterator[Finding]:
    version = _installed(package)
    if version is None:
        yield from _missing(package)
    elif not _fits(version, specifiers):
        yield Finding(
            TOPIC,
            MEND,
            f"{package} {version} is installed, but langchain-otel works with {specifiers}.",
            f'Run: pip install "{package}{specifiers}"',
        )
    else:
        yield Finding(TOPIC, OK, f"{package} {version} is in the range {specifiers}.")


def _missing(package: str) -> Iterator[Finding]:
    parts = [name for name in PROTOCOLS if _installed(name) is not None]
    if package == "opentelemetry-exporter-otlp" and parts:
        yield Finding(TOPIC, OK, f"OTLP is sent by {' and '.join(parts)}.")
        return
    lost = WITHOUT.get(package, "langchain-otel does not work")
    sentence = f"{package} is not installed: {lost}."
    yield Finding(TOPIC, MEND, sentence, f"Run: pip install {package}")


def _fits(version: str, specifiers: str) -> bool:
    try:
        from packaging.specifiers import InvalidSpecifier, SpecifierSet
        from packaging.version import InvalidVersion
    except ImportError:
        return True
    try:
        return SpecifierSet(specifiers).contains(version, prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return False


def _disagreements() -> Iterator[Finding]:
    """Packages of OpenTelemetry that want another version of one another than there is."""
    for distribution in distributions():
        # To read the metadata of everything that is installed takes long.
        folder = getattr(getattr(distribution, "_path", None), "name", "")
        if not folder.startswith("opentelemetry"):
            continue
        name = distribution.metadata["Name"] or folder
        for wanted, version in _unmet(distribution):
            yield Finding(
                TOPIC,
                NOTE,
                f"{name} {distribution.version} wants {wanted}, but {version} is installed.",
                f'Run: pip install --upgrade "{name}" "{wanted}"',
            )


def _unmet(distribution: Any) -> Iterator[tuple[str, str]]:
    for line in distribution.requires or ():
        package, specifiers = _parts(line)
        version = _installed(package) if package.startswith("opentelemetry") else None
        if version and "extra ==" not in line and not _fits(version, specifiers):
            yield f"{package}{specifiers}", version
