"""Checks how OpenTelemetry is set up: distro, configurator, exporters, and what went wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Final

from langchain_otel.doctor.complaints import complaint_findings
from langchain_otel.doctor.entries import entries
from langchain_otel.doctor.finding import MEND, NOTE, OK, Finding
from langchain_otel.doctor.scene import Scene
from langchain_otel.inspection.command import is_command_running, is_configured

TOPIC: Final = "set-up"
# What OpenTelemetry's own command loads, with the variable that chooses one.
LOADED: Final = {"distro": "OTEL_PYTHON_DISTRO", "configurator": "OTEL_PYTHON_CONFIGURATOR"}
PROTOCOLS: Final = {"grpc": "otlp_proto_grpc", "http/protobuf": "otlp_proto_http"}
SIGNALS: Final = ("traces", "metrics", "logs")
PACKAGES: Final = {
    "langchain_tree": '"langchain-otel[console]"',
    "otlp": "opentelemetry-exporter-otlp",
    "otlp_proto_grpc": "opentelemetry-exporter-otlp-proto-grpc",
    "otlp_proto_http": "opentelemetry-exporter-otlp-proto-http",
    "zipkin": "opentelemetry-exporter-zipkin",
    "prometheus": "opentelemetry-exporter-prometheus",
}
CONFIG_FILE: Final = "OTEL_CONFIG_FILE"


def set_up(scene: Scene) -> Iterator[Finding]:
    """Distro and configurator, the exporters that variables name, what was complained of."""
    if scene.is_own or is_command_running():
        for kind, variable in LOADED.items():
            yield from _loaded(kind, variable)
        file = os.environ.get(CONFIG_FILE)
        if file:
            yield from _file(file)
        else:
            for signal in SIGNALS:
                yield from _exporters(signal)
    elif is_configured():
        yield Finding(TOPIC, OK, "langchain_otel.configure() set OpenTelemetry up.")
    else:
        yield from _unread()
    yield from complaint_findings(scene.complaints)


def _loaded(kind: str, variable: str) -> Iterator[Finding]:
    names = [entry.name for entry in entries(f"opentelemetry_{kind}")]
    wanted = os.environ.get(variable)
    if not names:
        sentence = f"No {kind} is installed: `opentelemetry-instrument` sets up nothing."
        yield Finding(TOPIC, MEND, sentence, "Run: pip install opentelemetry-distro")
    elif wanted is not None and wanted not in names:
        yield Finding(
            TOPIC,
            MEND,
            f"{variable} names a {kind} that is not installed; there is: {', '.join(names)}.",
            f"Unset {variable}, or install the package that has this {kind}.",
        )
    elif wanted is None and len(names) > 1:
        yield Finding(
            TOPIC,
            NOTE,
            f"{len(names)} packages bring a {kind} ({', '.join(names)}): whichever comes first is "
            "used.",
            f"Set {variable} to the one that you want.",
        )
    else:
        yield Finding(TOPIC, OK, f"The {kind} is {wanted or names[0]}.")


def _file(path: str) -> Iterator[Finding]:
    if not os.access(path, os.R_OK):
        yield Finding(
            TOPIC,
            MEND,
            f"{CONFIG_FILE} names a file that cannot be read.",
            f"Correct {CONFIG_FILE}; a path is relative to the directory of the process.",
        )
    else:
        sentence = f"{CONFIG_FILE} is read: variables of the exporters have no effect."
        yield Finding(TOPIC, OK, sentence)


def _exporters(signal: str) -> Iterator[Finding]:
    exporters = {entry.name: entry for entry in entries(f"opentelemetry_{signal}_exporter")}
    for word in os.environ.get(f"OTEL_{signal.upper()}_EXPORTER", "").split(","):
        name = word.strip()
        if name == "otlp":
            yield from _otlp(signal, exporters)
        elif name and name.lower() != "none":
            yield from _exporter(name, signal, exporters)


def _otlp(signal: str, exporters: dict[str, EntryPoint]) -> Iterator[Finding]:
    """The exporter of OTLP is one of two, by the protocol that variables name."""
    name = PROTOCOLS.get(_protocol(signal))
    if name is not None:
        yield from _exporter(name, signal, exporters)
    else:
        yield Finding(
            TOPIC,
            MEND,
            f"The protocol of OTLP for {signal} is neither grpc nor http/protobuf.",
            "Set OTEL_EXPORTER_OTLP_PROTOCOL to grpc or http/protobuf.",
        )


def _exporter(name: str, signal: str, exporters: dict[str, EntryPoint]) -> Iterator[Finding]:
    variable = f"OTEL_{signal.upper()}_EXPORTER"
    if name not in exporters:
        sentence = (
            f"{variable} names {_shown(name)}, but no installed package has such an exporter."
        )
    elif not _can_be_imported(exporters[name]):
        sentence = f"{variable} names {name}, but it lacks a package that it needs."
    else:
        return
    yield Finding(TOPIC, MEND, sentence, _way_to(name, variable, sorted(exporters)))


def _can_be_imported(entry: EntryPoint) -> bool:
    try:
        entry.load()
    except ImportError:
        return False
    return True


def _protocol(signal: str) -> str:
    own = os.environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL")
    return (own or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL") or "grpc").strip()


def _shown(name: str) -> str:
    return name if name.replace("/", "").isidentifier() else "something"


def _way_to(name: str, variable: str, known: list[str]) -> str:
    if name in PACKAGES:
        return f"Run: pip install {PACKAGES[name]}"
    return f"Set {variable} to one that is installed: {', '.join([*known, 'none'])}."


def _unread() -> Iterator[Finding]:
    """Variables that only `opentelemetry-instrument` reads, in a process that it did not start."""
    names = [f"OTEL_{signal.upper()}_EXPORTER" for signal in SIGNALS]
    found = [name for name in (*names, *LOADED.values(), CONFIG_FILE) if os.environ.get(name)]
    if found:
        yield Finding(
            TOPIC,
            NOTE,
            f"Nothing in this process read {', '.join(found)}: only langchain_otel.configure() and "
            "`opentelemetry-instrument` do.",
            "Call langchain_otel.configure(), start the application by `opentelemetry-instrument`, "
            "or unset them.",
        )
    else:
        sentence = "`opentelemetry-instrument` did not start this application."
        yield Finding(TOPIC, OK, sentence)
