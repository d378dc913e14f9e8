"""Knows how a call tells instrumentations of providers below it that its span is there already.

They look for a mark in the OpenTelemetry context. Those of opentelemetry-util-genai find an object
there, leave their span, metrics and events out, and tell the object what they know of the call:
see `operations.published`. A mark is set only if the application has imported what defines it.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any, Final, Literal, NamedTuple

from opentelemetry.context import create_key

from langchain_otel.imports import when_imported
from langchain_otel.run import RUNS, Run

Covered = Literal["inference", "embedding"]
Undo = Callable[[], None]


class Mark(NamedTuple):
    """The names that a module has for the key of a mark and the class of its value; None: True."""

    covered: Covered
    module: str
    key: str
    value: str | None = None


GENAI: Final = "opentelemetry.util.genai.invocation"
TRACELOOP: Final = "opentelemetry.semconv_ai"

MARKS: Final = (
    Mark("inference", GENAI, "CLIENT_INFERENCE_CONTEXT_KEY", "InferenceData"),
    Mark("embedding", GENAI, "CLIENT_EMBEDDING_CONTEXT_KEY", "EmbeddingData"),
    Mark("inference", TRACELOOP, "SUPPRESS_LANGUAGE_MODEL_INSTRUMENTATION_KEY"),
    Mark("embedding", TRACELOOP, "SUPPRESS_LANGUAGE_MODEL_INSTRUMENTATION_KEY"),
)

known: Final[dict[Covered, dict[str, Callable[[], Any]]]] = {}
"""The marks whose modules are imported: what makes a value, by key."""

_OWN: Final = create_key("langchain-otel-marks")


def watch() -> Undo:
    """Learn each mark when its module is imported; gives what forgets them all."""
    forget = [when_imported(module, _learn) for module in (GENAI, TRACELOOP)]

    def undo() -> None:
        for forget_module in forget:
            forget_module()
        known.clear()

    return undo


def _learn(module: ModuleType) -> None:
    for row in MARKS:
        key = getattr(module, row.key, None)
        kind = None if row.value is None else getattr(module, row.value, None)
        if (
            row.module == module.__name__
            and key is not None
            and (row.value is None or kind is not None)
        ):
            known.setdefault(row.covered, {})[key] = _true if kind is None else _adding_up(kind)


def _true() -> bool:
    return True


def _adding_up(kind: Any) -> Any:
    """The class of what is told of a call: tokens of several requests of it are added up."""

    def merge(self: Any, other: Any, *, overwrite: bool = True) -> None:
        before = {name: count for name, count in vars(self).items() if name.startswith("usage_")}
        kind.merge(self, other, overwrite=overwrite)
        for name, count in before.items():
            more = getattr(other, name, None)
            if count is not None and more is not None:
                vars(self)[name] = count + more

    return type(kind.__name__, (kind,), {"merge": merge})


def uncover(entries: dict[str, Any]) -> None:
    """Take the marks of the call around out of the entries of a context: they are not for this."""
    for key, value in entries.pop(_OWN, {}).items():
        if entries.get(key) is value:
            del entries[key]


def cover(run: Run, entries: dict[str, Any]) -> None:
    """Put the marks of a run's call into the entries of the context of its body.

    A mark that somebody else has set stays: they wait for what is told to it. We read it too.
    """
    covered = run.operation.covers
    own: dict[str, Any] = {}
    for key, make in ({} if covered is None else known.get(covered, {})).items():
        value = entries.get(key)
        if value is None:
            value = own[key] = entries[key] = make()
        if value is not True:
            for each in (RUNS.head(run.id) or run).twins():
                each.published = value
    if own:
        entries[_OWN] = own
