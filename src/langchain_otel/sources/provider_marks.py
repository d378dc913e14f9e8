"""Finds the marks by which provider instrumentations see that a call has a span already."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

from langchain_otel.patching.imports import when_imported
from langchain_otel.runs.operation import Suppressed
from langchain_otel.runs.suppression import marks

Undo = Callable[[], None]


class Mark:
    """The names that a module has for the key of a mark and the class of its value; None: True."""

    __slots__ = ("key", "module", "suppressed", "value")

    def __init__(
        self, suppressed: Suppressed, module: str, key: str, value: str | None = None
    ) -> None:
        self.suppressed = suppressed
        self.module = module
        self.key = key
        self.value = value


GENAI: Final = "opentelemetry.util.genai.invocation"
TRACELOOP: Final = "opentelemetry.semconv_ai"

MARKS: Final = (
    Mark("inference", GENAI, "CLIENT_INFERENCE_CONTEXT_KEY", "InferenceData"),
    Mark("embedding", GENAI, "CLIENT_EMBEDDING_CONTEXT_KEY", "EmbeddingData"),
    Mark("inference", TRACELOOP, "SUPPRESS_LANGUAGE_MODEL_INSTRUMENTATION_KEY"),
    Mark("embedding", TRACELOOP, "SUPPRESS_LANGUAGE_MODEL_INSTRUMENTATION_KEY"),
)


def watch() -> Undo:
    """Add each mark when its module is imported; gives what removes them all."""
    forget = [when_imported(module, _add_marks) for module in (GENAI, TRACELOOP)]

    def undo() -> None:
        for forget_module in forget:
            forget_module()
        marks.clear()

    return undo


def _add_marks(module: ModuleType) -> None:
    for row in MARKS:
        key = getattr(module, row.key, None)
        kind = None if row.value is None else getattr(module, row.value, None)
        if (
            row.module == module.__name__
            and key is not None
            and (row.value is None or kind is not None)
        ):
            marks.setdefault(row.suppressed, {})[key] = _true if kind is None else _adding_up(kind)


def _true() -> bool:
    return True


def _adding_up(kind: Any) -> Any:
    """A class of reports that adds up the tokens of several requests of one call."""

    def merge(self: Any, other: Any, *, overwrite: bool = True) -> None:
        before = {name: count for name, count in vars(self).items() if name.startswith("usage_")}
        kind.merge(self, other, overwrite=overwrite)
        for name, count in before.items():
            more = getattr(other, name, None)
            if count is not None and more is not None:
                vars(self)[name] = count + more

    return type(kind.__name__, (kind,), {"merge": merge})
