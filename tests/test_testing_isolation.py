"""A captured test and its application do not see each other, whatever is set up."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from opentelemetry import trace as otel_trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from captured import QUESTION, TREE, weather_agent
from langchain_otel import LangChainInstrumentor, OpenTelemetryCallbackHandler, record_evaluation
from langchain_otel.recording.registry import RECORDERS, active_recorder
from langchain_otel.runs.store import RUNS
from langchain_otel.sources.patch_points import PATCHER
from langchain_otel.testing import Trace, captured_trace
from models import Model, StreamingModel
from recording import Tracing, instrumented


def ask(config: Any = None) -> None:
    weather_agent().invoke(QUESTION, config)


@pytest.fixture
def application() -> Tracing:
    return Tracing()


@pytest.fixture
def with_handler(application: Tracing) -> Any:
    """A request's configuration with a handler that has providers of its own."""
    handler = OpenTelemetryCallbackHandler(
        tracer_provider=application.tracer_provider,
        meter_provider=application.meter_provider,
        logger_provider=application.logger_provider,
    )
    return {"callbacks": [handler]}


def marked(mark: Callable[[], None]) -> Any:
    """A chain that makes a span in its body."""

    def body(_: Any) -> None:
        mark()

    return RunnableLambda(body, name="look up")


def silent(application: Tracing) -> bool:
    return not (application.spans or application.metrics() or application.logs)


def test_instrumented_application(application: Tracing) -> None:
    """It sees nothing of the test, and all that comes before and after, as it is set up."""
    with instrumented(application, detail="semantic", capture_message_content="NO_CONTENT"):
        recorder = active_recorder()
        ask()
        before = application.tree()
        application.exporter.clear()
        with captured_trace() as trace:
            ask()
        assert application.spans == ()
        assert trace.tree() == TREE
        assert active_recorder() is recorder
        ask()
        assert application.tree() == before
        assert len(application.points("gen_ai.execute_tool.duration")) == 1
        assert application.points("gen_ai.execute_tool.duration")[0].count == 2


def test_handlers_of_the_application(application: Tracing, with_handler: Any) -> None:
    """A handler with providers of its own waits, too: the capture has its runs, once."""
    with captured_trace() as trace:
        ask(with_handler)
    assert silent(application)
    assert trace.tree() == TREE
    ask(with_handler)
    assert application.tree().startswith("invoke_agent travel-agent")


def test_handler_without_providers(langchain_trace: Trace) -> None:
    """One that has nothing of its own adds nothing."""
    ask({"callbacks": [OpenTelemetryCallbackHandler()]})
    assert langchain_trace.tree() == TREE


def test_the_application_instruments_itself_in_the_test(application: Tracing) -> None:
    """The test sees its runs; afterwards the application is instrumented as it said."""
    try:
        with captured_trace() as trace:
            application.on()
            ask()
        assert trace.tree() == TREE
        assert silent(application)
        ask()
        assert application.tree() == TREE.replace("(city='Porto')", "")
    finally:
        LangChainInstrumentor().uninstrument()


def test_the_application_uninstruments_itself_in_the_test(application: Tracing) -> None:
    """The test goes on, with the right current spans; afterwards nothing is traced."""
    with captured_trace() as trace:
        with instrumented(application):
            ask()
        marked(application.mark).invoke(1)
        ask()
        assert PATCHER.applied
    assert not PATCHER.applied
    assert len(trace.traces()) == 3
    # Where the functions are not wrapped, its parent is not the chain.
    (marker,) = application.spans
    chain = next(view for view in trace.spans() if view.name.startswith("invoke_workflow"))
    assert marker.parent is not None
    assert marker.parent.span_id == chain.span.context.span_id


def test_nothing_is_left() -> None:
    """Afterwards the process is as before."""
    limit, hooks = RUNS.max_open, _hooks()
    with captured_trace(max_open_runs=7):
        assert RUNS.max_open == 7
        ask()
    assert (RUNS.max_open, RECORDERS.capturing, _hooks()) == (limit, None, hooks)
    assert not PATCHER.applied
    ask()
    with pytest.raises(ZeroDivisionError), captured_trace():
        raise ZeroDivisionError
    assert RECORDERS.capturing is None
    assert not PATCHER.applied


def _hooks() -> list[Any]:
    from langchain_core.tracers import context

    return list(context._configure_hooks)


def test_captures_in_captures() -> None:
    """The inner one has what runs inside it, the outer one the rest."""
    with captured_trace() as outer:
        Model().invoke("hi")
        with captured_trace(detail="semantic") as inner:
            ask()
        Model().invoke("hi")
    assert outer.tree() == "chat\nchat"
    assert inner.called("get_weather")


@pytest.mark.parametrize("number", [1, 2])
def test_each_test_starts_empty(number: int, langchain_trace: Trace) -> None:
    """Nothing of another test is there, whichever comes first."""
    assert langchain_trace.tree() == ""
    assert langchain_trace.metrics() == {}
    ask()
    assert langchain_trace.tree() == TREE
    (point,) = langchain_trace.metrics()["gen_ai.invoke_agent.duration"].points
    assert point.count == number // number


def test_an_evaluation_in_the_test(application: Tracing) -> None:
    """What judges a run of the test is a log record of the test."""
    with instrumented(application), captured_trace() as trace:
        Model().invoke("hi")
        (call,) = trace.models()
        assert record_evaluation(call.span.context, "relevance", score=1.0)
    assert [each.log_record.event_name for each in trace.logs] == ["gen_ai.evaluation.result"]
    assert application.logs == ()


def test_a_run_that_goes_on(application: Tracing) -> None:
    """A run that is open when the test ends ends in the trace of the test."""
    with instrumented(application):
        with captured_trace() as trace:
            stream: Any = StreamingModel().stream("hi")
            next(stream)
        stream.close()
        assert application.spans == ()
    assert trace.tree() == "chat  closed"


VARIABLES = {
    "OTEL_SDK_DISABLED": "true",
    "OTEL_TRACES_SAMPLER": "always_off",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "1",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "3",
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "NO_CONTENT",
}


@pytest.mark.parametrize("variable", VARIABLES)
def test_variables_of_the_sdk(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What switches telemetry off in a test run, or cuts it, keeps nothing from a test."""
    monkeypatch.setenv(variable, VARIABLES[variable])
    with captured_trace() as trace:
        ask()
    assert trace.tree() == TREE
    assert trace.metrics()


# Spans of others


@contextmanager
def global_provider(
    monkeypatch: pytest.MonkeyPatch, **options: Any
) -> Iterator[tuple[TracerProvider, InMemorySpanExporter]]:
    """A provider of the application's, in the place of the global one."""
    provider, exporter = TracerProvider(shutdown_on_exit=False, **options), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(otel_trace, "get_tracer_provider", lambda: provider)
    yield provider, exporter
    provider.shutdown()


def test_spans_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request inside a run is in the trace of the test, not in the application's exporter."""
    with global_provider(monkeypatch) as (provider, exporter):
        tracer = provider.get_tracer("http")
        early = tracer.start_span("early")
        with captured_trace() as trace:
            marked(lambda: tracer.start_span("GET").end()).invoke(1)
            early.end()
        assert trace.tree() == "invoke_workflow look up\n  GET"
        tracer.start_span("late").end()
        names = [span.name for span in exporter.get_finished_spans()]
    assert names == ["early", "late"]


def test_a_sampler_of_the_application(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no say in what LangChain runs."""
    with global_provider(monkeypatch, sampler=ALWAYS_OFF), captured_trace() as trace:
        ask()
    assert trace.tree() == TREE


def test_a_processor_that_comes_in_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the application adds to its provider meanwhile stays there."""
    added = InMemorySpanExporter()
    with global_provider(monkeypatch) as (provider, exporter):
        tracer = provider.get_tracer("app")
        with captured_trace():
            provider.add_span_processor(SimpleSpanProcessor(added))
        tracer.start_span("late").end()
        provider.force_flush()
        assert [len(each.get_finished_spans()) for each in (exporter, added)] == [1, 1]


def test_an_application_that_shuts_down_in_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has is shut down; the trace is still there."""
    with global_provider(monkeypatch) as (provider, exporter), captured_trace() as trace:
        ask()
        assert provider.force_flush()
        provider.shutdown()
        assert exporter._stopped
    assert trace.tree() == TREE


def test_own_providers_for_an_instrumentation(langchain_trace: Trace) -> None:
    """Another instrumentation may be given those of the test."""
    tracer = langchain_trace.tracer_provider.get_tracer("http")
    counter = langchain_trace.meter_provider.get_meter("http").create_counter("requests")
    with tracer.start_as_current_span("test"):
        counter.add(2)
        Model().invoke("hi")
    assert langchain_trace.tree() == "test\n  chat"
    assert langchain_trace.metrics()["requests"].total == 2
    assert langchain_trace.logger_provider.get_logger("http") is not None


def test_cost_of_not_capturing() -> None:
    """Where nothing is captured, a run makes no call into what captures."""
    from test_cost import call_chain, counted

    with instrumented(Tracing()):
        calls = counted(call_chain).ours
    assert calls
    assert not [name for name in calls if name.startswith("/testing/")]
