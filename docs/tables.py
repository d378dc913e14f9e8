"""The tables of the documentation, made from the code and from the registry of our own names."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import kinds
from conventions import KINDS
from langchain_otel import semconv
from langchain_otel.config import OPTIONS, Option
from langchain_otel.operations.chain import AGENT, CHAIN, ROOT_CHAIN, WORKFLOW
from langchain_otel.operations.embeddings import EMBEDDINGS
from langchain_otel.operations.model import CHAT, COMPLETION
from langchain_otel.operations.remote_graph import REMOTE
from langchain_otel.operations.retriever import RETRIEVER
from langchain_otel.operations.search import RERANKING, SEARCH
from langchain_otel.operations.tool import TOOL
from langchain_otel.patching.inject import ENTRANCE
from langchain_otel.recording.instruments import (
    CALL_UNIT,
    DOLLAR_UNIT,
    PRICED,
    TOTALS,
    Row,
    rows_of,
)
from langchain_otel.recording.self_metrics import SELF_METRICS
from langchain_otel.runs.operation import Operation
from langchain_otel.runs.reported import Started
from langchain_otel.sources.patch_points import PATCHER
from markdown_tables import code, codes, sentences, table
from meanings import MEANINGS
from migration.tables import sections as migration_sections
from reference import reference, reference_of_testing
from registry import Definition, is_template, members, read_registry

METRIC_HEADS: Final = ("metric", "instrument", "unit", "attributes")
NOTHING_KNOWN: Final = Started(None, None, None, None)


class SpanRow(NamedTuple):
    """What runs, the operation that describes it, and whose name its span has, if any."""

    run: str
    operation: Operation
    subject: str | None


SPANS: Final = (
    SpanRow("chat model", CHAT, "model"),
    SpanRow("text completion model", COMPLETION, "model"),
    SpanRow("tool", TOOL, "tool"),
    SpanRow("retriever", RETRIEVER, "data source"),
    SpanRow("search of a vector store", SEARCH, "data source"),
    SpanRow("reranker", RERANKING, None),
    SpanRow("embeddings, which have no callbacks", EMBEDDINGS, "model"),
    SpanRow(
        "agent (`create_agent`, `create_react_agent`, deepagents, `AgentExecutor`)", AGENT, "agent"
    ),
    SpanRow("graph of LangGraph, `@entrypoint`", WORKFLOW, "graph"),
    SpanRow("chain that is a part of nothing, legacy chains and groups too", ROOT_CHAIN, "chain"),
    SpanRow("call of a `RemoteGraph`", REMOTE, "graph"),
    SpanRow("graph node, step of a chain, a prompt or a parser alone", CHAIN, "its name"),
)
"""Every operation, in the order of the table."""

FIRST_SPAN: Final = {
    semconv.USER_ID: "the first span of a trace's runs",
    semconv.SESSION_ID: "the first span of a trace's runs",
}
"""Attributes of the conventions that depend on where a span is, not on its kind."""

RECORDS: Final = {
    semconv.GEN_AI_CLIENT_OPERATION_EXCEPTION: (
        "an exception, where it first ended a run",
        (semconv.EXCEPTION_TYPE, semconv.EXCEPTION_MESSAGE, semconv.EXCEPTION_STACKTRACE),
    ),
    semconv.GEN_AI_CLIENT_INFERENCE_DETAILS: (
        "a model call, with the option `emit_event` or with content on events",
        ("those of the model call's span",),
    ),
    semconv.GEN_AI_EVALUATION_RESULT: (
        "`record_evaluation()`",
        (
            semconv.GEN_AI_EVALUATION_NAME,
            semconv.GEN_AI_EVALUATION_SCORE_VALUE,
            semconv.GEN_AI_EVALUATION_SCORE_LABEL,
            semconv.GEN_AI_EVALUATION_EXPLANATION,
            semconv.GEN_AI_RESPONSE_ID,
            semconv.ERROR_TYPE,
        ),
    ),
}
"""The log records: what each is made for, and the attributes that it has."""


def settings() -> str:
    """The options, from the table that reads and checks them."""
    rows = (_setting(option) for option in OPTIONS)
    return table(("variable", "argument", "default", "values", "meaning"), rows)


def _setting(option: Option) -> tuple[str, ...]:
    variable = "an argument only" if option.variable is None else code(option.variable)
    default = _default(option.default)
    return (variable, code(option.name), default, option.expected, option.meaning)


def _default(value: Any) -> str:
    if value is None:
        return "none"
    return code(str(value).lower() if isinstance(value, bool) else str(value))


def spans() -> str:
    """The kinds of runs with the name and the kind of their spans, from the operations."""
    rows = ((row.run, _span_name(row), row.operation.kind.name) for row in SPANS)
    return table(("run", "span", "kind"), rows)


def _span_name(row: SpanRow) -> str:
    if row.operation is CHAIN:
        return str(row.subject)
    operation, _, _ = row.operation.title(NOTHING_KNOWN).partition(" ")
    return code(operation if row.subject is None else f"{operation} {{{row.subject}}}")


def conventions() -> str:
    """The attributes of the conventions that `semconv` names, with the spans that have them."""
    named = {name for name in dotted_names() if not is_own(name)}
    rows = []
    for name in sorted(named):
        always = [kind for kind, each in KINDS.items() if _has(each.wanted | each.allowed, name)]
        content = [kind for kind, each in KINDS.items() if _has(each.content, name)]
        on = FIRST_SPAN.get(name) or codes(kind for kind in KINDS if kind in always + content)
        if on:
            said = sentences((MEANINGS[name], kinds.CONTENT if content else ""))
            rows.append((_shown(name), said, on))
    return table(("attribute", "what it says", "on spans"), rows)


def _has(names: Iterable[str], name: str) -> bool:
    return any(each == name or (name.endswith(".") and each.startswith(name)) for each in names)


def _shown(name: str) -> str:
    return code(f"{name}<key>" if name.endswith(".") else name)


def attributes() -> str:
    """Our own attributes, from the registry."""
    rows = (_attribute(name, each) for name, each in read_registry().attributes.items())
    return table(("attribute", "type", "what it says", "example"), rows)


def _attribute(name: str, attribute: Definition) -> tuple[str, ...]:
    values = members(attribute)
    kind = "string" if values else attribute["type"]
    said = [attribute["brief"], attribute.get("note", "")]
    said += [f"{code(value['value'])}: {value['brief']}" for value in values]
    example = "" if values else _examples(attribute)
    return (
        code(f"{name}.<key>" if is_template(attribute) else name),
        code(kind),
        sentences(said),
        example,
    )


def _examples(attribute: Definition) -> str:
    examples = attribute.get("examples", ())
    texts = (json.dumps(each) if isinstance(each, (bool, list)) else str(each) for each in examples)
    return codes(texts)


def events() -> str:
    """The events of spans, from the registry."""
    registry = read_registry()
    rows = (
        (code(name), sentences([event["brief"]]), codes(registry.references(event)))
        for name, event in registry.events.items()
    )
    return table(("event of a span", "when", "attributes"), rows)


def records() -> str:
    """The log records, whose names are the conventions'."""
    rows = (
        (code(name), reason, ", ".join(code(each) if "." in each else each for each in names))
        for name, (reason, names) in RECORDS.items()
    )
    return table(("log record", "for", "attributes"), rows)


def metrics() -> str:
    """The metrics, from the table of instruments: as they are named by default."""
    rows = [_histogram(row) for row in rows_of("latest")]
    (counted,) = (row for row in rows_of("latest") if row.name == semconv.METRIC_INFERENCE_INPUT)
    names = codes((*counted.attributes, semconv.GEN_AI_TOKEN_MODALITY))
    rows += [(code(name), "counter", code(counted.unit), names) for name in TOTALS.values()]
    rows += [
        (
            code(semconv.METRIC_COST),
            "counter",
            code(DOLLAR_UNIT),
            codes((*PRICED, semconv.COST_KIND)),
        ),
        (code(semconv.METRIC_COST_UNKNOWN), "counter", code(CALL_UNIT), codes(PRICED)),
    ]
    return table(METRIC_HEADS, rows)


def self_metrics() -> str:
    """The metrics of what langchain-otel counts of itself, with what each says."""
    known = read_registry().metrics
    rows = (
        (
            code(row.name),
            "up-down counter" if row.falls else "counter",
            code(row.unit),
            codes(row.attributes),
            sentences([known[row.name]["brief"]]),
        )
        for row in SELF_METRICS
    )
    return table((*METRIC_HEADS, "what it counts"), rows)


def seams() -> str:
    """What is relied on in other packages, with the functions that are wrapped for it."""
    return table(("seam", "what we rely on", "functions", "what may be lost without it"), _seams())


def _seams() -> Iterator[tuple[str, ...]]:
    points = (ENTRANCE, *(point for point, _ in PATCHER.states()))
    for seam in dict.fromkeys(point.seam for point in points):
        of_seam = [point for point in points if point.seam is seam]
        packages = sorted({point.module.partition(".")[0] for point in of_seam})
        names = dict.fromkeys(point.path for point in of_seam)
        yield seam.name, seam.relies, f"{', '.join(packages)}: {codes(names)}", seam.lost


def previous_metrics() -> str:
    """The metrics that have other names or attributes with `metrics=previous`."""
    latest = rows_of("latest")
    different = {row.name: row for row in rows_of("previous") if row not in latest}
    return table(METRIC_HEADS, map(_histogram, different.values()))


def _histogram(row: Row) -> tuple[str, ...]:
    of_tokens = () if row.token_type is None else (semconv.GEN_AI_TOKEN_TYPE,)
    return (code(row.name), "histogram", code(row.unit), codes((*row.attributes, *of_tokens)))


SECTIONS: Final[dict[str, Callable[[], str]]] = {
    "settings": settings,
    "spans": spans,
    "conventions": conventions,
    "attributes": attributes,
    "events": events,
    "records": records,
    "metrics": metrics,
    "previous-metrics": previous_metrics,
    "self-metrics": self_metrics,
    "seams": seams,
    "reference": reference,
    "reference-of-testing": reference_of_testing,
    **kinds.SECTIONS,
    **migration_sections(table),
}


def dotted_names() -> set[str]:
    """The names of attributes, events and metrics that `semconv` has."""
    values = {value for name, value in vars(semconv).items() if name.isupper()}
    return {value for value in values if "." in value and "://" not in value}


def is_own(name: str) -> bool:
    """Whether a name is ours, not one of the conventions."""
    return name.startswith(("langchain.", "langgraph."))
