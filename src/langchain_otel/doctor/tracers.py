"""Checks which other tracers are active, and which would trace the same runs again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from langchain_otel.doctor.entries import entries
from langchain_otel.doctor.finding import MEND, NOTE, OK, Finding, Level
from langchain_otel.doctor.scene import Scene

TOPIC: Final = "other tracers"
# Names under which other packages instrument LangChain.
SAME: Final = ("langchain",)


def tracers(_: Scene) -> Iterator[Finding]:
    """Each active tracer beside us; then packages that claim the same name."""
    from langchain_otel.inspection.other_tracers import EXPORTS_RUNS, RUNS_AGAIN, active_tracers

    found = sorted(active_tracers(), key=lambda tracer: tracer.name)
    for tracer in found:
        sentence = f"{tracer.name} is active: it {tracer.meaning}."
        if tracer.doubles:
            level: Level = MEND if tracer.meaning in {RUNS_AGAIN, EXPORTS_RUNS} else NOTE
            way_out = f"{tracer.remedy[0].upper()}{tracer.remedy[1:]}."
            yield Finding(TOPIC, level, sentence, way_out)
        else:
            yield Finding(TOPIC, OK, sentence)
    if not found:
        yield Finding(TOPIC, OK, "No other tracer of LangChain is active.")
    yield from _same_name()


def _same_name() -> Iterator[Finding]:
    for name in SAME:
        found = [entry for entry in entries("opentelemetry_instrumentor") if entry.name == name]
        packages = sorted({entry.dist.name for entry in found if entry.dist is not None})
        if len(packages) > 1:
            yield Finding(
                TOPIC,
                NOTE,
                f"{len(packages)} packages instrument under the name {name}: "
                f"{', '.join(packages)}.",
                "Keep one of them at most.",
            )
