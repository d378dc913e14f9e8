"""What an evaluation is about can be named in every way in which a run is known."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, StateGraph
from opentelemetry import trace
from opentelemetry.trace import INVALID_SPAN, INVALID_SPAN_CONTEXT, SpanContext, TraceFlags
from typing_extensions import TypedDict

from langchain_otel import (
    OpenTelemetryCallbackHandler,
    current_run_id,
    current_span_of,
    health,
    record_evaluation,
    semconv,
    span_context_of,
    traceparent_of,
)
from langchain_otel.runs.store import RUNS
from models import Model
from recording import Tracing, instrumented
from waiting import PATIENCE

pytestmark = pytest.mark.usefixtures("wrapped_once")

SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
ELSEWHERE: Final = SpanContext(0xABC, 0xDEF, is_remote=True, trace_flags=SAMPLED)
OUTER: Final[Any] = RunnableLambda(lambda _: Model().invoke("hi"), name="outer")


class State(TypedDict):
    x: Any


def judged(tracing: Tracing) -> list[tuple[int, int]]:
    """The trace and the span of each record."""
    records = [each.log_record for each in tracing.logs]
    assert {each.event_name for each in records} <= {semconv.GEN_AI_EVALUATION_RESULT}
    return [(each.trace_id, each.span_id) for each in records]


def ids(span_context: SpanContext | None) -> tuple[int, int]:
    assert span_context is not None
    return span_context.trace_id, span_context.span_id


# All ways to name a run that has ended, from its id.
WAYS: Final[dict[str, Callable[[UUID], Any]]] = {
    "id": lambda run_id: run_id,
    "text": str,
    "hexadecimal": lambda run_id: run_id.hex,
    "urn": lambda run_id: run_id.urn,
    "spaces": lambda run_id: f" {run_id}\n",
    "context": span_context_of,
    "traceparent": traceparent_of,
    "capitals": lambda run_id: str(traceparent_of(run_id)).upper(),
    "live span": lambda run_id: trace.NonRecordingSpan(span_context_of(run_id)),  # type: ignore[arg-type]
    "trace": lambda run_id: span_context_of(run_id).trace_id,  # type: ignore[union-attr]
    "trace as text": lambda run_id: f"{span_context_of(run_id).trace_id:032x}",  # type: ignore[union-attr]
}


@pytest.mark.parametrize("way", WAYS)
def test_an_ended_run(way: str, tracing: Tracing) -> None:
    """The record has the trace and the span of the run; of a trace it is the first run's."""
    run_id = uuid4()
    OUTER.invoke(0, {"run_id": run_id})
    assert record_evaluation(WAYS[way](run_id), "tone", score=1)
    assert judged(tracing) == [ids(tracing.span("invoke_workflow outer").get_span_context())]


@pytest.mark.parametrize("way", WAYS)
def test_an_open_run(way: str, tracing: Tracing) -> None:
    """While the run is under way it is the same."""
    seen = []

    def body(_: Any) -> None:
        run_id: Any = current_run_id()
        seen.append(record_evaluation(WAYS[way](run_id), "tone", score=1))

    RunnableLambda(body, name="outer").invoke(0)
    assert seen == [True]
    assert judged(tracing) == [ids(tracing.span("invoke_workflow outer").get_span_context())]


def test_the_span_of_a_node(tracing: Tracing) -> None:
    """In a node the current run is the node."""

    def node(_: State) -> Any:
        assert record_evaluation(current_run_id(), "tone", label="good")
        assert record_evaluation(trace.get_current_span(), "tone", label="good")
        return {"x": 1}

    builder: Any = StateGraph(State)
    builder.add_node("node", node).add_edge(START, "node").compile().invoke({"x": 0})
    assert judged(tracing) == [ids(tracing.span("node").get_span_context())] * 2


def test_the_response_id_comes_from_the_run(tracing: Tracing) -> None:
    """Of a run of this process it is known, however it is named."""

    class Answering(Model):
        def _generate(self, *args: Any, **kwargs: Any) -> Any:
            result = super()._generate(*args, **kwargs)
            result.generations[0].message.response_metadata["id"] = "resp-1"
            return result

    run_id = uuid4()
    Answering().invoke("hi", {"run_id": run_id})
    for way in ("id", "context", "traceparent"):
        record_evaluation(WAYS[way](run_id), "tone", score=1)
    said = [dict(each.log_record.attributes or {}) for each in tracing.logs]
    assert [each.get(semconv.GEN_AI_RESPONSE_ID) for each in said] == ["resp-1"] * 3


def test_a_span_of_the_application(tracing: Tracing) -> None:
    """Any span can be judged, live or by its context."""
    with tracing.user_span("request") as span:
        assert record_evaluation(span, "tone", score=1)
    assert record_evaluation(span, "tone", score=1)
    assert record_evaluation(span.get_span_context(), "tone", score=1)
    assert judged(tracing) == [ids(span.get_span_context())] * 3


def test_a_span_of_another_process(tracing: Tracing) -> None:
    """Its context, or the text of it, is enough."""
    assert record_evaluation(ELSEWHERE, "tone", score=1)
    text = f"00-{ELSEWHERE.trace_id:032x}-{ELSEWHERE.span_id:016x}-01"
    assert record_evaluation(text, "tone", score=1)
    assert judged(tracing) == [ids(ELSEWHERE)] * 2


@pytest.mark.parametrize("trace_id", [0xABC, f"{0xABC:032x}", f"{0xABC:032X}"], ids=repr)
def test_a_trace_of_another_process(trace_id: Any, tracing: Tracing) -> None:
    """The record belongs to the trace, and to no span of it."""
    assert record_evaluation(trace_id, "tone", score=1)
    assert judged(tracing) == [(0xABC, 0)]


def test_a_trace_with_several_first_runs(tracing: Tracing) -> None:
    """None of them is the whole trace."""
    step = RunnableLambda(lambda value: value, name="step")
    with tracing.user_span("request") as span:
        step.invoke(1)
        step.invoke(1)
    trace_id = span.get_span_context().trace_id
    assert record_evaluation(trace_id, "tone", score=1)
    assert judged(tracing) == [(trace_id, 0)]


def test_a_trace_with_one_first_run_below_a_request(tracing: Tracing) -> None:
    """The run is what this process knows of the trace."""
    with tracing.user_span("request") as span:
        OUTER.invoke(1)
    assert record_evaluation(span.get_span_context().trace_id, "tone", score=1)
    assert judged(tracing) == [ids(tracing.span("invoke_workflow outer").get_span_context())]


@pytest.mark.parametrize(
    "unknown",
    [None, uuid4(), str(uuid4()), INVALID_SPAN, INVALID_SPAN_CONTEXT],
    ids=["none", "id", "text", "span", "context"],
)
def test_what_is_not_known_is_a_warning(
    unknown: Any, tracing: Tracing, caplog: pytest.LogCaptureFixture
) -> None:
    """An application that is not traced, or forgot the run, goes on."""
    assert not record_evaluation(unknown, "tone", score=1)
    (warning,) = caplog.records
    assert repr(unknown) in warning.getMessage()
    assert "'tone'" in warning.getMessage()
    assert not tracing.logs
    assert not tracing.spans


TRACE: Final = "a" * 32
SPAN: Final = "b" * 16


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ("ticket 4711", ValueError),
        ("", ValueError),
        ("0" * 32, ValueError),
        ("a" * 31, ValueError),
        ("g" * 32, ValueError),
        (SPAN, ValueError),
        (f"00-{'0' * 32}-{SPAN}-01", ValueError),
        (f"00-{TRACE}-{'0' * 16}-01", ValueError),
        (f"ff-{TRACE}-{SPAN}-01", ValueError),
        (f"00-{TRACE}-{SPAN}", ValueError),
        (f"00-{TRACE}-{SPAN}-01-more", ValueError),
        (0, ValueError),
        (-1, ValueError),
        (2**128, ValueError),
        (True, TypeError),
        (1.5, TypeError),
        (b"bytes", TypeError),
        (["a", "list"], TypeError),
        (("tenant", 7), TypeError),
    ],
    ids=repr,
)
def test_what_names_nothing_is_an_error(
    wrong: Any, error: type[Exception], tracing: Tracing
) -> None:
    """The message has the value, and what it may be."""
    with pytest.raises(error, match="traceparent") as raised:
        record_evaluation(wrong, "tone", score=1)
    assert repr(wrong) in str(raised.value)
    assert not tracing.logs


def test_a_run_that_was_forgotten(
    tracing: Tracing, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its id is of no use any more; the text that was kept with the answer is."""
    monkeypatch.setattr(RUNS, "_max_ended", 2)
    run_id = uuid4()
    step = RunnableLambda(lambda value: value, name="step")
    step.invoke(1, {"run_id": run_id})
    kept = traceparent_of(run_id)
    for _ in range(2):
        step.invoke(1)
    assert not record_evaluation(run_id, "tone", score=1)
    assert "traceparent" in caplog.records[0].getMessage()
    assert record_evaluation(kept, "tone", score=1)
    assert judged(tracing) == [ids(tracing.spans[0].get_span_context())]


def test_an_evicted_run() -> None:
    """A run whose span was ended to make room is judged like any other that ended."""
    tracing, run_id = Tracing(), uuid4()
    with instrumented(tracing, max_open_runs=1):

        def outer(_: Any) -> None:
            RunnableLambda(lambda value: value, name="inner").invoke(1)
            assert record_evaluation(run_id, "tone", score=1)

        RunnableLambda(outer, name="outer").invoke(1, {"run_id": run_id})
    assert judged(tracing) == [ids(tracing.span("invoke_workflow outer").get_span_context())]
    health.failures.clear()


@pytest.mark.parametrize("is_open", [True, False], ids=["open", "ended"])
def test_two_recorders(is_open: bool) -> None:
    """Each of them has the evaluation, with the ids that its own backend knows."""
    first, second, run_id = Tracing(), Tracing(), uuid4()
    handler = OpenTelemetryCallbackHandler(
        tracer_provider=second.tracer_provider, logger_provider=second.logger_provider
    )

    def body(_: Any) -> None:
        if is_open:
            assert record_evaluation(run_id, "tone", score=1)

    with instrumented(first):
        for _ in range(3):  # the application may use an id again
            RunnableLambda(body).invoke(1, {"run_id": run_id, "callbacks": [handler]})
        if not is_open:
            assert record_evaluation(run_id, "tone", score=1)
    for tracing in (first, second):
        spans = [ids(span.get_span_context()) for span in tracing.spans]
        assert judged(tracing) == (spans if is_open else spans[-1:])


def test_threads(tracing: Tracing) -> None:
    """Many may judge at once, while runs start and end."""
    run_ids = [uuid4() for _ in range(20)]
    step = RunnableLambda(lambda value: value, name="step")
    for run_id in run_ids:
        step.invoke(1, {"run_id": run_id})
    texts = [traceparent_of(run_id) for run_id in run_ids]

    def judge() -> None:
        for text in texts:
            record_evaluation(text, "tone", score=1)
            step.invoke(1)

    threads = [threading.Thread(target=judge) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    wanted = [ids(span_context_of(run_id)) for run_id in run_ids]
    assert sorted(judged(tracing)) == sorted(wanted * 4)


async def test_async(tracing: Tracing) -> None:
    """In a coroutine it is the run of that coroutine."""

    async def body(_: Any) -> None:
        assert record_evaluation(current_run_id(), "tone", score=1)

    await RunnableLambda(body, name="body").abatch([1, 2, 3])
    spans = [ids(span.get_span_context()) for span in tracing.spans]
    assert sorted(judged(tracing)) == sorted(spans)


def test_a_handler_passed_by_hand() -> None:
    """Its own providers take the evaluation, also by traceparent."""
    tracing, run_id = Tracing(), uuid4()
    handler = OpenTelemetryCallbackHandler(
        tracer_provider=tracing.tracer_provider, logger_provider=tracing.logger_provider
    )
    RunnableLambda(lambda value: value).invoke(1, {"run_id": run_id, "callbacks": [handler]})
    assert record_evaluation(traceparent_of(run_id), "tone", score=1)
    assert judged(tracing) == [ids(tracing.spans[0].get_span_context())]


def test_without_providers_it_says_so() -> None:
    """A process that has set up nothing hears of it, and LangChain is not imported."""
    program = (
        "import json, sys, langchain_otel\n"
        f"done = langchain_otel.record_evaluation('00-{TRACE}-{SPAN}-01', 'tone', score=1)\n"
        "print(json.dumps([done, 'langchain_core' in sys.modules]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [False, False]
    assert "configure()" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_current_span_of_is_a_target(tracing: Tracing) -> None:
    """What a callback handler of the user's has is enough."""
    seen = []

    def body(_: Any) -> None:
        seen.append(current_span_of(current_run_id()))  # type: ignore[arg-type]

    RunnableLambda(body, name="body").invoke(1)
    assert record_evaluation(seen[0], "tone", score=1)
    assert judged(tracing) == [ids(tracing.span("invoke_workflow body").get_span_context())]
