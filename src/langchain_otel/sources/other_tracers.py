"""Finds other active tracers in the process, and what each means for the user's traces.

It looks at what is loaded already, and imports nothing.
"""

import logging
import os
import sys
from collections.abc import Iterator
from typing import Any, Final

logger: Final = logging.getLogger("langchain_otel")

BASE_MODULE: Final = "opentelemetry.instrumentation.instrumentor"

RUNS_AGAIN: Final = "makes spans of the same runs too"
CALLS_SUPPRESSED: Final = "makes no span below one of a model call of LangChain"
CALLS_AGAIN: Final = "makes a second span of each model call, below ours"
UNCHANGED: Final = "gets the same runs as without us"
EXPORTS_RUNS: Final = "gets the same runs, and makes spans of them too"

# Instrumentors by the package that they are in: of LangChain itself, then of what is below it.
LANGCHAIN: Final = (
    "opentelemetry.instrumentation.genai.langchain",
    "opentelemetry.instrumentation.langchain",
    "openinference.instrumentation.langchain",
    "openlit.instrumentation.langchain",
)
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
# Those in OpenTelemetry's own namespace that look for no mark: see `runs.suppression`.
UNMARKED: Final = frozenset(("google_genai", "openai_v2", "replicate"))

# Tracers that are callback handlers, by the module that has the handler.
HANDLERS: Final = {"Langfuse": "langfuse.langchain", "MLflow": "mlflow.langchain.langchain_tracer"}
TRUE: Final = frozenset(("true", "1"))


class OtherTracers:
    """The other tracers that the log has named."""

    def __init__(self) -> None:
        self._reported: set[str] = set()

    def report(self) -> None:
        """Log those that are active, in one line, without those that it has named before."""
        found = {name: meaning for name, meaning in active_tracers() if name not in self._reported}
        if found:
            self._reported.update(found)
            logger.info(
                "Beside langchain-otel there is: %s.",
                "; ".join(f"{name} ({meaning})" for name, meaning in sorted(found.items())),
            )


def active_tracers() -> Iterator[tuple[str, str]]:
    """The other tracers that are active: what each is called, and what it means."""
    # The module lacks the class while another thread imports it.
    base = getattr(sys.modules.get(BASE_MODULE), "BaseInstrumentor", None)
    if base is not None:
        yield from _instrumentors(base)
    yield from ((name, UNCHANGED) for name, module in HANDLERS.items() if module in sys.modules)
    if _is_set("TRACING", "TRACING_V2"):
        yield "LangSmith", EXPORTS_RUNS if _is_set("OTEL_ENABLED", "OTEL_ONLY") else UNCHANGED


def _instrumentors(kind: Any) -> Iterator[tuple[str, str]]:
    for each in kind.__subclasses__():
        yield from _instrumentors(each)
        # Each is the only one of its class, and is made at its first use.
        instance = vars(each).get("_instance")
        if getattr(instance, "is_instrumented_by_opentelemetry", False):
            yield from _known(each.__module__)


def _known(module: str) -> Iterator[tuple[str, str]]:
    for package in LANGCHAIN:
        if module.startswith(package):
            yield package, RUNS_AGAIN
            return
    for prefix in (GENAI, OPENTELEMETRY, OPENINFERENCE):
        name = module.removeprefix(prefix).partition(".")[0]
        if module.startswith(prefix) and name in PROVIDERS:
            is_marked = prefix == GENAI or (prefix == OPENTELEMETRY and name not in UNMARKED)
            yield f"{prefix}{name}", CALLS_SUPPRESSED if is_marked else CALLS_AGAIN
            return


def _is_set(*names: str) -> bool:
    return any(
        os.environ.get(f"{prefix}_{name}", "").lower() in TRUE
        for prefix in ("LANGSMITH", "LANGCHAIN")
        for name in names
    )
