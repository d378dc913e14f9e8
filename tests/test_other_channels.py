"""A span's own facts come first: what fails in another channel costs that channel, nothing else."""

import logging
from collections.abc import Callable, Iterator
from typing import Any, Final
from uuid import uuid4

import pytest
from langchain_core.callbacks import dispatch_custom_event
from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from opentelemetry.metrics import MeterProvider
from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider as SDKMeterProvider
from opentelemetry.sdk.trace import Span, SpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler
from opentelemetry.trace import StatusCode

from langchain_otel import LangChainInstrumentor, health, record_evaluation, semconv
from models import Model, Retriever, StreamingModel
from recording import Tracing


class BrokenError(Exception):
    """What a part of the application's telemetry raises."""


class BrokenLogs(LogRecordProcessor):
    """A processor that raises at each record."""

    def on_emit(self, log_record: Any) -> None:
        raise BrokenError

    def shutdown(self) -> None:
        """Nothing to end."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True


class BrokenEnds(SpanProcessor):
    """A processor that raises at the end of each span."""

    def on_end(self, span: Any) -> None:
        raise BrokenError


class BrokenStarts(SpanProcessor):
    """A processor that raises at the start of each span."""

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        raise BrokenError


class BrokenSampler(Sampler):
    """Raises for spans of one name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def should_sample(self, parent_context: Any, trace_id: int, name: str, *args: Any) -> Any:
        if name == self._name:
            raise BrokenError
        return ALWAYS_ON.should_sample(parent_context, trace_id, name)

    def get_description(self) -> str:
        return "broken"


class BrokenHistogram:
    """Raises at each measurement."""

    def record(self, *_: Any) -> None:
        raise BrokenError


class BrokenMeters(SDKMeterProvider):
    """Its histograms raise."""

    def get_meter(self, *args: Any, **kwargs: Any) -> Any:
        meter: Any = super().get_meter(*args, **kwargs)
        meter.create_histogram = lambda *_, **__: BrokenHistogram()
        return meter


class BrokenHook:
    """A completion hook that raises."""

    def on_completion(self, **_: Any) -> None:
        raise BrokenError


class BrokenSpanError(ValueError):
    """An error of the application's own."""


@pytest.fixture
def lenient(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """As in an application: our failures are counted, and logged once a kind."""
    health.strict = False
    with caplog.at_level(logging.WARNING, "langchain_otel"):
        yield
    assert health.failures
    assert all("BrokenError" in kind or "option" in kind for kind in health.failures)
    health.failures.clear()


def traced(tracing: Tracing, meters: MeterProvider | None = None, **options: Any) -> None:
    LangChainInstrumentor().instrument(
        tracer_provider=tracing.tracer_provider,
        logger_provider=tracing.logger_provider,
        meter_provider=meters or tracing.meter_provider,
        capture_message_content="SPAN_AND_EVENT",
        emit_event=True,
        **options,
    )


def break_logs(tracing: Tracing) -> None:
    tracing.logger_provider.add_log_record_processor(BrokenLogs())
    traced(tracing)


def break_logs_of_phoenix(tracing: Tracing) -> None:
    tracing.logger_provider.add_log_record_processor(BrokenLogs())
    traced(tracing, dialect="both")


def break_metrics(tracing: Tracing) -> None:
    traced(tracing, BrokenMeters(shutdown_on_exit=False))


def break_hook(tracing: Tracing) -> None:
    traced(tracing, completion_hook=BrokenHook())


def break_ends(tracing: Tracing) -> None:
    tracing.tracer_provider.add_span_processor(BrokenEnds())
    traced(tracing)


BREAKS: Final[list[Callable[[Tracing], None]]] = [
    break_logs,
    break_logs_of_phoenix,
    break_metrics,
    break_hook,
    break_ends,
]


@tool
def failing_tool(x: int) -> int:
    """Fail."""
    raise BrokenSpanError(str(x))


@tool(response_format="content_and_artifact")
def refusing_tool(x: int) -> Any:
    """Give back a message that stands for an error."""
    return ToolMessage("no", tool_call_id="call-1", status="error"), None


def step() -> Any:
    def body(_: Any) -> None:
        dispatch_custom_event("before", {})
        raise BrokenSpanError("x")

    return RunnableLambda(body, name="step")


FAILING: Final[list[tuple[str, Callable[[], Any]]]] = [
    ("chat", lambda: Model(fails=BrokenSpanError("x")).invoke("x")),
    ("chat", lambda: list(StreamingModel(fails=BrokenSpanError("x")).stream("x"))),
    ("invoke_workflow step", lambda: step().invoke(0)),
    ("execute_tool failing_tool", lambda: failing_tool.invoke({"x": 1})),
    ("retrieval", lambda: Retriever(fails=BrokenSpanError("x")).invoke("x")),
]


@pytest.mark.usefixtures("lenient")
@pytest.mark.parametrize("name_and_run", FAILING, ids=lambda pair: pair[0])
@pytest.mark.parametrize("breaks", BREAKS)
def test_failed_span_is_an_error(breaks: Any, name_and_run: Any) -> None:
    """It has its status and its error's type, whichever channel is broken."""
    name, run = name_and_run
    tracing = Tracing()
    breaks(tracing)
    try:
        with pytest.raises(BrokenSpanError):
            run()
        Model().invoke("so that every channel is used")
    finally:
        LangChainInstrumentor().uninstrument()
    span = next(span for span in tracing.spans if span.name == name)
    assert span.status.status_code is StatusCode.ERROR
    assert str((span.attributes or {})[semconv.ERROR_TYPE]).endswith("BrokenSpanError")
    assert tracing.lives.ended


@pytest.mark.usefixtures("lenient")
@pytest.mark.parametrize("breaks", BREAKS)
def test_channels_do_not_cost_each_other(breaks: Any) -> None:
    """Those that are whole have all they would have."""
    tracing = Tracing()
    breaks(tracing)
    try:
        Model().invoke("x")
        with pytest.raises(BrokenSpanError):
            Model(fails=BrokenSpanError("x")).invoke("x")
    finally:
        LangChainInstrumentor().uninstrument()
    if breaks is break_ends:
        assert health.failures == {"span.end:BrokenError": 2}
    answered, _ = tracing.spans
    attributes = dict(answered.attributes or {})
    assert attributes[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == 3
    assert attributes[semconv.GEN_AI_OUTPUT_MESSAGES] or attributes["output.value"]
    if breaks is not break_metrics:
        (ok, failed) = tracing.points(semconv.METRIC_INFERENCE_DURATION)
        assert (ok.count, failed.count) == (1, 1)
    names = [record.log_record.event_name for record in tracing.logs]
    assert names.count(semconv.GEN_AI_CLIENT_INFERENCE_DETAILS) == 2
    assert names.count(semconv.GEN_AI_CLIENT_OPERATION_EXCEPTION) == 1


@pytest.mark.usefixtures("lenient")
def test_nested_failure(caplog: pytest.LogCaptureFixture) -> None:
    """Every span that the exception goes through is an ERROR, and the application has it."""
    tracing = Tracing()
    break_logs(tracing)
    try:
        with pytest.raises(BrokenSpanError):
            (RunnableLambda(lambda it: it) | step()).with_config(run_name="outer").invoke(0)
    finally:
        LangChainInstrumentor().uninstrument()
    failed = {span.name for span in tracing.spans if span.status.status_code is StatusCode.ERROR}
    assert failed == {"step", "invoke_workflow outer"} or failed == {"step", "outer"}
    ours = [record for record in caplog.records if record.name == "langchain_otel"]
    assert len(ours) == 1


@pytest.mark.usefixtures("lenient")
def test_tool_that_gives_back_an_error() -> None:
    """So has a tool whose result stands for an error."""
    tracing = Tracing()
    break_metrics(tracing)
    try:
        refusing_tool.invoke(
            {"name": "refusing_tool", "args": {"x": 1}, "id": "call-1", "type": "tool_call"}
        )
    finally:
        LangChainInstrumentor().uninstrument()
    span = tracing.span("execute_tool refusing_tool")
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})[semconv.ERROR_TYPE] == semconv.TOOL_ERROR


@pytest.mark.usefixtures("lenient")
def test_evaluation_goes_on() -> None:
    """Who records an evaluation hears nothing of a broken processor."""
    tracing = Tracing()
    break_logs(tracing)
    try:
        run_id = uuid4()
        Model().invoke("x", {"run_id": run_id})
        assert record_evaluation(run_id, "relevance", score=1.0)
    finally:
        LangChainInstrumentor().uninstrument()


def outer() -> Any:
    inner: Any = RunnableLambda(lambda it: Model().invoke("x"), name="inner")
    return RunnableLambda(inner.invoke, name="outer")


@pytest.mark.usefixtures("lenient")
@pytest.mark.parametrize("name", ["inner", "chat"])
def test_sampler_that_raises(name: str) -> None:
    """It costs the span that it was asked for: what is inside hangs under the span around."""
    tracing = Tracing()
    tracing.tracer_provider.sampler = BrokenSampler(name)
    traced(tracing)
    try:
        outer().invoke(0)
    finally:
        LangChainInstrumentor().uninstrument()
    remaining = {"inner": "outer\n  chat", "chat": "outer\n  inner"}[name]
    assert tracing.tree().replace("invoke_workflow ", "") == remaining
    assert tracing.points(semconv.METRIC_INFERENCE_DURATION)[0].count == 1


@pytest.mark.usefixtures("lenient")
def test_processor_that_raises_at_starts() -> None:
    """Without any span the application has its answer, and metrics count it."""
    tracing = Tracing()
    tracing.tracer_provider.add_span_processor(BrokenStarts())
    traced(tracing)
    try:
        assert outer().invoke(0).content == "one two three"
    finally:
        LangChainInstrumentor().uninstrument()
    assert not tracing.spans
    assert tracing.points(semconv.METRIC_INFERENCE_DURATION)[0].count == 1


def test_span_of_the_application_is_left_alone(tracing: Tracing) -> None:
    """A span that a broken sampler left out puts none of its facts on the one around it."""
    health.strict = False
    tracing.tracer_provider.sampler = BrokenSampler("chat")
    LangChainInstrumentor().uninstrument()
    traced(tracing)
    with tracing.user_span("users"), pytest.raises(BrokenSpanError):
        Model(fails=BrokenSpanError("x")).invoke("x")
    users = tracing.span("users")
    assert isinstance(users, Span) or users.status.status_code is StatusCode.UNSET
    assert not users.attributes
    assert not users.events
    health.failures.clear()
