"""What is counted of this package is in metrics and in the doctor; each counter is provoked."""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import Sampler, SamplingResult

from langchain_otel import (
    OpenTelemetryCallbackHandler,
    health,
    register_tenant,
    semconv,
    traced_with,
)
from langchain_otel.doctor.counters import counters
from langchain_otel.doctor.scene import CALL, Scene
from langchain_otel.exporters.otlp_spans import encode_spans
from langchain_otel.recording.self_metrics import SELF_METRICS
from lost_seams import function_gone, take_away
from models import Model
from recording import Tracing, instrumented
from test_own_names import REGISTRY, check_metric

OURS = "langchain.otel."
ERROR = semconv.ERROR_TYPE


@pytest.fixture(autouse=True)
def tolerant(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Failures are counted, as in an application."""
    health.strict = False
    caplog.set_level(logging.ERROR, "langchain_otel")
    yield
    health.failures.clear()


class Broken(Sampler):
    """A sampler of the application's that raises."""

    def should_sample(self, *_: Any, **__: Any) -> SamplingResult:
        raise ValueError("a secret")

    def get_description(self) -> str:
        return "broken"


def raises(*_: Any) -> Any:
    raise ValueError("a secret")


def ask(text: str = "hello") -> None:
    (RunnableLambda(lambda it: it) | Model()).invoke(text)


def fails(tracing: Tracing) -> None:
    tracing.tracer_provider.sampler = Broken()
    with instrumented(tracing, self_metrics=True):
        ask()


def option_fails(tracing: Tracing) -> None:
    with instrumented(
        tracing, self_metrics=True, capture_message_content=True, redact=raises, run_filter=raises
    ):
        Model().invoke("hello")


def meets_limit(tracing: Tracing) -> None:
    with instrumented(
        tracing, self_metrics=True, capture_message_content=True, max_content_length=3
    ):
        ask()


def leaves_attribute_out(tracing: Tracing) -> None:
    with instrumented(tracing, self_metrics=True):
        ask()
    (span, *_) = tracing.spans
    encode_spans([ReadableSpan("odd", span.context, attributes={"odd": object()})])  # type: ignore[dict-item]


def evicts(tracing: Tracing) -> None:
    with instrumented(tracing, self_metrics=True, max_open_runs=1):
        ask()


def orphans(tracing: Tracing) -> None:
    handler = OpenTelemetryCallbackHandler(
        tracing.tracer_provider, tracing.meter_provider, self_metrics=True
    )
    model = Model(callbacks=[handler])
    RunnableLambda(model.invoke).invoke("hello")


def leaves_out(tracing: Tracing) -> None:
    with instrumented(
        tracing, self_metrics=True, detail="semantic", run_filter=lambda run: run.name != "odd"
    ):
        ask()
        RunnableLambda(lambda it: it, name="odd").invoke(1)


def names_tenant(tracing: Tracing) -> None:
    register_tenant("acme", detail="nodes")
    with instrumented(tracing, self_metrics=True):
        Model().invoke("hello", {"metadata": {"langchain_otel.tenant": "other"}})


def warns(tracing: Tracing) -> None:
    logging.getLogger("langchain_otel").setLevel(logging.WARNING)
    with instrumented(tracing, self_metrics=True, capture_tools=True):
        ask()


def loses_seam(tracing: Tracing) -> None:
    with pytest.MonkeyPatch.context() as patch:
        from langchain_otel.sources import seams

        take_away([seams.TOOL_CALL], function_gone, patch)
        with instrumented(tracing, self_metrics=True):
            ask()


Series = dict[str, Any]
CASES: dict[str, tuple[Callable[[Tracing], None], list[tuple[Series, int]]]] = {
    semconv.METRIC_SELF_FAILURES: (
        fails,
        [({semconv.SELF_PLACE: "start_span", ERROR: "ValueError"}, 3)],
    ),
    semconv.METRIC_SELF_OPTION_FAILURES: (
        option_fails,
        [
            ({semconv.SELF_OPTION: "redact", ERROR: "ValueError"}, 2),
            ({semconv.SELF_OPTION: "run_filter", ERROR: "ValueError"}, 1),
        ],
    ),
    semconv.METRIC_SELF_LIMITS: (meets_limit, [({semconv.SELF_LIMIT: "max_content_length"}, 4)]),
    semconv.METRIC_SELF_ATTRIBUTES: (leaves_attribute_out, [({ERROR: "TypeError"}, 1)]),
    semconv.METRIC_SELF_EVICTED: (evicts, [({}, 1)]),
    semconv.METRIC_SELF_ORPHANED: (orphans, [({}, 1)]),
    semconv.METRIC_SELF_LEFT_OUT: (
        leaves_out,
        [({semconv.SELF_REASON: "detail"}, 1), ({semconv.SELF_REASON: "run_filter"}, 1)],
    ),
    semconv.METRIC_SELF_UNKNOWN_TENANT: (names_tenant, [({}, 1)]),
    semconv.METRIC_SELF_NOTICES: (warns, [({}, 1)]),
    semconv.METRIC_SELF_SEAMS: (loses_seam, [({semconv.SELF_SEAM: "tool call"}, 1)]),
}


def series(tracing: Tracing, name: str) -> list[tuple[Series, int]]:
    points = tracing.points(name) if name in tracing.metrics() else []
    return sorted(((dict(p.attributes), p.value) for p in points), key=str)


@pytest.mark.parametrize("name", CASES)
def test_what_is_counted(name: str) -> None:
    """The metric has what happened, and how often; its unit and instrument are the registry's."""
    provoke, expected = CASES[name]
    tracing = Tracing()
    provoke(tracing)
    assert series(tracing, name) == sorted(expected, key=str)
    check_metric(tracing.metrics()[name], REGISTRY.metrics[name])


def test_open_runs() -> None:
    """The number of runs that are open goes up and down."""
    tracing = Tracing()
    name = semconv.METRIC_SELF_OPEN
    seen = []

    def look(it: Any) -> Any:
        seen.extend(series(tracing, name))
        return it

    with instrumented(tracing, self_metrics=True):
        (RunnableLambda(look) | RunnableLambda(str)).invoke("hello")
    assert (seen, series(tracing, name)) == ([({}, 2)], [({}, 0)])
    check_metric(tracing.metrics()[name], REGISTRY.metrics[name])


def test_every_metric_is_provoked() -> None:
    """No counter is without a test, nor without its row in the registry."""
    names = {metric.name for metric in SELF_METRICS}
    assert names == {*CASES, semconv.METRIC_SELF_OPEN}
    assert names == {name for name in REGISTRY.metrics if name.startswith(OURS)}
    for metric in SELF_METRICS:
        assert tuple(REGISTRY.references(REGISTRY.metrics[metric.name])) == metric.attributes


DOCTOR = {
    semconv.METRIC_SELF_FAILURES: "langchain-otel failed in start_span:ValueError 3 times",
    semconv.METRIC_SELF_OPTION_FAILURES: "The function given as redact failed 2 times: ValueError",
    semconv.METRIC_SELF_LIMITS: "A limit was met 4 times: max_content_length.",
    semconv.METRIC_SELF_ATTRIBUTES: "An attribute was left out once",
    semconv.METRIC_SELF_EVICTED: "The oldest open run was ended once to make room.",
    semconv.METRIC_SELF_ORPHANED: "A run named a parent that is not recorded once",
    semconv.METRIC_SELF_UNKNOWN_TENANT: "A run named a tenant that nobody has registered once.",
}


@pytest.mark.parametrize("name", DOCTOR)
def test_the_doctor_says_it(name: str) -> None:
    """With the option or without; what the application wrote is not in it."""
    CASES[name][0](Tracing())
    sentences = [finding.sentence for finding in counters(Scene(CALL))]
    assert any(sentence.startswith(DOCTOR[name]) for sentence in sentences)
    assert not any("secret" in sentence for sentence in sentences)


@pytest.mark.parametrize("value", [False, None])
def test_off_by_default(value: bool | None) -> None:
    """Without the option there is no such instrument."""
    tracing = Tracing()
    with instrumented(tracing, self_metrics=value):
        ask()
    assert not [name for name in tracing.metrics() if name.startswith(OURS)]


def test_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable switches them on; with several recorders nothing is counted twice."""
    monkeypatch.setenv("OTEL_INSTRUMENTATION_LANGCHAIN_SELF_METRICS", "true")
    tracing = Tracing()
    for _ in range(2):
        with instrumented(tracing, detail="semantic"), traced_with(capture_tools=False):
            ask()
    assert series(tracing, semconv.METRIC_SELF_LEFT_OUT) == [({semconv.SELF_REASON: "detail"}, 2)]


def test_what_a_redaction_was_given_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """Not at the level DEBUG either: the text of its exception may quote it."""
    caplog.set_level(logging.DEBUG, "langchain_otel")
    with suppress(ValueError):
        option_fails(Tracing())
    assert "redact" in caplog.text
    of_redaction = [r for r in caplog.records if "redact" in r.getMessage()]
    assert not any(record.exc_info for record in of_redaction)
    assert "a secret" not in "".join(r.getMessage() for r in of_redaction)
