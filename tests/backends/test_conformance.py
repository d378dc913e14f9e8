"""All that the conventions ask for, read from the real Collector: nothing missing, nothing more."""

import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from conventions import KINDS, METRIC_EXTRA, METRICS, OWN

from .readback import Backends
from .spans import Span

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "tests" / "programs" / "conformance.py"
BIN = Path(sys.executable).parent

pytestmark = pytest.mark.xdist_group("backends")


def run(backends: Backends, service: str, **variables: str) -> None:
    done = subprocess.run(
        [BIN / "opentelemetry-instrument", sys.executable, "-W", "ignore", PROGRAM],
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "OTEL_SERVICE_NAME": service,
            "OTEL_EXPORTER_OTLP_ENDPOINT": backends.otlp_grpc,
            "OTEL_SEMCONV_STABILITY_OPT_IN": "",
            **variables,
        },
    )
    assert done.returncode == 0, done.stderr


Programs = Callable[[str], list[Span]]


@pytest.fixture(scope="module")
def spans_of(backends: Backends) -> Programs:
    """The program's own spans in the Collector, by the mode in which content is captured."""
    known: dict[str, list[Span]] = {}

    def spans(mode: str) -> list[Span]:
        if mode not in known:
            service = f"conformance-{uuid.uuid4()}"
            run(backends, service, OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=mode)
            traces = backends.traces_of(service)
            found = [span for trace in traces for span in backends.collector_spans(trace)]
            known[mode] = [span for span in found if span.scope_name == "langchain_otel"]
        return known[mode]

    return spans


def attributes_of(spans: list[Span], kind: str) -> set[str]:
    mine = [span for span in spans if span.attributes.get("gen_ai.operation.name") == kind]
    assert mine, f"no {kind} span"
    assert {span.kind for span in mine} == {KINDS[kind].span_kind}
    carried = {name for span in mine for name in span.attributes if not name.startswith(OWN)}
    # `pytest -rP` shows the lists.
    print(f"{kind}: {len(mine)} spans carry {', '.join(sorted(carried))}")
    return carried


@pytest.mark.parametrize("kind", KINDS)
def test_spans_without_content(kind: str, spans_of: Programs) -> None:
    """Everything knowable is there, nothing that is content, nothing that is not allowed."""
    carried = attributes_of(spans_of("NO_CONTENT"), kind)
    wanted, allowed = KINDS[kind].wanted, KINDS[kind].allowed
    assert {"missing": wanted - carried, "not allowed": carried - wanted - allowed} == {
        "missing": set(),
        "not allowed": set(),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_spans_with_content(kind: str, spans_of: Programs) -> None:
    """With content on spans, the conventions' content attributes come on top."""
    carried = attributes_of(spans_of("SPAN_AND_EVENT"), kind)
    expected = KINDS[kind].wanted | KINDS[kind].content
    assert {
        "missing": expected - carried,
        "not allowed": carried - expected - KINDS[kind].allowed,
    } == {
        "missing": set(),
        "not allowed": set(),
    }


def test_other_spans_claim_nothing(spans_of: Programs) -> None:
    """What the conventions have no name for carries our own attributes only."""
    for span in spans_of("NO_CONTENT"):
        if "gen_ai.operation.name" not in span.attributes:
            strangers = [name for name in span.attributes if not name.startswith(OWN)]
            assert not strangers, span.name


def test_details_are_events(spans_of: Programs, backends: Backends) -> None:
    """Each model call has one details record, structured, in its own span."""
    chats = [span for span in spans_of("SPAN_AND_EVENT") if span.name.startswith("chat ")]
    for span in chats:
        records = [
            record
            for record in backends.collector_logs(span.trace_id)
            if record.event_name == "gen_ai.client.inference.operation.details"
            and record.span_id == span.span_id
        ]
        assert len(records) == 1
        assert isinstance(records[0].attributes["gen_ai.input.messages"], list)


def prometheus_name(name: str) -> str:
    return name.replace(".", "_")


@pytest.mark.parametrize("name", METRICS)
def test_metrics(name: str, spans_of: Programs, backends: Backends) -> None:
    """Every client metric arrives, with the attributes that are wanted and no others."""
    spans_of("NO_CONTENT")
    lines = backends.metric_lines(prometheus_name(name))
    labels = {
        label.split("=")[0]
        for line in lines
        if "{" in line
        for label in line.split("{")[1].split("}")[0].split(",")
        if "=" in label
    }
    own = {label for label in labels if label.startswith(("gen_ai", "server", "openai", "error"))}
    wanted = {prometheus_name(attribute) for attribute in METRICS[name]}
    extra = {prometheus_name(attribute) for attribute in METRIC_EXTRA}
    assert {"missing": wanted - own, "not allowed": own - wanted - extra} == {
        "missing": set(),
        "not allowed": set(),
    }
