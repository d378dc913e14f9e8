"""Checks the counters of our own failures and of limits that were met."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from langchain_otel import health
from langchain_otel.doctor.finding import MEND, NOTE, OK, Finding
from langchain_otel.doctor.scene import Scene
from langchain_otel.failure_kinds import (
    AttributeLeftOut,
    Failure,
    Kind,
    OptionFailure,
    counted,
)

TOPIC: Final = "failures"
EVENTS: Final = {
    health.EVICTED: (
        "The oldest open run was ended {} to make room.",
        "Raise max_open_runs, or look for runs that never end.",
    ),
    health.ORPHANED: (
        "A run named a parent that is not recorded {}: the current span is its parent, if any.",
        "Give the handler to the whole request, not to a part of it, if that is not meant.",
    ),
    health.LEFT_OUT[-1]: (
        "A run has no span, because the SDK failed to start one, {}.",
        "Look at the sampler and the span processors of the tracer provider.",
    ),
    health.UNKNOWN_TENANT: (
        "A run named a tenant that nobody has registered {}.",
        "Call register_tenant() before.",
    ),
}
"""What is noted of events; what is left out by the options detail and run_filter is meant so."""


TIMES: Final = {1: "once"}


def counters(_: Scene) -> Iterator[Finding]:
    """Each kind of failure, each limit that was met, and what has no span of its own."""
    for kind, count in counted():
        yield _finding(kind, _times(count))
    if not health.failures:
        yield Finding(TOPIC, OK, "langchain-otel counted no failure in this process.")
    yield from _events()


def _finding(kind: Kind, times: str) -> Finding:
    if isinstance(kind, OptionFailure):
        sentence = f"The function given as {kind.option} failed {times}: {kind.reason}."
        step = "Mend it; the log of langchain_otel says what was left out, and DEBUG where."
        return Finding(TOPIC, MEND, sentence, step)
    if isinstance(kind, AttributeLeftOut):
        sentence = f"An attribute was left out {times}: {kind.reason} as it was written as OTLP."
        return Finding(TOPIC, MEND, sentence, "The log says which: give it a value of plain data.")
    if isinstance(kind, Failure):
        where = f"{kind.place}:{kind.reason}"
        sentence = f"langchain-otel failed in {where} {times}: a span may lack attributes."
        step = "Please report it with the stack trace that the log level DEBUG shows."
        return Finding(TOPIC, MEND, sentence, step)
    sentence = f"A limit was met {times}: {kind.name}."
    return Finding(TOPIC, NOTE, sentence, "Raise the option of that name, if it has one.")


def _events() -> Iterator[Finding]:
    for event, (sentence, step) in EVENTS.items():
        if event in health.events:
            yield Finding(TOPIC, NOTE, sentence.format(_times(health.events[event])), step)


def _times(count: int) -> str:
    return TIMES.get(count, f"{count} times")
