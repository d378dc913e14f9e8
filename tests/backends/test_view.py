"""`langchain-otel view`: what the real Collector, Jaeger, Tempo and Phoenix have of a trace."""

import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Link, SpanKind

import otlp_documents as otlp
from langchain_otel.viewing.conversation import messages_of
from langchain_otel.viewing.phoenix import spans_of_traces
from langchain_otel.viewing.source import Source, spans_of_source
from langchain_otel.viewing.spans import Span
from langchain_otel.viewing.web import Site, url_of

from .collectors import wait_for
from .phoenix import Phoenix
from .readback import Backends

PRIVATE = "gen_ai.input.messages"
MODEL: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    PRIVATE: otlp.messages(("user", "Will it rain?")),
    "gen_ai.usage.input_tokens": 7,
    "gen_ai.response.finish_reasons": ["stop"],
    "llm.input_messages.0.message.role": "user",
    "llm.input_messages.0.message.content": "Will it rain in Porto?",
    "openinference.span.kind": "LLM",
    "llm.token_count.prompt": 7,
}


@dataclass(frozen=True, slots=True)
class Sent:
    """Two spans that were sent, the outer one first."""

    spans: tuple[ReadableSpan, ...]
    service: str

    @property
    def trace(self) -> str:
        return f"{self.spans[0].context.trace_id:032x}"


def sent_to(endpoint: str) -> Sent:
    """A trace with an exception, a link, attributes of several types and two dialects."""
    service = f"view-{uuid.uuid4()}"
    resource = Resource({"service.name": service, "openinference.project.name": service})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint)))
    tracer = provider.get_tracer("tests", "7")
    other = tracer.start_span("other")
    other.end()
    with tracer.start_as_current_span("outer") as outer:
        links = [Link(other.get_span_context())]
        inner = tracer.start_span("inner", kind=SpanKind.CLIENT, attributes=MODEL, links=links)
        inner.record_exception(ValueError("no"))
        inner.end()
    provider.shutdown()
    assert isinstance(outer, ReadableSpan)
    assert isinstance(inner, ReadableSpan)
    return Sent((outer, inner), service)


def check(sent: Sent, found: list[Span], *, unit: int = 1) -> Span:
    """The same ids, parents, times and names; gives the inner span for more."""
    outer, inner = sorted(found, key=lambda span: span.parent_id is not None)
    for span, original in zip((outer, inner), sent.spans, strict=True):
        parent = original.parent
        assert span.trace_id == sent.trace
        assert span.span_id == f"{original.context.span_id:016x}"
        assert span.parent_id == (parent and f"{parent.span_id:016x}")
        assert span.name == original.name
        assert original.start_time is not None
        assert original.end_time is not None
        assert abs(span.start - original.start_time) < unit
        assert abs(span.end - original.end_time) < unit
    assert inner.attributes["gen_ai.usage.input_tokens"] == 7
    (event,) = inner.events
    assert event.name == "exception"
    assert event.attributes["exception.type"] == "ValueError"
    porto, rain = sorted(message["parts"][0]["text"] for message in messages_of(inner))
    assert (porto, rain) == ("Will it rain in Porto?", "Will it rain?")
    return inner


@pytest.mark.xdist_group("backends")
class TestStores:
    """Behind one Collector."""

    def test_the_collectors_file(self, backends: Backends) -> None:
        """What its file exporter writes has everything, beside the traces of others."""
        sent = sent_to(f"{backends.otlp_http}/v1/traces")
        backends.collector_spans(sent.trace, at_least=2)
        inner = check(sent, spans_of_source(Source(str(backends.spans_file), sent.trace)))
        assert (inner.kind, inner.scope, inner.scope_version) == ("client", "tests", "7")
        assert inner.attributes["gen_ai.response.finish_reasons"] == ["stop"]
        assert inner.resource["service.name"] == sent.service
        assert len(inner.links) == 1

    def test_jaeger(self, backends: Backends) -> None:
        """Its interface of today, and the URL of a trace's page."""
        sent = sent_to(f"{backends.otlp_http}/v1/traces")
        backends.jaeger_trace(sent.trace, at_least=2)
        inner = check(sent, spans_of_source(Source(backends.jaeger_url, sent.trace)))
        assert (inner.kind, inner.scope) == ("client", "tests")
        page = f"{backends.jaeger_url}/trace/{sent.trace}"
        check(sent, spans_of_source(Source(page)))

    def test_jaegers_own_form(self, backends: Backends) -> None:
        """The form that its pages read and save has times in microseconds."""
        from langchain_otel.viewing.documents import spans_of

        sent = sent_to(f"{backends.otlp_http}/v1/traces")
        backends.jaeger_trace(sent.trace, at_least=2)
        answer = Site(url_of(backends.jaeger_url), "", {}).get(f"/api/traces/{sent.trace}")
        inner = check(sent, spans_of(answer) or [], unit=2_000)
        assert (inner.kind, inner.scope) == ("client", "tests")
        assert len(inner.links) == 1

    def test_tempo(self, backends_with_tempo: Backends) -> None:
        """By its URL and an id."""
        backends = backends_with_tempo
        sent = sent_to(f"{backends.otlp_http}/v1/traces")
        backends.tempo_trace(sent.trace, at_least=2)
        check(sent, spans_of_source(Source(str(backends.tempo_url), sent.trace)))


@pytest.mark.xdist_group("phoenix")
def test_phoenix(phoenix: Phoenix) -> None:
    """A project by its name, a trace by its id, a trace by the URL of its page."""
    sent = sent_to(phoenix.otlp)
    phoenix.spans(sent.service, at_least=3)

    def spans(source: Source) -> list[Span]:
        return [span for span in spans_of_source(source) if span.trace_id == sent.trace]

    for source in (
        Source(phoenix.url, project=sent.service),
        Source(phoenix.url, sent.trace),
        Source(f"{phoenix.url}/projects/UHJvamVjdDox/traces/{sent.trace}"),
    ):
        wait_for(lambda source=source: spans(source), "the trace in Phoenix")  # type: ignore[misc]
        inner = check(sent, spans(source), unit=1_000)
        assert inner.attributes["openinference.span.kind"] == "LLM"
    site = Site(url_of(phoenix.url), "", {})
    assert spans_of_traces(site.get, sent.service, ["0" * 32]) == []
