"""Checks the counters of our own failures and of limits that were met."""

from collections.abc import Iterator
from typing import Final

from langchain_otel import health
from langchain_otel.doctor.finding import MEND, NOTE, OK, Finding
from langchain_otel.doctor.scene import Scene

TOPIC: Final = "failures"


def counters(_: Scene) -> Iterator[Finding]:
    """Each kind of failure, and each limit that was met."""
    from langchain_otel.config import OPTIONS

    functions = {option.name for option in OPTIONS if option.variable is None}
    for kind, count in sorted(health.failures.items()):
        times = "once" if count == 1 else f"{count} times"
        place, colon, reason = kind.partition(":")
        if place in functions:
            sentence = f"The function given as {place} failed {times}: {reason}."
            step = "Mend it; the log level DEBUG shows the stack trace."
            yield Finding(TOPIC, MEND, sentence, step)
        elif colon:
            sentence = f"langchain-otel failed in {kind} {times}: a span may lack attributes."
            step = "Please report it with the stack trace that the log level DEBUG shows."
            yield Finding(TOPIC, MEND, sentence, step)
        else:
            sentence = f"A limit was met {times}: {kind}."
            yield Finding(TOPIC, NOTE, sentence, "Raise the option of that name, if it has one.")
    if not health.failures:
        yield Finding(TOPIC, OK, "langchain-otel counted no failure in this process.")
