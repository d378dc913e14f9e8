"""An evaluation is a log record, or stands on spans: where somebody looks for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import uuid4

import pytest
from langchain_core.runnables import RunnableLambda
from opentelemetry import baggage, context
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased
from opentelemetry.trace import StatusCode, TraceFlags

from langchain_otel import current_run_id, health, record_evaluation, semconv, traceparent_of
from recording import Tracing, instrumented
from test_redaction import SECRET, masked

pytestmark = pytest.mark.usefixtures("wrapped_once")

VARIABLE: Final = "OTEL_INSTRUMENTATION_LANGCHAIN_EVALUATION_SIGNAL"
LATE: Final = f"{semconv.EVALUATE} tone"
RUN: Final = "invoke_workflow run"
NOTHING: Final[Any] = RunnableLambda(lambda _: None, name="run")
RESULT: Final[dict[str, Any]] = {
    "score": 0.5,
    "label": "fair",
    "explanation": "a few words",
    "error_type": None,
}
ATTRIBUTES: Final = {
    semconv.GEN_AI_EVALUATION_NAME: "tone",
    semconv.GEN_AI_EVALUATION_SCORE_VALUE: 0.5,
    semconv.GEN_AI_EVALUATION_SCORE_LABEL: "fair",
    semconv.GEN_AI_EVALUATION_EXPLANATION: "a few words",
}


class OnSpans(Tracing):
    """Providers as an application has them that sends traces alone."""

    def __init__(self) -> None:
        super().__init__()
        self.logger_provider = LoggerProvider(shutdown_on_exit=False)


def body(_: Any) -> None:
    assert record_evaluation(current_run_id(), "tone", **RESULT)


def evaluated(tracing: Tracing, **options: Any) -> None:
    """A run that is judged while it is under way, and once more when it has ended."""
    run_id = uuid4()
    with instrumented(tracing, **options):
        RunnableLambda(body, name="run").invoke(1, {"run_id": run_id})
        assert record_evaluation(run_id, "tone", **RESULT)


def events(tracing: Tracing) -> list[dict[str, Any]]:
    found = [event for span in tracing.spans for event in span.events]
    assert {event.name for event in found} <= {semconv.GEN_AI_EVALUATION_RESULT}
    return [dict(event.attributes or {}) for event in found]


def late(tracing: Tracing) -> list[ReadableSpan]:
    return [span for span in tracing.spans if span.name == LATE]


def records(tracing: Tracing) -> list[dict[str, Any]]:
    return [dict(each.log_record.attributes or {}) for each in tracing.logs]


def test_logs_where_somebody_takes_them() -> None:
    """As the conventions want: nothing is on spans."""
    tracing = Tracing()
    evaluated(tracing)
    assert records(tracing) == [ATTRIBUTES] * 2
    assert tracing.names() == [RUN]
    assert not events(tracing)


def test_spans_where_nobody_takes_logs() -> None:
    """An event of the span that is open; below one that has ended, a span of its own."""
    tracing = OnSpans()
    evaluated(tracing)
    assert not tracing.logs
    assert events(tracing) == [ATTRIBUTES]
    assert tracing.tree() == f"{RUN}\n  {LATE}"
    (span,) = late(tracing)
    assert dict(span.attributes or {}) == ATTRIBUTES
    assert not span.events
    assert span.status.status_code is StatusCode.UNSET
    assert span.end_time == span.start_time or (span.end_time or 0) > (span.start_time or 0)


@pytest.mark.parametrize(
    ("word", "on_logs", "on_spans"),
    [("auto", True, False), ("both", True, True), ("logs", True, False), ("spans", False, True)],
)
@pytest.mark.parametrize("is_variable", [True, False], ids=["variable", "argument"])
def test_the_option(
    word: str, on_logs: bool, on_spans: bool, is_variable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who wants both, or one of them, says so."""
    tracing = Tracing()
    if is_variable:
        monkeypatch.setenv(VARIABLE, word.upper())
    evaluated(tracing, **({} if is_variable else {"evaluation_signal": word}))
    assert records(tracing) == [ATTRIBUTES] * 2 * on_logs
    assert events(tracing) == [ATTRIBUTES] * on_spans
    assert len(late(tracing)) == on_spans


def test_an_option_that_leaves_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Logs alone, where nobody takes them, are a warning that names the option."""
    tracing, run_id = OnSpans(), uuid4()
    with instrumented(tracing, evaluation_signal="logs"):
        NOTHING.invoke(1, {"run_id": run_id})
        assert not record_evaluation(run_id, "tone", score=1)
    assert "evaluation_signal" in caplog.records[0].getMessage()
    assert tracing.names() == [RUN]


def test_the_provider_may_come_later() -> None:
    """Who adds an exporter of logs after the instrumentation has records from then on."""
    tracing = OnSpans()
    processor = Tracing().logger_provider._multi_log_record_processor
    with instrumented(tracing):
        RunnableLambda(body, name="run").invoke(1)
        tracing.logger_provider.add_log_record_processor(processor)
        RunnableLambda(body, name="run").invoke(1)
    assert len(events(tracing)) == 1


@contextmanager
def sampling(tracing: Tracing, sampler: Any) -> Iterator[Tracing]:
    provider = TracerProvider(sampler, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(tracing.exporter))
    tracing.tracer_provider = provider
    with instrumented(tracing):
        yield tracing


@pytest.mark.parametrize("sampler", [ALWAYS_OFF, ParentBased(ALWAYS_OFF)], ids=["off", "parent"])
def test_a_trace_that_is_not_sampled(sampler: Any, caplog: pytest.LogCaptureFixture) -> None:
    """No span has it, by whatever it is named, and nobody complains."""
    run_id, seen = uuid4(), []
    with sampling(OnSpans(), sampler) as tracing:

        def body(_: Any) -> None:
            seen.append(record_evaluation(run_id, "tone", score=1))

        RunnableLambda(body).invoke(1, {"run_id": run_id})
        text = traceparent_of(run_id)
        assert text is not None
        assert not int(text[-2:]) & TraceFlags.SAMPLED
        seen += [record_evaluation(target, "tone", score=1) for target in (run_id, text)]
    assert seen == [False] * 3
    assert not tracing.spans
    assert not caplog.records


def test_a_trace_that_another_process_did_not_sample() -> None:
    """A sampler that takes everything makes no orphan of it."""
    with sampling(OnSpans(), ALWAYS_ON) as tracing:
        assert not record_evaluation(f"00-{'a' * 32}-{'b' * 16}-00", "tone", score=1)
    assert not tracing.spans


def test_log_records_do_not_depend_on_sampling() -> None:
    """Like those of exceptions: qualities can be counted of all runs."""
    run_id = uuid4()
    with sampling(Tracing(), ALWAYS_OFF) as tracing:
        NOTHING.invoke(1, {"run_id": run_id})
        assert record_evaluation(run_id, "tone", score=1)
    (record,) = tracing.logs
    assert not (record.log_record.trace_flags or 0) & TraceFlags.SAMPLED


@pytest.mark.parametrize("kind", [Tracing, OnSpans])
def test_suppression_is_not_for_what_is_said_explicitly(kind: type[Tracing]) -> None:
    """It is the application that judges, not an instrumentation."""
    tracing, run_id = kind(), uuid4()
    with instrumented(tracing):
        NOTHING.invoke(1, {"run_id": run_id})
        with suppress_instrumentation():
            assert record_evaluation(run_id, "tone", score=1)
    assert len(tracing.logs) + len(late(tracing)) == 1


def test_a_trace_of_which_only_the_id_is_known() -> None:
    """The span is in the trace, below none; other spans keep their own traces."""
    tracing, trace_id = OnSpans(), 0xC0FFEE
    with instrumented(tracing):
        for named in (trace_id, f"{trace_id:032x}"):
            assert record_evaluation(named, "tone", score=1)
        NOTHING.invoke(1)
    first, second, run = tracing.spans
    assert [span.get_span_context().trace_id for span in (first, second)] == [trace_id] * 2  # type: ignore[union-attr]
    assert first.get_span_context().span_id != second.get_span_context().span_id  # type: ignore[union-attr]
    assert run.get_span_context().trace_id != trace_id  # type: ignore[union-attr]
    assert [span.parent for span in tracing.spans] == [None] * 3


def test_an_evaluation_that_failed() -> None:
    """Its own span failed; that of the run did not."""
    tracing, run_id = OnSpans(), uuid4()

    def body(_: Any) -> None:
        record_evaluation(run_id, "tone", error_type="TimeoutError")

    with instrumented(tracing):
        RunnableLambda(body, name="run").invoke(1, {"run_id": run_id})
        record_evaluation(run_id, "tone", error_type="TimeoutError")
    assert tracing.span(RUN).status.status_code is StatusCode.UNSET
    assert tracing.span(LATE).status.status_code is StatusCode.ERROR
    failed = {semconv.GEN_AI_EVALUATION_NAME: "tone", semconv.ERROR_TYPE: "TimeoutError"}
    assert [*events(tracing), dict(tracing.span(LATE).attributes or {})] == [failed, failed]


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({"redact": masked}, "mail *** now, and so on"),
        ({"redact": lambda *_: None}, None),
        ({"max_content_length": 4}, "mail"),
    ],
    ids=["redacted", "left out", "cut"],
)
def test_the_explanation_on_every_channel(options: Any, shown: str | None) -> None:
    """`redact` and the limit hold on records, events and spans alike."""
    tracing, run_id = Tracing(), uuid4()

    def judge() -> None:
        record_evaluation(run_id, "tone", score=1, explanation=f"mail {SECRET} now, and so on")

    with instrumented(tracing, evaluation_signal="both", **options):
        judged: Any = RunnableLambda(lambda _: judge(), name="run")
        judged.invoke(1, {"run_id": run_id})
        judge()
    said = [*records(tracing), *events(tracing), dict(late(tracing)[0].attributes or {})]
    assert len(said) == 4
    for each in said:
        explanation = each.get(semconv.GEN_AI_EVALUATION_EXPLANATION)
        assert explanation == shown or str(explanation).startswith(f"{shown}…")
        assert SECRET not in str(each)
    health.failures.clear()


@pytest.mark.parametrize("dialect", ["openinference", "both"])
def test_in_the_dialect_of_phoenix(dialect: str) -> None:
    """The span is an evaluator's, with the result as its output."""
    tracing = OnSpans()
    evaluated(tracing, dialect=dialect)
    attributes = dict(late(tracing)[0].attributes or {})
    assert attributes["openinference.span.kind"] == "EVALUATOR"
    assert attributes["output.value"] == (
        '{"score":0.5,"label":"fair","explanation":"a few words"}'
    )
    assert attributes.items() >= ATTRIBUTES.items()


class Baggage(SpanProcessor):
    """Sees the baggage that is there when a span begins."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.seen.append(dict(baggage.get_all(parent_context)))


def test_baggage_reaches_the_span() -> None:
    """Processors that copy baggage see that of whoever judges."""
    tracing, run_id, processor = OnSpans(), uuid4(), Baggage()
    tracing.tracer_provider.add_span_processor(processor)
    with instrumented(tracing):
        NOTHING.invoke(1, {"run_id": run_id})
        token = context.attach(baggage.set_baggage("tenant", "7"))
        try:
            record_evaluation(run_id, "tone", score=1)
        finally:
            context.detach(token)
    assert processor.seen[-1] == {"tenant": "7"}
