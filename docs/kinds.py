"""The tables of one kind of span, from the code and the registry: its attributes, its metrics."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from conventions import KINDS
from langchain_otel import semconv
from langchain_otel.recording.instruments import (
    COUNTED,
    MODELS,
    TOTALS,
    rows_of,
)
from markdown_tables import code, sentences, table
from meanings import MEANINGS
from registry import is_template, read_registry

STEP: Final = "step"
RUN: Final = "langchain.run"
"""What any run says where it first appears."""
GROUPS: Final = {
    "chat": ("langchain.model", "langchain.cost"),
    "text_completion": ("langchain.model", "langchain.cost"),
    "embeddings": ("langchain.cost",),
    "retrieval": ("langchain.retriever",),
    "execute_tool": (),
    "invoke_agent": ("langgraph.graph", "langgraph.task", "langchain.state", "langchain.costs"),
    "invoke_workflow": ("langgraph.graph", "langgraph.task", "langchain.state", "langchain.costs"),
    STEP: ("langgraph.task", "langchain.state"),
}
"""The groups of our own attributes that are on a kind of span."""
CONTENT: Final = "Only where content is recorded."


def attributes_of(kind: str) -> str:
    """The attributes of a kind of span: those of the conventions, then our own."""
    return table(("attribute", "what it says"), _attributes(kind))


def _attributes(kind: str) -> Iterator[tuple[str, str]]:
    if kind in KINDS:
        content = KINDS[kind].content
        for allowed in sorted(KINDS[kind].wanted | KINDS[kind].allowed | content):
            name = _template(allowed)
            # The conventions allow more than we record.
            if name in MEANINGS:
                said = (MEANINGS[name], CONTENT if allowed in content else "")
                yield code(_shown(name)), sentences(said)
    registry = read_registry()
    for group in (*GROUPS[kind], RUN):
        for name in registry.references(registry.attribute_groups[group]):
            own = registry.attributes[name]
            yield code(f"{name}.<key>" if is_template(own) else name), sentences([own["brief"]])


def _template(name: str) -> str:
    prefix = semconv.GEN_AI_PROMPT_VARIABLE
    return prefix if name.startswith(prefix) else name


def _shown(name: str) -> str:
    return f"{name}<key>" if name.endswith(".") else name


def metrics_of(kind: str) -> str:
    """The metrics that a kind of run is counted in, and whose names they are."""
    return table(("metric", "unit", "with `metrics`"), sorted(_metrics(kind)))


def _metrics(kind: str) -> Iterator[tuple[str, str, str]]:
    flavours = {flavour: rows_of(flavour) for flavour in ("latest", "previous")}
    found: dict[tuple[str, str], list[str]] = {}
    for flavour, rows in flavours.items():
        for row in rows:
            if kind in row.operations and flavour not in found.get((row.name, row.unit), ()):
                found.setdefault((row.name, row.unit), []).append(flavour)
    for (name, unit), names in found.items():
        yield code(name), code(unit), " and ".join(map(code, names))
    if kind in MODELS:
        for name in TOTALS.values():
            yield code(name), code("{token}"), code("latest")
    if kind in COUNTED:
        yield code(semconv.METRIC_COST), code("{USD}"), "the option `cost`"
        yield code(semconv.METRIC_COST_UNKNOWN), code("{call}"), "the option `cost`"


SECTIONS: Final[dict[str, Callable[[], str]]] = {
    **{f"span-{kind}": partial(attributes_of, kind) for kind in GROUPS},
    **{f"metrics-{kind}": partial(metrics_of, kind) for kind in KINDS},
}
