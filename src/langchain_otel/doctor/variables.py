"""Checks the names of variables: those that nobody reads, with the name that was meant."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from langchain_otel.doctor.entries import entries
from langchain_otel.doctor.finding import MEND, NOTE, Finding
from langchain_otel.doctor.scene import Scene

TOPIC: Final = "variables"
OPENTELEMETRY: Final = "OTEL_"
LIKE_THEIRS: Final = 0.9
# Read by instrumentations, each under a name of its own.
OF_EACH: Final = ("_EXCLUDED_URLS", "_CAPTURE_HEADERS_SERVER_REQUEST")
# Of the specification and of other packages; some packages list none of theirs.
OTHERS: Final = frozenset(
    (
        "OTEL_CONFIG_FILE",
        "OTEL_LOG_LEVEL",
        "OTEL_METRICS_EXPORTER",
        "OTEL_LOGS_EXPORTER",
        "OTEL_PROPAGATORS",
        "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN",
        "OTEL_SEMCONV_STABILITY_OPT_IN",
        "OTEL_TRACES_EXPORTER",
    )
)


def variables(_: Scene) -> Iterator[Finding]:
    """Each variable that is nearly one of ours, or of OpenTelemetry's, and is neither."""
    from langchain_otel.inspection.variables import KNOWN, nearest_of, unknown_variables

    like_ours = unknown_variables()
    for name, nearest in like_ours:
        yield _unknown(name, nearest)
    known = _theirs()
    for name in sorted(os.environ.keys() - known - KNOWN - dict(like_ours).keys()):
        if name.startswith(OPENTELEMETRY) and not name.endswith(OF_EACH):
            nearest = nearest_of(name, sorted(known), LIKE_THEIRS)
            if nearest is not None:
                yield _unknown(name, nearest)


def _unknown(name: str, nearest: str | None) -> Finding:
    if nearest is None:
        return Finding(TOPIC, NOTE, f"Nothing reads the variable {name}.", f"Unset {name}.")
    sentence = f"Nothing reads the variable {name}: did you mean {nearest}?"
    return Finding(TOPIC, MEND, sentence, f"Write {nearest}, or unset {name}.")


def _theirs() -> frozenset[str]:
    """The variables that OpenTelemetry's installed packages say they read."""
    found = set(OTHERS)
    for entry in entries("opentelemetry_environment_variables"):
        try:
            module = entry.load()
        except Exception:  # noqa: S112 - a package that cannot be imported reads nothing
            continue
        found.update(str(getattr(module, name)) for name in dir(module) if "OTEL_" in name)
    return frozenset(found)
