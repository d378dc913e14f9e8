"""The exporter `otlp_fast` sends what the standard one does, byte for byte."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans as standard
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
)

from langchain_otel import health
from langchain_otel.exporters.otlp_spans import encode_spans
from seeds import count
from unneeded import ALONE
from versions import release

TEXTS = st.text(max_size=80) | st.text(min_size=120, max_size=300)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
SCALARS = TEXTS | st.booleans() | INTEGERS | st.floats() | st.binary(max_size=200)


def takes_nothing() -> bool:
    """Whether the standard encoder writes an attribute without a value: older ones do not."""
    context = SpanContext(1, 2, is_remote=False)
    span = ReadableSpan("span", context, attributes={"zz": None}, resource=Resource({}))
    return b"zz" in standard([span]).SerializePartialToString()


EMPTY = st.none() if takes_nothing() else st.nothing()
VALUES = st.recursive(
    SCALARS | EMPTY,
    lambda values: (
        st.lists(values, max_size=4)
        | st.tuples(values, values)
        | st.dictionaries(TEXTS, values, max_size=4)
    ),
    max_leaves=12,
)
ATTRIBUTES = st.dictionaries(TEXTS, VALUES, max_size=12) | st.none()
COUNTS = st.integers(0, 2**32 - 1)
TIMES = st.integers(0, 2**63 - 1)
STATES = st.lists(
    st.sampled_from([("a", "1"), ("b", "x y"), ("vendor@t", "z")]),
    max_size=3,
    unique_by=lambda pair: pair[0],
).map(TraceState)
CONTEXTS = st.builds(
    SpanContext,
    st.integers(1, 2**128 - 1),
    st.integers(1, 2**64 - 1),
    st.booleans(),
    st.sampled_from([TraceFlags(0), TraceFlags(1)]),
    STATES,
)
STATUSES = st.builds(Status, st.sampled_from([StatusCode.UNSET, StatusCode.OK])) | st.builds(
    Status, st.just(StatusCode.ERROR), TEXTS | st.none()
)

SCOPES = st.builds(
    InstrumentationScope,
    TEXTS,
    TEXTS | st.none(),
    TEXTS | st.none(),
    st.none() | st.dictionaries(TEXTS, TEXTS, max_size=2),
)
RESOURCES = st.builds(
    Resource,
    st.dictionaries(
        st.text("abc.", min_size=1, max_size=5),
        st.text("xyz", max_size=5) | st.integers(0, 9),
        max_size=3,
    ),
    st.none() | st.just("https://example.org/schema"),
)
EVENTS = st.builds(Event, TEXTS, st.just({}) | st.dictionaries(TEXTS, TEXTS, max_size=3), TIMES)
LINKS = st.builds(Link, CONTEXTS, st.none() | st.dictionaries(TEXTS, TEXTS, max_size=3))


@pytest.fixture(autouse=True)
def complaints_of_the_sdk(
    nothing_left_behind: None, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """What the SDK says of values and limits is as expected here."""
    yield
    caplog.get_records("call").clear()
    for kind in [kind for kind in health.failures if kind.startswith("otlp:")]:
        del health.failures[kind]


@st.composite
def spans(draw: st.DrawFn) -> ReadableSpan:
    return ReadableSpan(
        name=draw(TEXTS),
        context=draw(CONTEXTS),
        parent=draw(CONTEXTS | st.none()),
        resource=draw(RESOURCES),
        attributes=draw(ATTRIBUTES),
        events=draw(st.lists(EVENTS, max_size=3)),
        links=draw(st.lists(LINKS, max_size=3)),
        kind=draw(st.sampled_from(SpanKind)),
        status=draw(STATUSES),
        start_time=draw(TIMES | st.none()),
        end_time=draw(TIMES | st.none()),
        instrumentation_scope=draw(SCOPES | st.none()),
    )


@settings(max_examples=count(60, 3_000))
@given(st.lists(spans(), max_size=4))
def test_bytes_are_the_standard_ones(given_spans: list[ReadableSpan]) -> None:
    """For every type of attribute, and everything else that a span may have."""
    assert encode_spans(given_spans) == standard(given_spans).SerializePartialToString()


def made(limits: SpanLimits | None = None, resource: Resource | None = None) -> list[ReadableSpan]:
    """Spans as the SDK makes them, some with what was dropped by its limits."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=resource, span_limits=limits, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("scope", "1.0", "https://example.org/schema", {"of": "scope"})
    with tracer.start_as_current_span("outer", kind=SpanKind.SERVER) as outer:
        for number in range(9):
            outer.set_attribute(f"key.{number}", "x" * 10 * number)
            outer.add_event(f"event {number}", {"a": number, "b": [1, 2], "c": [True]})
            outer.add_link(outer.get_span_context(), {"a": number, "b": 0.5})
        with tracer.start_as_current_span(
            "inner", attributes={"ok": True, "n": -1, "f": 1e300}
        ) as inner:
            inner.set_status(Status(StatusCode.ERROR, "why"))
    return list(exporter.get_finished_spans())


LIMITS = SpanLimits(
    max_attributes=3,
    max_events=2,
    max_links=2,
    max_event_attributes=1,
    max_link_attributes=1,
    max_attribute_length=5,
)


@pytest.mark.parametrize("limits", [None, LIMITS])
def test_spans_of_the_sdk(limits: SpanLimits | None) -> None:
    """With all counts of what its limits dropped."""
    found = made(limits)
    assert encode_spans(found) == standard(found).SerializePartialToString()


def test_equal_resources_are_one() -> None:
    """Two providers of the same resource are one group, in the order of the spans."""
    one, two = (made(resource=Resource({"service.name": "x"})) for _ in range(2))
    mixed = [one[0], two[0], one[1], two[1], *made(resource=Resource({"service.name": "y"}))]
    assert encode_spans(mixed) == standard(mixed).SerializePartialToString()


@pytest.mark.parametrize(
    "value", ["\ud800", 2**63, -(2**63) - 1, object(), ["ok", object()], {"a": 2**70}]
)
def test_what_cannot_be_written_is_left_out(value: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The other attributes are sent, as by the standard encoder; our log names only the key."""
    context = SpanContext(1, 2, is_remote=False)
    attributes = {"before": 1, "secret-key": value, "after": "x"}
    span = ReadableSpan("span", context, attributes=attributes, resource=Resource({}))
    ours = encode_spans([span])
    (record,) = caplog.records
    assert "secret-key" in record.getMessage()
    assert record.levelno == logging.WARNING
    assert record.exc_info is None
    assert ours == standard([span]).SerializePartialToString()


def test_what_cannot_be_written_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """However many spans have it, and whatever it is called: a line for each kind of failure."""
    for number in range(100):
        attributes: Any = {f"too-large-{number}": 2**63, f"no-value-{number}": object()}
        context = SpanContext(1, number + 1, is_remote=False)
        encode_spans([ReadableSpan("span", context, attributes=attributes, resource=Resource({}))])
    assert sorted(record.getMessage().split(":")[1].split(".")[0] for record in caplog.records) == [
        " TypeError",
        " ValueError",
    ]
    assert health.failures["otlp:ValueError"] == health.failures["otlp:TypeError"] == 100


BIN: Final = Path(sys.executable).parent


FAST: Final = {"grpc": True, "http/protobuf": release("opentelemetry-sdk") >= (1, 45)}


@pytest.mark.parametrize("protocol", FAST)
def test_by_the_environment(protocol: str) -> None:
    """`OTEL_TRACES_EXPORTER=otlp_fast` is enough: the protocol's standard exporter, our encoder.

    One that lets nobody else encode spans is used as it is, and one line says so.
    """
    program = (
        "from opentelemetry import trace\n"
        "processor, = trace.get_tracer_provider()._active_span_processor._span_processors\n"
        "outer = processor._batch_processor._exporter\n"
        "inner = outer._exporter\n"
        "print(type(outer).__name__, type(inner).__mro__[1].__module__, inner.is_fast)\n"
        "type(outer)()\n"
    )
    done = subprocess.run(
        [str(BIN / "opentelemetry-instrument"), sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={
            **ALONE,
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "OTEL_TRACES_EXPORTER": "otlp_fast",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        },
    )
    assert done.returncode == 0, done.stderr
    word = "grpc" if protocol == "grpc" else "http"
    module = f"opentelemetry.exporter.otlp.proto.{word}.trace_exporter"
    assert done.stdout == f"FastSpanExporter {module} {FAST[protocol]}\n"
    assert done.stderr.count("otlp_fast is otlp") == (not FAST[protocol])


def test_half_a_character_in_a_name_costs_no_batch() -> None:
    """Where the standard encoder has no bytes at all, ours has all but the half character."""
    half = "Rome \ud83d"
    context = SpanContext(1, 2, is_remote=False)
    event, status = Event(half), Status(StatusCode.ERROR, half)
    hostile = ReadableSpan(half, context, resource=Resource({}), events=[event], status=status)
    innocent = ReadableSpan("innocent", context, resource=Resource({}))
    request = ExportTraceServiceRequest.FromString(encode_spans([hostile, innocent]))
    spans = request.resource_spans[0].scope_spans[0].spans
    assert [span.name for span in spans] == ["Rome ?", "innocent"]
    assert spans[0].events[0].name == spans[0].status.message == "Rome ?"
