"""Checks which other tracers are active, and which would trace the same runs again."""

from collections.abc import Iterator
from typing import Final

from langchain_otel.doctor.entries import entries
from langchain_otel.doctor.finding import MEND, NOTE, OK, Finding
from langchain_otel.doctor.scene import Scene

TOPIC: Final = "other tracers"
# Names under which other packages instrument LangChain.
SAME: Final = ("langchain",)


def tracers(_: Scene) -> Iterator[Finding]:
    """Each active tracer beside us; then packages that claim the same name."""
    from langchain_otel.sources import other_tracers as known

    found = dict(known.active_tracers())
    for name, meaning in sorted(found.items()):
        sentence = f"{name} is active: it {meaning}."
        if meaning in {known.RUNS_AGAIN, known.EXPORTS_RUNS}:
            yield Finding(TOPIC, MEND, sentence, _way_out(name))
        elif meaning == known.CALLS_AGAIN:
            yield Finding(TOPIC, NOTE, sentence, _way_out(name))
        else:
            yield Finding(TOPIC, OK, sentence)
    if not found:
        yield Finding(TOPIC, OK, "No other tracer of LangChain is active.")
    yield from _same_name()


def _way_out(name: str) -> str:
    if name == "LangSmith":
        return "Unset LANGSMITH_OTEL_ENABLED, or use one of the two."
    last = name.rpartition(".")[2]
    return f"Uninstall it, or add {last} to OTEL_PYTHON_DISABLED_INSTRUMENTATIONS."


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
