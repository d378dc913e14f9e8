"""The Collector of production.yaml: nothing lost, nothing private, the right traces kept."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Status, StatusCode, Tracer, format_trace_id

from servers.otlp_sink import running_sink

from .collectors import PRODUCTION, SINK, Collector, Collectors, wait_for
from .loopback import fetch
from .readback import documents_in
from .spans import Span, log_records_in

SECRETS: Final = {
    "a key": "sk-proj-abcdEFGH1234567890abcd",
    "a bearer": "Authorization: Bearer abc.DEF-123456789",
    "an address": "write to ada.lovelace@example.com",
    "a card": "paid with 4111 1111 1111 1111",
    "a password": "postgresql://ada:secret1@db.example/x",
}
BARE: Final = ("sk-proj", "abc.DEF", "ada.lovelace@", "4111", "secret1")
CONTENT: Final = (
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
    "gen_ai.tool.definitions",
    "gen_ai.retrieval.documents",
    "gen_ai.retrieval.query.text",
    "exception.message",
    "exception.stacktrace",
    "langchain.input",
    "langchain.output",
    "langchain.event.data",
)
HARMLESS: Final = {
    "gen_ai.usage.input_tokens": 4111111111111111,
    "gen_ai.usage.output_tokens": 12,
    "gen_ai.usage.cache_read.input_tokens": 3,
    "gen_ai.retrieval.top_k": 4,
    "gen_ai.request.model": "gpt-5-mini",
    "gen_ai.tool.call.id": "call_c5d096117cafd0b8440bf228",
    "gen_ai.response.finish_reasons": ["stop"],
    "langchain.run.id": "0199f1c2-7d3e-7a41-9c55-4111aa11bb11",
    "exception.type": "ValueError",
}


@contextmanager
def tracing(collector: Collector) -> Iterator[Tracer]:
    """A tracer that has sent each span when it ends."""
    provider = TracerProvider(resource=Resource.create({"service.name": "hand-written"}))
    exporter = OTLPSpanExporter(endpoint=f"http://{collector.endpoint}", insecure=True)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider.get_tracer("hand.written")
    provider.shutdown()


def send_trace(tracer: Tracer, attributes: Any = None, children: int = 2) -> str:
    """A root and its children; the trace's id."""
    with tracer.start_as_current_span("root", attributes=attributes) as root:
        for _ in range(children):
            tracer.start_span("child").end()
    return format_trace_id(root.get_span_context().trace_id)


def on_disk(collector: Collector, traces: list[str]) -> bool:
    """Whether the queue's files have every one of these traces."""
    files = [file.read_bytes() for file in (collector.state / "queue").iterdir()]
    return all(any(bytes.fromhex(trace) in file for file in files) for trace in traces)


def arrived(sink: Collector, count: int) -> list[Span]:
    wait_for(lambda: len(sink.spans()) >= count, f"{len(sink.spans())} of {count} spans came")
    return sink.spans()


def production(made: Collectors, sink: Collector, **settings: str) -> Collector:
    settings = {"BACKEND_ENDPOINT": sink.endpoint} | settings
    return made.started("production", *PRODUCTION, **settings)


@pytest.mark.parametrize("ending", [Collector.stop, Collector.kill], ids=["stopped", "killed"])
def test_every_span_arrives_once_when_all_go_down(
    made: Collectors, ending: Callable[[Collector], None]
) -> None:
    """The backend is away, the Collector ends and starts again, then the backend comes back."""
    sink = made.started("sink", SINK)
    collector = production(made, sink, SAMPLING_PERCENTAGE="100")
    sink.stop()
    with tracing(collector) as tracer:
        traces = [send_trace(tracer) for _ in range(20)]
    wait_for(lambda: on_disk(collector, traces), "not every trace is on disk")
    ending(collector)
    collector.start()
    with tracing(collector) as tracer:
        traces += [send_trace(tracer) for _ in range(5)]
    sink.start()
    spans = arrived(sink, 3 * len(traces))
    assert Counter(span.trace_id for span in spans) == dict.fromkeys(traces, 3)
    assert len({span.span_id for span in spans}) == len(spans)


def test_a_stop_decides_what_is_undecided(made: Collectors) -> None:
    """A Collector that is asked to end loses no trace that still waits for its decision."""
    sink = made.started("sink", SINK)
    collector = production(
        made, sink, SAMPLING_PERCENTAGE="100", SAMPLING_WAIT="60s", SAMPLING_WAIT_AFTER_ROOT="50s"
    )
    with tracing(collector) as tracer:
        traces = [send_trace(tracer) for _ in range(20)]
    collector.stop()
    collector.start()
    spans = arrived(sink, 3 * len(traces))
    assert Counter(span.trace_id for span in spans) == dict.fromkeys(traces, 3)


def test_no_content_and_no_secret_gets_through(made: Collectors) -> None:
    """On spans, in status texts and on span events; numbers, ids and names stay as they are."""
    sink = made.started("sink", SINK)
    collector = production(made, sink, SAMPLING_PERCENTAGE="100")
    private: Any = dict.fromkeys(CONTENT, "the private text")
    with tracing(collector) as tracer, tracer.start_as_current_span("root") as span:
        span.set_attributes(private | SECRETS | HARMLESS)
        span.add_event("said", private | SECRETS)
        span.set_status(Status(StatusCode.ERROR, "the private text"))
    (root,) = arrived(sink, 1)
    assert HARMLESS.items() <= root.attributes.items()
    assert root.attributes.keys() == HARMLESS.keys() | SECRETS.keys()
    assert root.events[0].attributes.keys() == SECRETS.keys()
    assert root.status_code == "ERROR"
    for attributes in (root.attributes, root.events[0].attributes):
        masked = [str(attributes[name]) for name in SECRETS]
        assert all("****" in text for text in masked)
        assert not [bare for bare in BARE if bare in "".join(masked)]
    assert "private" not in (sink.state / "spans.jsonl").read_text()


def test_log_records_are_redacted_too(made: Collectors) -> None:
    """Structured content is dropped, secrets are masked, in attributes and in the body."""
    sink = made.started("sink", SINK)
    collector = production(made, sink)
    provider = LoggerProvider()
    exporter = OTLPLogExporter(endpoint=f"http://{collector.endpoint}", insecure=True)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    messages: Any = [{"role": "user", "parts": [{"type": "text", "content": "the private text"}]}]
    private = dict.fromkeys(CONTENT, messages)
    nested: Any = {"header": [SECRETS["a bearer"]]}
    provider.get_logger("hand.written").emit(
        LogRecord(
            body={"text": SECRETS["a key"]},
            severity_number=SeverityNumber.INFO,
            attributes=private | SECRETS | {"nested": nested, "gen_ai.usage.input_tokens": 12},
        )
    )
    provider.shutdown()
    file = collector.state / "queue" / "logs.jsonl"
    wait_for(lambda: list(documents_in(file)), "no log record was written")
    ((record,),) = [list(log_records_in(line)) for line in documents_in(file)]
    assert record.attributes.keys() == SECRETS.keys() | {"nested", "gen_ai.usage.input_tokens"}
    assert record.attributes["gen_ai.usage.input_tokens"] == 12
    assert record.body == {"text": "****"}
    assert not [bare for bare in (*BARE, "private") if bare in file.read_text()]


def test_a_vendor_gets_headers_over_http(made: Collectors) -> None:
    """Traces and log records, with two more files and three variables: nothing is edited."""
    with running_sink() as vendor:
        collector = made.started(
            "production",
            *PRODUCTION,
            "backend-http.yaml",
            "logs-exporter.yaml",
            SAMPLING_PERCENTAGE="100",
            BACKEND_ENDPOINT=vendor.url,
            BACKEND_HEADERS='{x-api-key: "abc=,1", x-team: agents}',
            LOGS_ENDPOINT=f"{vendor.url}/otlp",
        )
        with tracing(collector) as tracer:
            send_trace(tracer)
        vendor.wait_for(3)
        provider = LoggerProvider()
        exporter = OTLPLogExporter(endpoint=f"http://{collector.endpoint}", insecure=True)
        provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
        provider.get_logger("hand.written").emit(LogRecord(body="a record"))
        provider.shutdown()
        wait_for(
            lambda: [r for r in vendor.requests if r.path == "/otlp/v1/logs"], "no record came"
        )
        traces = [r for r in vendor.requests if r.path == "/v1/traces"]
    assert {(r.headers["x-api-key"], r.headers["x-team"]) for r in traces} == {("abc=,1", "agents")}


def test_content_can_be_kept_or_masked(made: Collectors) -> None:
    """By two variables; what is kept is still searched for secrets, and cut where they say."""
    sink = made.started("sink", SINK)
    collector = production(
        made,
        sink,
        SAMPLING_PERCENTAGE="100",
        COLLECTOR_DROPPED_KEYS="^none",
        COLLECTOR_MASKED_KEYS="^gen_ai.output.messages",
        COLLECTOR_MAX_ATTRIBUTE_BYTES="4000",
    )
    said = f"{SECRETS['a key']} {'x' * 5_000}"
    with tracing(collector) as tracer:
        send_trace(tracer, {"gen_ai.input.messages": said, "gen_ai.output.messages": said}, 0)
    (root,) = arrived(sink, 1)
    assert root.text("gen_ai.input.messages").startswith("**** xxx")
    assert len(root.text("gen_ai.input.messages")) == 4_000
    assert root.text("gen_ai.output.messages") == "****"


def test_the_traces_worth_keeping_are_kept(made: Collectors) -> None:
    """Failed, slow, costly, interrupted and runaway ones whole; of the rest here none."""
    sink = made.started("sink", SINK)
    collector = production(made, sink, SAMPLING_PERCENTAGE="0", SAMPLING_SLOW_MS="100")
    with tracing(collector) as tracer:
        ordinary = [send_trace(tracer, {"gen_ai.usage.input_tokens": 99_999}) for _ in range(5)]
        kept = {
            send_trace(tracer, {"gen_ai.usage.input_tokens": 100_000}): 3,
            send_trace(tracer, {"gen_ai.usage.output_tokens": 20_000}): 3,
            send_trace(tracer, {"langchain.run.outcome": "interrupted"}): 3,
            send_trace(tracer, children=99): 100,
        }
        ordinary.append(send_trace(tracer, {"langchain.run.outcome": "handed_off"}))
        with tracer.start_as_current_span("root") as root:
            tracer.start_span("child").end()
            tracer.start_span("failing").set_status(Status(StatusCode.ERROR))
            tracer.start_span("child").end(root.start_time + 200_000_000)  # type: ignore[attr-defined]
        kept[format_trace_id(root.get_span_context().trace_id)] = 3
    assert not kept.keys() & set(ordinary)
    spans = arrived(sink, sum(kept.values()))
    assert Counter(span.trace_id for span in spans) == kept


def test_metrics_count_what_is_sampled_away(made: Collectors) -> None:
    """Calls, durations, tokens and the edges of the service graph, with no id among the labels."""
    sink = made.started("sink", SINK)
    collector = production(made, sink, SAMPLING_PERCENTAGE="0")
    agent = {"gen_ai.agent.name": "travel", "gen_ai.conversation.id": "c-1"}
    model = {"gen_ai.request.model": "gpt-5-mini", "gen_ai.provider.name": "openai"}
    usage = {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 20}
    tool = {"gen_ai.tool.name": "find", "gen_ai.tool.call.id": "call_1"}
    with tracing(collector) as tracer:
        for _ in range(3):
            send_trace(tracer, {"gen_ai.operation.name": "chat"} | model | usage, 0)
            run = {"gen_ai.operation.name": "invoke_agent"} | agent | model | usage
            send_trace(tracer, run, 0)
            send_trace(tracer, {"gen_ai.operation.name": "execute_tool"} | agent | tool, 0)

    def values() -> dict[str, float]:
        text = (fetch(collector.url("PROMETHEUS", "/metrics")) or b"").decode()
        lines = [line.partition(" # ")[0] for line in text.splitlines() if line[:1] != "#"]
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line}

    def value(name: str, *labels: str) -> float:
        found = [
            amount
            for series, amount in values().items()
            if series.startswith(f"{name}{{") and all(label in series for label in labels)
        ]
        return sum(found)

    calls, edges = "traces_span_metrics_calls_total", "traces_service_graph_request_total"
    wait_for(lambda: (value(calls), value(edges)) == (9, 6), "not all is counted")
    assert value(calls, 'gen_ai_operation_name="chat"', 'gen_ai_request_model="gpt-5-mini"') == 3
    assert value(calls, 'gen_ai_tool_name="find"', 'gen_ai_agent_name="travel"') == 3
    assert value("traces_span_metrics_duration_seconds_bucket", 'le="320"') == 9
    assert value(edges, 'client="travel"', 'server="find"') == 3
    assert value(edges, 'client="travel"', 'server="gpt-5-mini"') == 3
    assert value("traces_service_graph_request_server_seconds_count") == 6
    assert value("traces_gen_ai_usage_input_tokens_total", 'job="hand-written"') == 300
    assert value("traces_gen_ai_usage_output_tokens_total") == 60
    assert not [name for name in values() if "call_1" in name or "c-1" in name]
