"""Checks the names of variables: those that nobody reads, with the name that was meant."""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from langchain_otel.doctor.entries import entries
from langchain_otel.doctor.finding import MEND, NOTE, Finding
from langchain_otel.doctor.scene import Scene

TOPIC: Final = "variables"
OURS: Final = "OTEL_INSTRUMENTATION_LANGCHAIN_"
OPENTELEMETRY: Final = "OTEL_"
LIKE_OURS: Final = 0.7
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
    """Each variable that begins like ours, or is nearly OpenTelemetry's, and is neither."""
    ours = _ours()
    theirs = _theirs()
    for name in sorted(os.environ):
        if name in ours or name in theirs or not name.startswith(OPENTELEMETRY):
            continue
        if name.startswith(OURS):
            yield _unknown(name, _nearest(name, ours, LIKE_OURS))
        elif not name.endswith(OF_EACH):
            nearest = _nearest(name, ours | theirs, LIKE_THEIRS)
            if nearest is not None:
                yield _unknown(name, nearest)


def _unknown(name: str, nearest: str | None) -> Finding:
    if nearest is None:
        return Finding(TOPIC, NOTE, f"Nothing reads the variable {name}.", f"Unset {name}.")
    sentence = f"Nothing reads the variable {name}: did you mean {nearest}?"
    return Finding(TOPIC, MEND, sentence, f"Write {nearest}, or unset {name}.")


def _nearest(name: str, known: frozenset[str], likeness: float) -> str | None:
    return next(iter(get_close_matches(name, sorted(known), 1, likeness)), None)


def _ours() -> frozenset[str]:
    from langchain_otel.config import OPTIONS

    return frozenset(option.variable for option in OPTIONS if option.variable)


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
