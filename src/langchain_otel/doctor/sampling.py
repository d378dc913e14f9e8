"""Checks what keeps spans from being recorded: the sampler, the SDK's switch, suppression."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Final

from langchain_otel.doctor.finding import MEND, NOTE, OK, Finding
from langchain_otel.doctor.scene import Scene

TOPIC: Final = "sampling"
DISABLED: Final = "OTEL_SDK_DISABLED"
NEVER: Final = "AlwaysOffSampler"


def sampling(_: Scene) -> Iterator[Finding]:
    """The SDK's switch, then the sampler, then what is in force where the doctor is called."""
    if os.environ.get(DISABLED, "").strip().lower() == "true":
        sentence = f"{DISABLED} is true: nothing is traced."
        yield Finding(TOPIC, MEND, sentence, f"Unset {DISABLED}.")
    from opentelemetry import trace

    yield from _sampler(getattr(trace.get_tracer_provider(), "sampler", None))
    yield from _suppressed()
    yield from _caller()
    yield from _runs()


def _sampler(sampler: Any) -> Iterator[Finding]:
    if sampler is None:
        return
    # One that follows the parent has one for what begins here.
    root = getattr(sampler, "_root", sampler)
    description = root.get_description()
    rate = getattr(root, "rate", None)
    step = "Unset OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG, or give the provider another."
    if description == NEVER or rate == 0:
        sentence = f"The sampler {description} samples no trace that begins here."
        yield Finding(TOPIC, MEND, sentence, step)
    elif rate is not None and rate < 1:
        sentence = f"The sampler {description} leaves out {1 - rate:.0%} of all traces."
        yield Finding(TOPIC, NOTE, sentence, step)
    else:
        yield Finding(TOPIC, OK, f"The sampler is {description}.")


def _suppressed() -> Iterator[Finding]:
    from opentelemetry.context import get_current

    from langchain_otel.runs.context import is_suppressed

    if is_suppressed(get_current()):
        yield Finding(
            TOPIC,
            MEND,
            "suppress_instrumentation() is in force here: no run is traced inside it.",
            "Call LangChain outside of its block.",
        )


def _caller() -> Iterator[Finding]:
    from opentelemetry import trace

    context = trace.get_current_span().get_span_context()
    if context.is_valid and not context.trace_flags.sampled:
        yield Finding(
            TOPIC,
            MEND,
            "The current span is not sampled: a sampler that follows the parent leaves out every "
            "run inside it.",
            "Look at the sampler of the service that calls this one, or of this one's server.",
        )


def _runs() -> Iterator[Finding]:
    """Of the runs that were, whether any was sampled."""
    from langchain_otel.runs.store import RUNS

    contexts = RUNS.ended_contexts()
    if contexts and not any(context.trace_flags.sampled for context in contexts):
        yield Finding(
            TOPIC,
            MEND,
            f"Of the last {len(contexts)} spans of LangChain in this process none was sampled.",
            "Look at the sampler, and at that of the service that calls this one.",
        )
