"""The registry of our own names: it has all that programs really say, and nothing else."""

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest
import yaml
from opentelemetry.sdk.metrics.export import HistogramDataPoint
from opentelemetry.sdk.trace import ReadableSpan

import own_names
from conventions import OWN
from langchain_otel import __version__, outcome, semconv
from programs import conformance
from recording import Measured, Tracing, instrumented
from registry import (
    FORM,
    LISTS,
    Definition,
    Registry,
    files,
    is_template,
    manifest,
    members,
    read_registry,
    type_of,
)

REGISTRY = read_registry()
SIGNALS = REGISTRY.spans | REGISTRY.events | REGISTRY.metrics
REDACTED = set(REGISTRY.references(REGISTRY.attribute_groups["langchain.redacted"]))
ON_LINKS = set(REGISTRY.references(REGISTRY.attribute_groups["langchain.link"]))
CONTENT: dict[str, Any] = {
    "capture_message_content": "SPAN_AND_EVENT",
    "capture_state": True,
    "history": "new",
}
# What Weaver's schema of a definition asks for, and what else it lets a definition have.
ALWAYS = {"brief", "stability"}
OPTIONAL = {"note", "deprecated", "annotations"}
FIELDS = {
    "attributes": ({"key", "type"}, {"examples"}),
    "attribute_groups": ({"id", "visibility"}, {"attributes"}),
    "spans": ({"type", "kind", "name"}, {"attributes", "requirement_level"}),
    "events": ({"name"}, {"attributes", "requirement_level"}),
    "metrics": ({"name", "instrument", "unit"}, {"attributes", "requirement_level"}),
}
SCALARS: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "int": int,
    "double": float,
    "boolean": bool,
    "any": (str, int, float, bool),
}
LEVELS = {"required", "recommended", "opt_in"}
NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
SCHEMA_URL = re.compile(r"https?://[\w.-]+(:\d+)?/.+/\d+\.\d+\.\d+[\w.-]*")


def definitions() -> Iterator[tuple[str, Definition]]:
    for path in files():
        content = yaml.safe_load(path.read_text())
        assert content.pop("file_format") == FORM
        for kind, entries in content.items():
            yield from ((kind, entry) for entry in entries)


def is_of(kind: str, value: Any) -> bool:
    """Whether a value of an attribute has a type of the registry."""
    if kind.endswith("[]"):
        return isinstance(value, (list, tuple)) and all(is_of(kind[:-2], item) for item in value)
    if kind == "any":
        return isinstance(value, SCALARS[kind]) or is_of("string[]", value)
    expected = SCALARS[kind]
    return isinstance(value, expected) and isinstance(value, bool) is (kind == "boolean")


@pytest.mark.parametrize(
    ("kind", "definition"),
    [
        pytest.param(kind, each, id=f"{kind}-{each[LISTS[kind]]}")
        for kind, each in definitions()
    ],
)
def test_form(kind: str, definition: Definition) -> None:
    """Each definition has the fields that Weaver's schema asks for, and no unknown one."""
    needed, allowed = FIELDS[kind]
    fields = definition.keys()
    assert ALWAYS | needed <= fields <= ALWAYS | needed | OPTIONAL | allowed
    assert definition["stability"] in {"development", "beta", "release_candidate", "stable"}
    assert definition["brief"].strip().endswith(".")
    assert NAME.fullmatch(definition[LISTS[kind]])
    for reference in definition.get("attributes", ()):
        level = reference.get("requirement_level", "recommended")
        assert level in LEVELS if isinstance(level, str) else len(level) == 1


@pytest.mark.parametrize("name", REGISTRY.attributes)
def test_examples(name: str) -> None:
    """A text has an example, and every example is of the attribute's type."""
    attribute = REGISTRY.attributes[name]
    examples = attribute.get("examples", [])
    kind = type_of(attribute)
    assert kind.removesuffix("[]") in SCALARS
    assert examples or kind == "boolean"
    assert all(is_of(kind, example) for example in examples)
    values = {member["value"] for member in members(attribute)}
    assert all(member.keys() >= {"id", "value", "brief", "stability"} for member in members(attribute))
    assert not values or set(examples) <= values


@pytest.mark.parametrize("name", SIGNALS)
def test_references(name: str) -> None:
    """A signal names attributes of ours, or of the conventions by the names that we have."""
    known = REGISTRY.attributes.keys() | conventions()
    assert REGISTRY.references(SIGNALS[name]).keys() <= known


def conventions() -> set[str]:
    return {name for name in dotted() if not name.startswith(OWN)}


def dotted() -> set[str]:
    values = {value for name, value in vars(semconv).items() if name.isupper()}
    return {value for value in values if "." in value}


def test_the_same_names_as_in_the_code() -> None:
    """The registry has every name of ours that `semconv` has, and no other."""
    ours = {name.rstrip(".") for name in dotted() if name.startswith(OWN)}
    signals = REGISTRY.events.keys() | REGISTRY.metrics.keys()
    assert REGISTRY.attributes.keys() | signals == ours
    assert not REGISTRY.attributes.keys() & signals
    assert {name for name in ours if is_prefix(name)} == {
        name for name, attribute in REGISTRY.attributes.items() if is_template(attribute)
    }


def is_prefix(name: str) -> bool:
    return f"{name}." in dotted()


def test_the_same_values_as_in_the_code() -> None:
    """Where few values are possible the registry has all of them."""
    outcomes = {value for name, value in vars(outcome).items() if name.isupper() and type(value) is str}
    assert values_of(semconv.RUN_OUTCOME) == outcomes
    assert values_of(semconv.LINK_TYPE) == {semconv.RESUMES, semconv.REQUESTED_BY}


def values_of(name: str) -> set[str]:
    return {member["value"] for member in members(REGISTRY.attributes[name])}


def test_manifest() -> None:
    """The registry is that of this version, and builds on the conventions that we follow."""
    found = manifest()
    assert found["schema_url"].endswith(f"/{__version__}")
    others = [dependency["schema_url"] for dependency in found["dependencies"]]
    assert semconv.SCHEMA_URL in others
    assert all(SCHEMA_URL.fullmatch(url) for url in (found["schema_url"], *others))


class Said(NamedTuple):
    """A signal that a program sent, or a link: what it is by the registry, and its attributes."""

    definition: Definition | None
    name: str
    attributes: Mapping[str, Any]


def said_by(tracing: Tracing) -> Iterator[Said]:
    for span in tracing.spans:
        yield Said(span_definition(span), span.name, span.attributes or {})
        for event in span.events:
            yield Said(REGISTRY.events.get(event.name), event.name, event.attributes or {})
        for link in span.links:
            yield Said(REGISTRY.attribute_groups["langchain.link"], "link", link.attributes or {})
    for record in tracing.logs:
        name = str(record.log_record.event_name)
        yield Said(REGISTRY.events.get(name), name, record.log_record.attributes or {})
    for name, metric in tracing.metrics().items():
        for point in metric.points:
            yield Said(REGISTRY.metrics.get(name), name, point.attributes or {})


def span_definition(span: ReadableSpan) -> Definition | None:
    attributes = span.attributes or {}
    if semconv.GEN_AI_OPERATION_NAME in attributes:
        return None
    is_node = semconv.LANGGRAPH_NODE in attributes
    return REGISTRY.spans["langgraph.node" if is_node else "langchain.chain"]


def definition_of(name: str) -> Definition:
    for own, attribute in REGISTRY.attributes.items():
        if name == own or (is_template(attribute) and name.startswith(f"{own}.")):
            return attribute
    raise AssertionError(f"{name} is not in the registry")


def check(said: Said) -> None:
    """What is said is in the registry, with the type that it has there."""
    ours = {name: value for name, value in said.attributes.items() if name.startswith(OWN)}
    assert said.definition is not None or not said.name.startswith(OWN), said.name
    for name, value in ours.items():
        attribute = definition_of(name)
        assert is_of(type_of(attribute), value), (name, value)
        assert not members(attribute) or value in values_of(name), (name, value)
    if said.definition is not None:
        check_references(said)


def check_references(said: Said) -> None:
    assert said.definition is not None
    references = REGISTRY.references(said.definition)
    prefixes = tuple(f"{name}." for name in references if is_prefix(name))
    others = {name for name in said.attributes if name not in references}
    assert {name for name in others if not name.startswith(prefixes or "\n")} == set(), said
    required = {
        name
        for name, reference in references.items()
        if reference.get("requirement_level") == "required"
    }
    assert required <= said.attributes.keys(), said


def names_in(said: Iterable[Said]) -> set[str]:
    """The names of the registry that were said."""
    known = REGISTRY.attributes
    found: set[str] = set()
    for each in said:
        found |= {each.name} & (REGISTRY.events.keys() | REGISTRY.metrics.keys())
        ours = [name for name in each.attributes if name.startswith(OWN)]
        found |= {own for own in known if any(definition_of(name) is known[own] for name in ours)}
    return found


@pytest.mark.filterwarnings("ignore:create_react_agent")
def test_programs_say_all_of_it() -> None:
    """Programs in which everything happens say every name, in the places that the registry has."""
    tracing = Tracing()
    with instrumented(tracing, **CONTENT):
        for program in own_names.PROGRAMS:
            program()
    said = list(said_by(tracing))
    for each in said:
        check(each)
    everything = REGISTRY.attributes.keys() | REGISTRY.events.keys() | REGISTRY.metrics.keys()
    assert everything - names_in(said) == REDACTED
    assert {span_definition(span) is not None for span in tracing.spans} == {True, False}


def test_metrics() -> None:
    """A metric has the instrument, the unit and the type of values that the registry has."""
    tracing = Tracing()
    with instrumented(tracing):
        own_names.pauses()
    metrics = tracing.metrics()
    for name, definition in REGISTRY.metrics.items():
        check_metric(metrics[name], definition)


def check_metric(metric: Measured, definition: Definition) -> None:
    assert definition["instrument"] == "histogram"
    assert all(isinstance(point, HistogramDataPoint) for point in metric.points)
    assert metric.unit == definition["unit"]
    kind = definition["annotations"]["code_generation"]["metric_value_type"]
    assert all(is_of(kind, point.sum) for point in metric.points)


def run_conformance() -> None:
    asyncio.run(conformance.main())


@pytest.mark.parametrize("options", [{}, CONTENT], ids=["private", "content"])
def test_applications_say_nothing_else(options: dict[str, Any]) -> None:
    """Real clients, agents and retrieval say only names of the registry."""
    tracing = Tracing()
    with instrumented(tracing, **options):
        run_conformance()
    assert names_in(said_by(tracing))
    for said in said_by(tracing):
        check(said)


@pytest.mark.filterwarnings("ignore:create_react_agent")
@pytest.mark.parametrize("dialect", ["openinference", "both"])
def test_dialects_say_nothing_else(dialect: str) -> None:
    """Beside the names of OpenInference there are no others of ours."""
    tracing = Tracing()
    with instrumented(tracing, dialect=dialect, **CONTENT):
        for program in own_names.PROGRAMS:
            program()
    said = list(said_by(tracing))
    for each in said:
        for name in filter(own, each.attributes):
            assert is_of(type_of(definition_of(name)), each.attributes[name])
    assert not names_in(said) & REDACTED


def own(name: str) -> bool:
    return name.startswith(OWN)


def test_names_that_only_redaction_sees() -> None:
    """What is content for OpenInference alone is given to `redact` by the registry's names."""
    seen = set()

    def redact(text: str, name: str) -> str:
        seen.add(name)
        return text

    with instrumented(Tracing(), dialect="openinference", redact=redact, **CONTENT):
        for program in own_names.PROGRAMS:
            program()
    assert {name for name in seen if own(name)} - {semconv.STATE_INPUT, semconv.STATE_OUTPUT, semconv.EVENT_DATA} == REDACTED
