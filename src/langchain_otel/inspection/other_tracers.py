"""Finds other active tracers in the process, and what each means for the user's traces.

It looks at what is loaded already, and imports nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Final

BASE_MODULE: Final = "opentelemetry.instrumentation.instrumentor"
GROUP: Final = "opentelemetry_instrumentor"
DISABLING_VARIABLE: Final = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"

RUNS_AGAIN: Final = "makes spans of the same runs too"
CALLS_SUPPRESSED: Final = "makes no span below one of a model call of LangChain"
CALLS_AGAIN: Final = "makes a second span of each model call, below ours"
UNCHANGED: Final = "gets the same runs as without us"
EXPORTS_RUNS: Final = "gets the same runs, and makes spans of them too"

SPANS: Final = ("spans",)
BOTH: Final = ("spans", "metrics")

OURS: Final = "langchain_otel."
# What instrumentors of LangChain itself have in their module's name.
LANGCHAIN: Final = ("langchain", "langgraph")
# Instrumentors of what is below it, by the end of the package that they are in.
PROVIDERS: Final = frozenset(
    (
        "alephalpha", "anthropic", "bedrock", "cohere", "google_genai", "google_generativeai",
        "groq", "litellm", "mistralai", "ollama", "openai", "openai_v2", "replicate", "together",
        "vertexai", "voyageai", "watsonx", "writer",
    )
)  # fmt: skip
GENAI: Final = "opentelemetry.instrumentation.genai."
OPENTELEMETRY: Final = "opentelemetry.instrumentation."
OPENINFERENCE: Final = "openinference.instrumentation."
OPENLIT: Final = "openlit.instrumentation."
# Those in OpenTelemetry's own namespace that look for no mark: see `runs.suppression`.
UNMARKED: Final = frozenset(("google_genai", "openai_v2", "replicate"))
# What records `gen_ai.client.token.usage` and `gen_ai.client.operation.duration` as we do. The
# others make spans alone, as far as is known.
MEASURED: Final = (
    GENAI,
    OPENLIT,
    *(f"{OPENTELEMETRY}{name}" for name in ("google_genai", "langchain", "openai_v2")),
)

# Tracers that are callback handlers, by the module that has the handler.
HANDLERS: Final = {"Langfuse": "langfuse.langchain", "MLflow": "mlflow.langchain.langchain_tracer"}
TRUE: Final = frozenset(("true", "1"))
# The values of LangSmith's mode: it makes OpenTelemetry's spans, or none.
OTEL_MODES: Final = frozenset(("otel", "hybrid"))
LANGSMITH_ALONE: Final = "langsmith"


@dataclass(frozen=True, slots=True)
class OtherTracer:
    """Another tracer that is active: what it means, what is there twice, how to switch it off.

    `doubles` is empty for one that costs the user's telemetry nothing, and so is `remedy`.
    """

    name: str
    meaning: str
    doubles: tuple[str, ...] = ()
    remedy: str = ""


def active_tracers() -> Iterator[OtherTracer]:
    """The other tracers that are active."""
    # The module lacks the class while another thread imports it.
    base = getattr(sys.modules.get(BASE_MODULE), "BaseInstrumentor", None)
    if base is not None:
        # One may be made of several, such as those for different versions of a client.
        yield from {tracer.name: tracer for tracer in _instrumentors(base)}.values()
    for name, module in HANDLERS.items():
        if module in sys.modules:
            yield OtherTracer(name, UNCHANGED)
    if _variable("TRACING", "TRACING_V2"):
        variable = _exporting_variable()
        if variable is None:
            yield OtherTracer("LangSmith", UNCHANGED)
        else:
            yield OtherTracer("LangSmith", EXPORTS_RUNS, SPANS, f"unset {variable}")


def _instrumentors(kind: Any) -> Iterator[OtherTracer]:
    for each in kind.__subclasses__():
        yield from _instrumentors(each)
        # Each is the only one of its class, and is made at its first use.
        instance = vars(each).get("_instance")
        if getattr(instance, "is_instrumented_by_opentelemetry", False):
            yield from _known(each.__module__, each.__name__)


def _known(module: str, class_name: str) -> Iterator[OtherTracer]:
    package = _package_of_langchain(module)
    if package is not None:
        yield _doubling(package, RUNS_AGAIN, module, class_name)
        return
    for prefix in (GENAI, OPENTELEMETRY, OPENINFERENCE, OPENLIT):
        name = module.removeprefix(prefix).partition(".")[0]
        if module.startswith(prefix) and name in PROVIDERS:
            is_marked = prefix == GENAI or (prefix == OPENTELEMETRY and name not in UNMARKED)
            if is_marked:
                yield OtherTracer(f"{prefix}{name}", CALLS_SUPPRESSED)
            else:
                yield _doubling(f"{prefix}{name}", CALLS_AGAIN, module, class_name)
            return


def _package_of_langchain(module: str) -> str | None:
    """The package of an instrumentor of LangChain or LangGraph; None for another, and for ours."""
    parts = module.split(".")
    for number, part in enumerate(parts, 1):
        if not f"{module}.".startswith(OURS) and any(name in part.lower() for name in LANGCHAIN):
            return ".".join(parts[:number])
    return None


def _doubling(package: str, meaning: str, module: str, class_name: str) -> OtherTracer:
    doubles = BOTH if package.startswith(MEASURED) else SPANS
    return OtherTracer(
        package,
        meaning,
        doubles,
        f"{_by_variable(module)}call {class_name}().uninstrument()",
    )


def _by_variable(module: str) -> str:
    name = _entry_point_of(module)
    disabled = [word.strip() for word in os.environ.get(DISABLING_VARIABLE, "").split(",")]
    if name is None or name in disabled:
        return ""
    value = ",".join(filter(None, [*disabled, name]))
    return f"set {DISABLING_VARIABLE}={value} for opentelemetry-instrument, or "


def _entry_point_of(module: str) -> str | None:
    """The name by which `opentelemetry-instrument` knows the instrumentor of a module."""
    for found in entry_points(group=GROUP):
        named = found.value.partition(":")[0]
        if f"{module}.".startswith(f"{named}."):
            return found.name
    return None


def _exporting_variable() -> str | None:
    """The variable that has LangSmith make spans; None where none does."""
    mode = _variable("TRACING_MODE", accepted=OTEL_MODES | {LANGSMITH_ALONE})
    if mode is None:
        return _variable("OTEL_ONLY", "OTEL_ENABLED")
    return None if os.environ[mode].lower() == LANGSMITH_ALONE else mode


def _variable(*names: str, accepted: frozenset[str] = TRUE) -> str | None:
    """The first variable of LangSmith's that has one of these values."""
    for name in names:
        for prefix in ("LANGSMITH", "LANGCHAIN"):
            if os.environ.get(f"{prefix}_{name}", "").lower() in accepted:
                return f"{prefix}_{name}"
    return None
