"""Checks whether LangChain is instrumented in this process, and if not, by what."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

from langchain_otel.doctor.entries import entries
from langchain_otel.doctor.finding import MEND, NOTE, OK, Finding
from langchain_otel.doctor.scene import APPLICATION, Scene

TOPIC: Final = "instrumentation"
VARIABLE: Final = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
OURS: Final = "langchain_otel"
WILDCARD: Final = "*"
OTHERS: Final = "langchain"
GROUP: Final = "opentelemetry_instrumentor"
INSTRUMENTOR: Final = "langchain_otel.instrumentor"
HANDLER: Final = "langchain_otel.handler"


def instrumented(scene: Scene) -> Iterator[Finding]:
    """Whether runs are traced, by which way, and what keeps them from being traced."""
    yield from _importable()
    is_instrumented = _is_instrumented()
    if not is_instrumented:
        yield from _entry_point()
        yield from _disabled()
    yield from _named_like_others()
    if is_instrumented:
        yield Finding(TOPIC, OK, "LangChain is instrumented: every run of the process is traced.")
        yield from _ran(scene)
    elif not scene.is_own and _handler_was_made():
        yield Finding(
            TOPIC, OK, "LangChain is not instrumented; callback handlers trace their own runs."
        )
        yield from _ran(scene)
    else:
        yield from _not_instrumented(scene)


def _importable() -> Iterator[Finding]:
    for module in (HANDLER, INSTRUMENTOR):
        try:
            import_module(module)
        except Exception as error:
            name = getattr(error, "name", None) if isinstance(error, ImportError) else None
            what = f": {name} is missing, or lacks what is needed" if name else ""
            yield Finding(
                TOPIC,
                MEND,
                f"langchain-otel cannot be imported ({type(error).__name__}{what}).",
                "Run: pip install --upgrade --force-reinstall langchain-otel",
            )
            return


def _entry_point() -> Iterator[Finding]:
    if not any(entry.name == OURS for entry in entries(GROUP)):
        yield Finding(
            TOPIC,
            MEND,
            "langchain-otel is here without its metadata: `opentelemetry-instrument` does not "
            "find it.",
            "Run: pip install langchain-otel",
        )


def _disabled() -> Iterator[Finding]:
    for word in (OURS, WILDCARD):
        if word in _words():
            yield Finding(
                TOPIC,
                MEND,
                f"{VARIABLE} has {word}: `opentelemetry-instrument` does not instrument LangChain.",
                f"Take {word} out of {VARIABLE}.",
            )


def _named_like_others() -> Iterator[Finding]:
    if OTHERS in _words() and OURS not in _words():
        yield Finding(
            TOPIC,
            NOTE,
            f"{VARIABLE} has {OTHERS}, which is the name of other packages: langchain-otel traces "
            "all the same.",
            f"To switch langchain-otel off, write {OURS}; else leave it.",
        )


def _words() -> set[str]:
    return {word.strip() for word in os.environ.get(VARIABLE, "").split(",")}


def _is_instrumented() -> bool:
    kind = getattr(sys.modules.get(INSTRUMENTOR), "LangChainInstrumentor", None)
    return kind is not None and bool(kind().is_instrumented_by_opentelemetry)


def _handler_was_made() -> bool:
    recorders = getattr(sys.modules.get("langchain_otel.recording.registry"), "RECORDERS", None)
    return getattr(recorders, "default", None) is not None


def _not_instrumented(scene: Scene) -> Iterator[Finding]:
    if scene.is_own:
        sentence = "`opentelemetry-instrument` does not instrument LangChain here."
        step = "See what is said of the packages and of the set-up."
    else:
        sentence = (
            "Nothing instrumented LangChain in this process: neither langchain_otel.configure() "
            "nor LangChainInstrumentor().instrument() was called, nor `opentelemetry-instrument`."
        )
        step = (
            "Call langchain_otel.configure() at the start of the application, or start it by "
            "`opentelemetry-instrument`."
        )
    yield Finding(TOPIC, MEND, sentence, step)


def _ran(scene: Scene) -> Iterator[Finding]:
    if scene.place != APPLICATION:
        return
    from langchain_otel.runs.store import RUNS

    count = len(RUNS.ended_contexts()) + len(RUNS)
    if count:
        spans = "1 span" if count == 1 else f"{count} spans"
        yield Finding(TOPIC, OK, f"The application made {spans} of LangChain.")
    elif not _has_begun():
        yield Finding(
            TOPIC,
            NOTE,
            "The application traced nothing: it ran no LangChain run.",
            "Let it call a model, a chain or a graph once while the doctor looks.",
        )


def _has_begun() -> bool:
    """Whether the instrumentor's handler has been told of a run, sampled or not."""
    hooks: Any = getattr(sys.modules.get("langchain_core.tracers.context"), "_configure_hooks", ())
    handlers = (hook[0].get() for hook in hooks if hook[0].name == "langchain-otel-handler")
    return any(getattr(handler, "_before_first", None) is None for handler in handlers)
