"""Names the other tracers of the process, and warns of those that double spans or metrics."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from langchain_otel.inspection.other_tracers import OtherTracer, active_tracers
from langchain_otel.notices.log import inform, warn

METRICS: Final = "gen_ai.client.token.usage, gen_ai.client.operation.duration"


def say_who_else(sent: Iterable[str]) -> None:
    """Log the other tracers; `sent` says which of spans and metrics we send somewhere."""
    beside: list[OtherTracer] = []
    for tracer in active_tracers():
        doubled = [what for what in tracer.doubles if what in sent]
        if doubled:
            warn(_doubling(tracer, doubled))
        else:
            beside.append(tracer)
    if beside:
        said = sorted(f"{tracer.name} ({tracer.meaning})" for tracer in beside)
        inform(f"Beside langchain-otel there is: {'; '.join(said)}.")


def _doubling(tracer: OtherTracer, doubled: list[str]) -> str:
    what = " and ".join(doubled).replace("metrics", f"metrics ({METRICS})")
    return (
        f"{tracer.name} is active beside langchain-otel and {tracer.meaning}: {what} are there "
        f"twice. To have them once, {tracer.remedy}."
    )
