"""What programs really record is what the registry of our own names defines."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from opentelemetry.sdk.metrics.export import HistogramDataPoint, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan

import own_names
from conventions import OWN
from langchain_otel import semconv
from recording import Measured, Tracing, instrumented
from registry import Definition, is_of, is_template, members, read_registry, type_of
from versions import has

# The agent that every version of LangGraph has is deprecated in the newest.
pytestmark = pytest.mark.filterwarnings("ignore:create_react_agent")

REGISTRY = read_registry()
REDACTED = set(REGISTRY.references(REGISTRY.attribute_groups["langchain.redacted"]))
TEMPLATES = {name for name, each in REGISTRY.attributes.items() if is_template(each)}
CONTENT: dict[str, Any] = {
    "capture_message_content": "SPAN_AND_EVENT",
    "capture_state": True,
    "history": "new",
}


class Signal(NamedTuple):
    """A signal or a link of a program: its definition in the registry, and its attributes."""

    definition: Definition | None
    name: str
    attributes: Mapping[str, Any]


def signals_of(tracing: Tracing) -> Iterator[Signal]:
    for span in tracing.spans:
        yield Signal(span_definition(span), span.name, span.attributes or {})
        for event in span.events:
            yield Signal(REGISTRY.events.get(event.name), event.name, event.attributes or {})
        for link in span.links:
            yield Signal(REGISTRY.attribute_groups["langchain.link"], "link", link.attributes or {})
    for record in tracing.logs:
        name = str(record.log_record.event_name)
        yield Signal(REGISTRY.events.get(name), name, record.log_record.attributes or {})
    for name, metric in tracing.metrics().items():
        for point in metric.points:
            yield Signal(REGISTRY.metrics.get(name), name, point.attributes or {})


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


def check(signal: Signal) -> None:
    """Names and values are in the registry, with the types that they have there."""
    ours = {name: value for name, value in signal.attributes.items() if name.startswith(OWN)}
    assert signal.definition is not None or not signal.name.startswith(OWN), signal.name
    for name, value in ours.items():
        attribute = definition_of(name)
        assert is_of(type_of(attribute), value), (name, value)
        few = [member["value"] for member in members(attribute)]
        assert not few or value in few, (name, value)
    if signal.definition is not None:
        check_references(signal)


def check_references(signal: Signal) -> None:
    assert signal.definition is not None
    references = REGISTRY.references(signal.definition)
    prefixes = tuple(f"{name}." for name in TEMPLATES & references.keys())
    others = {name for name in signal.attributes if name not in references}
    assert {name for name in others if not name.startswith(prefixes)} == set(), signal
    required = {
        name
        for name, reference in references.items()
        if reference.get("requirement_level") == "required"
    }
    assert required <= signal.attributes.keys(), signal


SELF = "langchain.otel."
"""What the metrics of the package itself are called, which test_self_metrics.py provokes."""


def names_in(signals: Iterable[Signal]) -> set[str]:
    """The names of the registry that signals have."""
    known = REGISTRY.attributes
    found: set[str] = set()
    for each in signals:
        found |= {each.name} & (REGISTRY.events.keys() | REGISTRY.metrics.keys())
        ours = [name for name in each.attributes if name.startswith(OWN)]
        found |= {own for own in known if any(definition_of(name) is known[own] for name in ours)}
    return found


def test_programs_have_all_of_it() -> None:
    """Programs in which everything happens have every name, in the places that the registry has."""
    tracing = Tracing()
    with instrumented(tracing, cost=own_names.price, **CONTENT):
        for program in own_names.PROGRAMS:
            program()
    signals = list(signals_of(tracing))
    for each in signals:
        check(each)
    everything = REGISTRY.attributes.keys() | REGISTRY.events.keys() | REGISTRY.metrics.keys()
    missing = {name for name in everything - names_in(signals) if not name.startswith(SELF)}
    assert missing == REDACTED
    assert {span_definition(span) is not None for span in tracing.spans} == {True, False}


def test_metrics() -> None:
    """A metric has the instrument, the unit and the type of values that the registry has."""
    tracing = Tracing()
    with instrumented(tracing, cost=own_names.price):
        own_names.pauses()
        own_names.models()
        own_names.sells()
    metrics = tracing.metrics()
    for name, definition in REGISTRY.metrics.items():
        if name.startswith(SELF):
            continue
        check_metric(metrics[name], definition)


def check_metric(metric: Measured, definition: Definition) -> None:
    is_histogram = definition["instrument"] == "histogram"
    kind = HistogramDataPoint if is_histogram else NumberDataPoint
    assert all(isinstance(point, kind) for point in metric.points)
    assert metric.unit == definition["unit"]
    values = definition["annotations"]["code_generation"]["metric_value_type"]
    counted = [point.sum if is_histogram else point.value for point in metric.points]
    assert all(is_of(values, each) for each in counted)


async def applications(**options: Any) -> None:
    """What a process of its own does: it does not close the clients of the providers."""
    from programs import conformance

    tracing = Tracing()
    with instrumented(tracing, **options):
        await conformance.main()
    assert names_in(signals_of(tracing))
    for signal in signals_of(tracing):
        check(signal)


@pytest.mark.rows(2)
@pytest.mark.skipif(
    not has("langchain.agents", "create_agent"), reason="this LangChain has no create_agent"
)
@pytest.mark.parametrize("options", [{}, CONTENT], ids=["private", "content"])
def test_applications_have_nothing_else(options: dict[str, Any]) -> None:
    """Real clients, agents and retrieval have only names of the registry."""
    program = f"import asyncio, test_own_names as t; asyncio.run(t.applications(**{options}))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("dialect", ["openinference", "both"])
def test_dialects_have_nothing_else(dialect: str) -> None:
    """Beside the names of OpenInference there are no others of ours."""
    tracing = Tracing()
    with instrumented(tracing, dialect=dialect, cost=own_names.price, **CONTENT):
        for program in own_names.PROGRAMS:
            program()
    signals = list(signals_of(tracing))
    for each in signals:
        for name in filter(own, each.attributes):
            assert is_of(type_of(definition_of(name)), each.attributes[name])
    assert not names_in(signals) & REDACTED


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
    recorded = {semconv.STATE_INPUT, semconv.STATE_OUTPUT, semconv.EVENT_DATA}
    recorded |= {semconv.EVENT_NAME, semconv.TAGS}
    recorded |= {name for name in seen if name.startswith(semconv.METADATA)}
    assert set(filter(own, seen)) - recorded == REDACTED
