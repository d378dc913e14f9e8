"""Says in plain words what OpenTelemetry complained of while it was set up.

A complaint may quote the value of a variable: only texts that are known, or name no value, are
said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from langchain_otel.doctor.finding import MEND, NOTE, Finding, Level
from langchain_otel.doctor.scene import Complaint

TOPIC: Final = "set-up"


class Known(NamedTuple):
    """A complaint by how its text begins, and what is said of it."""

    begins: str
    level: Level
    sentence: str
    next_step: str


KNOWN: Final = (
    Known(
        "Requested component",
        MEND,
        "OpenTelemetry stopped: an exporter that a variable names is not installed.",
        "Correct OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER and OTEL_LOGS_EXPORTER.",
    ),
    Known(
        "Unsupported OTLP protocol",
        MEND,
        "OpenTelemetry stopped: it does not know the protocol of OTLP.",
        "Set OTEL_EXPORTER_OTLP_PROTOCOL to grpc or http/protobuf.",
    ),
    Known(
        "Overriding of current",
        MEND,
        "A provider was set twice: the first one stays, the second one gets nothing.",
        "Set each provider once; under `opentelemetry-instrument` add a processor to the one that "
        "is there.",
    ),
    Known(
        "Could not convert TRACES_SAMPLER_ARG",
        MEND,
        "OTEL_TRACES_SAMPLER_ARG is no number: every trace is sampled.",
        "Set OTEL_TRACES_SAMPLER_ARG to a number from 0 to 1.",
    ),
    Known(
        "Using default sampler",
        MEND,
        "OTEL_TRACES_SAMPLER names no sampler that is installed: the default one is used.",
        "Set OTEL_TRACES_SAMPLER to one such as parentbased_traceidratio, or unset it.",
    ),
    Known(
        "Header format invalid",
        MEND,
        "A header in a variable is not of the form name=value: it is not sent.",
        "Write OTEL_EXPORTER_OTLP_HEADERS as name=value, with commas between and values "
        "percent-encoded.",
    ),
    Known(
        "Transient error",
        NOTE,
        "An exporter could not send, and tried again.",
        "See what is said of the endpoint.",
    ),
    Known(
        "%s environment variable set but no matching",
        MEND,
        "A variable names a credential or a configurator that is not installed.",
        "Install the package that has it, or unset the variable.",
    ),
    Known(
        "completion_hook=",
        MEND,
        "The completion hook cannot be used: no content is given to it.",
        "Set OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK to an installed entry point, and install "
        "opentelemetry-util-genai.",
    ),
    Known(
        "Importing of %s failed",
        NOTE,
        "An instrumentation could not be imported, and was left out.",
        "Bring its package and the library to versions that fit.",
    ),
)
# What other checks say better: that OpenTelemetry failed, beside the exception itself; and our own
# warnings, the subject of the settings.
ELSEWHERE: Final = (
    "Failed to auto initialize",
    "Configuration of %s failed",
    "Configuration of %s not loaded",
    "Instrumenting of %s failed",
    "Distribution %s configuration failed",
    "%s=%r is not valid",
    "structured_messages needs",
    "langchain-otel works with",
    "DependencyConflict",
    "Attempting to instrument while already instrumented",
    "Beside langchain-otel",
    "The installed OTLP exporter",
)


def complaint_findings(complaints: Iterable[Complaint]) -> Iterator[Finding]:
    """One finding of each kind of complaint."""
    for finding in dict.fromkeys(map(_finding, complaints)):
        if finding is not None:
            yield finding


def _finding(complaint: Complaint) -> Finding | None:
    if complaint.text.startswith(ELSEWHERE):
        return None
    for row in KNOWN:
        if complaint.text.startswith(row.begins):
            return Finding(TOPIC, row.level, row.sentence, row.next_step)
    if complaint.raised:
        return Finding(
            TOPIC,
            MEND,
            f"OpenTelemetry's set-up failed with {complaint.source}: nothing after it was set up.",
            "Run the application with `opentelemetry-instrument`: it prints the stack trace.",
        )
    return Finding(
        TOPIC,
        NOTE,
        f"The logger {complaint.source} had a warning.",
        "Run the application with logging switched on to read it.",
    )
