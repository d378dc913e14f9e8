"""Token sums belong to the meter: they go on whoever records, as histograms do."""

import gc
import os
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from opentelemetry.metrics import Meter
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider, ObservableCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.metrics.view import DropAggregation, View

from forked import Begun
from langchain_otel import LangChainInstrumentor, OpenTelemetryCallbackHandler, semconv
from models import Model
from recording import Tracing, instrumented

TESTS = Path(__file__).parent
INFERENCE = "gen_ai.client.inference"
SUM = f"{INFERENCE}.usage.input_tokens"
EACH = f"{INFERENCE}.operation.input_tokens"
PREVIOUS = "gen_ai.client.token.usage"
TOKENS = 3  # of the input of each call
DELTA: Any = dict.fromkeys((Counter, Histogram, ObservableCounter), AggregationTemporality.DELTA)


def call(times: int = 5, config: Any = None) -> None:
    """So many calls of a model."""
    for _ in range(times):
        Model().invoke("hello", config)


def both(tracing: Tracing) -> tuple[int, int]:
    """The sum and the histogram."""
    measured = tracing.metrics()
    (total,), (each,) = measured[SUM].points, measured[EACH].points
    return total.value, each.sum


def with_another_reader(*, views: Any = (), **options: Any) -> Tracing:
    """Providers whose metrics are read otherwise."""
    tracing = Tracing()
    tracing.metric_reader = InMemoryMetricReader(**options)
    tracing.meter_provider = MeterProvider(
        [tracing.metric_reader], shutdown_on_exit=False, views=views
    )
    return tracing


@pytest.mark.parametrize("flavour", ["latest", "both"])
def test_sums_go_on_when_instrumented_again(flavour: str) -> None:
    """A notebook's cell that runs again: the sum is that of all calls."""
    tracing = Tracing()
    for times in range(1, 4):
        with instrumented(tracing, metrics=flavour):
            call()
            assert both(tracing) == (5 * TOKENS * times,) * 2
            gc.collect()


def test_sums_go_on_when_the_flavour_changes() -> None:
    """Tokens of each flavour are recorded while it is in force."""
    tracing = Tracing()
    for flavour in ("previous", "latest", "both", "previous", "latest"):
        with instrumented(tracing, metrics=flavour):
            call(1)
    assert both(tracing) == (3 * TOKENS, 3 * TOKENS)
    (usage,) = [
        point
        for point in tracing.points(PREVIOUS)
        if point.attributes[semconv.GEN_AI_TOKEN_TYPE] == "input"
    ]
    assert usage.sum == 3 * TOKENS


@pytest.mark.parametrize(
    "options", [{}, {"capture_message_content": "SPAN_ONLY"}, {"metrics": "both"}], ids=str
)
def test_sums_go_on_with_a_handler_for_each_request(options: dict[str, Any]) -> None:
    """Twenty requests, each with a handler of its own that is thrown away."""
    tracing = Tracing()
    for _ in range(20):
        handler = OpenTelemetryCallbackHandler(
            tracer_provider=tracing.tracer_provider,
            meter_provider=tracing.meter_provider,
            **options,
        )
        call(1, {"callbacks": [handler]})
        del handler
        gc.collect(0)
    gc.collect()
    assert both(tracing) == (20 * TOKENS, 20 * TOKENS)


def test_sums_go_on_with_handlers_at_the_same_time() -> None:
    """Threads that make handlers and call at once: nothing is lost."""
    tracing = Tracing()

    def serve() -> None:
        handler = OpenTelemetryCallbackHandler(
            tracer_provider=tracing.tracer_provider, meter_provider=tracing.meter_provider
        )
        call(5, {"callbacks": [handler]})

    threads = [Thread(target=serve) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert both(tracing) == (40 * TOKENS, 40 * TOKENS)


def test_sums_of_two_providers_are_two() -> None:
    """What one provider was shown is none of the other's business."""
    one, other = Tracing(), Tracing()
    for tracing, times in ((one, 1), (other, 2), (one, 4)):
        with instrumented(tracing):
            call(times)
    assert both(one) == (5 * TOKENS, 5 * TOKENS)
    assert both(other) == (2 * TOKENS, 2 * TOKENS)


def test_a_run_that_two_recorders_record_is_measured_once() -> None:
    """The spans of two tracer providers, and one meter provider for both."""
    tracing, other = Tracing(), Tracing()
    handler = OpenTelemetryCallbackHandler(
        tracer_provider=other.tracer_provider, meter_provider=tracing.meter_provider
    )
    with instrumented(tracing):
        call(2, {"callbacks": [handler]})
        assert len(tracing.spans) == len(other.spans) == 2
        assert both(tracing) == (2 * TOKENS, 2 * TOKENS)
        assert [point.count for point in tracing.points(f"{INFERENCE}.duration")] == [2]


def test_a_run_of_two_meters_is_measured_by_both() -> None:
    """Each meter provider is shown every run that its recorder records."""
    tracing, other = Tracing(), Tracing()
    handler = OpenTelemetryCallbackHandler(
        tracer_provider=other.tracer_provider, meter_provider=other.meter_provider
    )
    with instrumented(tracing):
        call(2, {"callbacks": [handler]})
    assert both(tracing) == both(other) == (2 * TOKENS, 2 * TOKENS)


def test_a_reader_of_deltas_sees_what_is_new() -> None:
    """Deltas add up, across recorders too."""
    tracing = with_another_reader(preferred_temporality=DELTA)
    for times in (2, 3, 1):
        with instrumented(tracing):
            call(times)
            assert both(tracing) == (times * TOKENS, times * TOKENS)


def test_every_reader_sees_the_sums() -> None:
    """Two readers of one provider, with other temporalities."""
    tracing, deltas = Tracing(), Tracing()
    tracing.metric_reader = InMemoryMetricReader()
    deltas.metric_reader = InMemoryMetricReader(preferred_temporality=DELTA)
    readers = [tracing.metric_reader, deltas.metric_reader]
    tracing.meter_provider = MeterProvider(readers, shutdown_on_exit=False)
    for times in (2, 3):
        with instrumented(tracing):
            call(times)
        assert both(deltas) == (times * TOKENS, times * TOKENS)
    assert both(tracing) == (5 * TOKENS, 5 * TOKENS)


def test_views_apply_to_sums() -> None:
    """A view that drops attributes adds up, one that drops a sum drops it, one renames."""
    views = [
        View(instrument_name=SUM, attribute_keys=set(), name="tokens.in"),
        View(instrument_name=f"{INFERENCE}.usage.output_tokens", aggregation=DropAggregation()),
    ]
    tracing = with_another_reader(views=views)
    for _ in range(2):
        with instrumented(tracing):
            call(2)
    (point,) = tracing.points("tokens.in")
    assert (point.value, dict(point.attributes)) == (4 * TOKENS, {})
    assert f"{INFERENCE}.usage.output_tokens" not in tracing.metrics()


def test_nothing_keeps_a_provider_alive() -> None:
    """A provider that the application throws away goes, and its sums with it."""

    def used() -> Callable[[], Any]:
        tracing = Tracing()
        with instrumented(tracing):
            call(1)
        return weakref.ref(tracing.meter_provider)

    provider = used()
    gc.collect()
    assert provider() is None


class Wrapping:
    """A provider like those that wrap another one's: a meter of its own for whoever asks."""

    def __init__(self, provider: MeterProvider) -> None:
        self._provider = provider

    def get_meter(self, *args: Any, **kwargs: Any) -> Meter:
        meter = self._provider.get_meter(*args, **kwargs)

        class Wrapped:
            def __getattr__(self, name: str) -> Any:
                return getattr(meter, name)

        return Wrapped()  # type: ignore[return-value]


def test_a_provider_that_wraps_its_meters() -> None:
    """Sums go on where each recorder is given another object for the same meter."""
    tracing = Tracing()
    provider: Any = Wrapping(tracing.meter_provider)
    for _ in range(3):
        LangChainInstrumentor().instrument(
            tracer_provider=tracing.tracer_provider, meter_provider=provider
        )
        call(1)
        LangChainInstrumentor().uninstrument()
    assert both(tracing) == (3 * TOKENS, 3 * TOKENS)


GLOBAL = """
import gc, os
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from langchain_otel import LangChainInstrumentor, OpenTelemetryCallbackHandler
from models import Model

reader = InMemoryMetricReader()
provider = MeterProvider([reader], shutdown_on_exit=False)

def again():
    LangChainInstrumentor().uninstrument()
    LangChainInstrumentor().instrument()

def asked(*callbacks):
    Model().invoke("hello", {"callbacks": list(callbacks)})

def shown():
    data = reader.get_metrics_data().resource_metrics[0].scope_metrics
    points = {m.name: m.data.data_points for s in data for m in s.metrics}
    (total,) = points["gen_ai.client.inference.usage.input_tokens"]
    (each,) = points["gen_ai.client.inference.operation.input_tokens"]
    assert total.value == each.sum, (total.value, each.sum)
    return total.value
"""


@pytest.fixture(scope="module")
def begun() -> Iterator[Begun]:
    """Each program is a process of its own; they begin together."""
    path = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))
    with Begun(GLOBAL, {**os.environ, "PYTHONPATH": path}) as process:
        yield process


PROGRAMS = {
    "before the provider is set": """
LangChainInstrumentor().instrument()
asked()
metrics.set_meter_provider(provider)
asked()
again()
asked()
assert shown() == 6
""",
    "several recorders before the provider is set": """
LangChainInstrumentor().instrument()
again()
kept = [OpenTelemetryCallbackHandler(metrics="latest") for _ in range(3)]
LangChainInstrumentor().uninstrument()
metrics.set_meter_provider(provider)
for handler in kept:
    asked(handler)
LangChainInstrumentor().instrument()
asked()
assert shown() == 12
""",
    "the provider given first, then set": """
waiting = OpenTelemetryCallbackHandler(metrics="latest")
asked(OpenTelemetryCallbackHandler(meter_provider=provider))
metrics.set_meter_provider(provider)
asked(waiting)
asked(OpenTelemetryCallbackHandler(metrics="latest"))
assert shown() == 9
""",
    "the first recorder gone": """
metrics.set_meter_provider(provider)
for _ in range(20):
    asked(OpenTelemetryCallbackHandler(metrics="latest"))
    gc.collect()
assert shown() == 60
""",
    "handlers without a provider leave nothing behind": """
from langchain_otel.runs.store import RUNS

def known():
    RUNS.clear()
    gc.collect()
    return len(gc.get_objects())

for _ in range(20):
    asked(OpenTelemetryCallbackHandler(metrics="latest"))
before = known()
for _ in range(200):
    asked(OpenTelemetryCallbackHandler(metrics="latest"))
grown = known() - before
assert grown < 200, grown
""",
    "in a forked process": """
import os
metrics.set_meter_provider(provider)
LangChainInstrumentor().instrument()
asked()
child = os.fork()
if not child:
    try:
        asked()
        again()
        asked()
        assert shown() == 9
        os._exit(0)
    finally:
        os._exit(1)
assert os.waitpid(child, 0)[1] == 0
asked()
assert shown() == 6
""",
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_sums_of_the_global_provider(program: str, begun: Begun, tmp_path: Path) -> None:
    """In a process of its own: providers that come late, recorders that come and go."""
    if "fork" in program and not hasattr(os, "fork"):
        pytest.skip("no fork here")
    done = begun.run(PROGRAMS[program], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_the_global_provider_given_by_name_before_it_is_set(begun: Begun, tmp_path: Path) -> None:
    """What `get_meter_provider()` gives early leads to the provider that comes."""
    program = """
LangChainInstrumentor().instrument(meter_provider=metrics.get_meter_provider())
asked()
metrics.set_meter_provider(provider)
asked()
again()
asked()
assert shown() == 6
"""
    done = begun.run(program, tmp_path)
    assert done.returncode == 0, done.stderr
