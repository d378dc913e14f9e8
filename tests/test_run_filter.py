"""What a filter leaves out: single runs, or everything from a run on down."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest
from langchain_core.callbacks import dispatch_custom_event
from langchain_core.embeddings import FakeEmbeddings
from langchain_core.runnables import Runnable, RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from approvals import answer, config_of, in_node
from langchain_otel import (
    OpenTelemetryCallbackHandler,
    RunView,
    current_span_of,
    diagnose,
    record_evaluation,
    semconv,
    span_context_of,
)
from marked_graph import marked_graph
from models import Model, Retriever, calls, says
from models import ScriptedModel as Scripted
from priced import price_file
from recording import MARKER, Tracing, instrumented
from shown import executed, logged
from versions import create_agent

pytestmark = pytest.mark.usefixtures("wrapped_once")

DURATION: Final = "gen_ai.client.operation.duration"
WORDS: Final[dict[str, tuple[Any, Any]]] = {
    "bool": (True, False),
    "words": ("keep", "leave_out_run"),
}


def without(*names: str, answer: Any = False) -> Callable[[RunView], Any]:
    """A filter that leaves out runs of these names or kinds."""
    return lambda run: answer if {run.name, run.kind} & {*names} else True


def silent(*names: str) -> Callable[[RunView], Any]:
    return without(*names, answer="leave_out_trace")


def program(tracing: Tracing) -> Runnable[Any, Any]:
    """A chain of a step that calls a graph, whose node calls a model; each body makes a span."""

    graph = marked_graph(tracing)

    def outer(text: Any) -> Any:
        tracing.mark("in outer")
        return graph.invoke({"messages": [("user", text)]})

    return RunnableLambda(str.strip, name="strip") | RunnableLambda(outer, name="outer")


WHOLE: Final = """\
invoke_workflow
  strip
  outer
    in outer
    invoke_workflow steps
      node
        in node
        mine
          chat"""
TREES: Final[dict[str, tuple[Any, str]]] = {
    "nothing": (without(), WHOLE),
    "a step": (without("strip"), WHOLE.replace("  strip\n", "")),
    "the graph": (
        without("steps"),
        """\
invoke_workflow
  strip
  outer
    in outer
    node
      in node
      mine
        chat""",
    ),
    "the graph and its node": (
        without("steps", "node", "outer"),
        """\
invoke_workflow
  strip
  in outer
  in node
  mine
    chat""",
    ),
    "the root": (
        without("RunnableSequence"),
        """\
strip
outer
  in outer
  invoke_workflow steps
    node
      in node
      mine
        chat""",
    ),
    "the model": (without("model"), WHOLE.replace("\n          chat", "")),
    "from the graph on": (
        silent("steps"),
        """\
invoke_workflow
  strip
  outer
    in outer
    in node
    mine""",
    ),
    "all": (silent("RunnableSequence"), "in outer\nin node\nmine"),
}


@pytest.mark.parametrize("case", TREES)
def test_trees(case: str, mode: str) -> None:
    """What hangs under a run that is left out hangs above it, the application's spans too."""
    run_filter, tree = TREES[case]
    tracing = Tracing()
    with instrumented(tracing, run_filter=run_filter):
        executed(program(tracing), " hello ", mode)
    assert tracing.tree() == tree


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("way", ["instrumentor", "handler"])
def test_answers(words: str, way: str) -> None:
    """True is `keep`, False is `leave_out_run`."""
    keep, leave_out = WORDS[words]
    run_filter: Any = lambda run: leave_out if run.kind == "chain" else keep  # noqa: E731
    chain = RunnableLambda(str.strip) | Model()
    tracing = Tracing()
    if way == "instrumentor":
        with instrumented(tracing, run_filter=run_filter):
            chain.invoke("hello")
    else:
        handler = OpenTelemetryCallbackHandler(tracing.tracer_provider, run_filter=run_filter)
        chain.invoke("hello", {"callbacks": [handler]})
    assert tracing.tree() == "invoke_workflow\n  chat"


@pytest.mark.parametrize("given", [None, "trace", 1, [], "KEEP"], ids=repr)
def test_wrong_answers_keep(
    given: Any,
    failures: Mapping[str, int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The run is recorded, and the log says once what is wrong."""
    tracing = Tracing()
    with instrumented(tracing, run_filter=lambda _: given):
        Model().invoke("hello")
        Model().invoke("hello")
    assert tracing.names() == ["chat", "chat"]
    assert list(failures.values()) == [2]
    (message,) = logged(caplog)
    assert type(given).__name__ in message
    assert "the run is recorded" in message


def test_with_detail() -> None:
    """Both leave out; a filter hears of runs that `detail` leaves out, and may leave out more."""
    asked: list[str] = []

    def run_filter(run: RunView) -> Any:
        asked.append(run.name)
        return "leave_out_trace" if run.name == "inner" else True

    inner = RunnableLambda(Model().invoke, name="inner")
    chain = RunnableLambda(str.strip, name="strip") | RunnableParallel(a=inner, b=Model())
    tracing = Tracing()
    with instrumented(tracing, run_filter=run_filter, detail="semantic"):
        chain.invoke(" hello ")
    assert tracing.tree() == "invoke_workflow\n  chat"
    assert {"strip", "inner"} <= {*asked}


# Threads, tasks, other runs around


@pytest.mark.parametrize("way", ["context", "config", "late"])
def test_threads_belong_to_what_is_left_out(way: str) -> None:
    """A thread inside is known by its context, or by the parent that LangChain names."""

    def body(text: str, config: Any) -> str:
        run = otel_context.get_current() if way == "context" else None
        given = config if way != "context" else None

        def work() -> None:
            if run is not None:
                otel_context.attach(run)
            Model().invoke(text, given)

        late.append(work)
        if way != "late":
            with ThreadPoolExecutor(1) as pool:
                pool.submit(work).result()
        return text

    late: list[Callable[[], None]] = []
    tracing = Tracing()
    with instrumented(tracing, run_filter=silent("hidden")):
        RunnableLambda(body, name="hidden").invoke("hello")
        if way == "late":
            thread = threading.Thread(target=late[0])
            thread.start()
            thread.join()
        Model().invoke("another")
    assert tracing.tree() == "chat"


def test_what_starts_later_in_a_task_is_recorded() -> None:
    """A task that a trace that is left out has started goes on without it."""

    async def worker(go_on: asyncio.Event) -> None:
        await go_on.wait()
        await Model().ainvoke("job")

    async def main() -> None:
        go_on = asyncio.Event()

        async def body(text: str) -> asyncio.Task[None]:
            return asyncio.create_task(worker(go_on))

        task = await RunnableLambda(body, name="hidden").ainvoke("hello", {"callbacks": []})
        go_on.set()
        await task

    tracing = Tracing()
    # LangChain names a parent for what runs in its own context: there is none here.
    with instrumented(tracing, run_filter=silent("hidden")):
        asyncio.run(main())
    assert not tracing.spans


def test_batches_are_filtered_one_by_one() -> None:
    """Each run of a batch is a trace, and is asked about alone."""
    run_filter: Any = lambda run: "leave_out_trace" if "probe" in run.tags else True  # noqa: E731
    chain = RunnableLambda(str.strip) | Model()
    configs: Any = [{"tags": ["probe"]}, {}, {"tags": ["probe"]}]
    tracing = Tracing()
    with instrumented(tracing, run_filter=run_filter):
        chain.batch(["a", "b", "c"], configs)
        asyncio.run(chain.abatch(["a", "b", "c"], configs))
    assert tracing.tree() == "\n".join(["invoke_workflow\n  strip\n  chat"] * 2)


def test_model_called_plainly_in_a_body() -> None:
    """What LangChain gives a parent further up, or none, belongs to the body that it runs in."""

    class Asking(Model):
        def _generate(self, *args: Any, **options: Any) -> Any:
            Retriever().invoke("inside")
            return super()._generate(*args, **options)

    tracing = Tracing()
    with instrumented(tracing, run_filter=silent("Asking")):
        (RunnableLambda(str.strip, name="strip") | Asking()).invoke("hello")
        Asking().invoke("hello")
    assert tracing.tree() == "invoke_workflow\n  strip"


def test_embeddings_and_mcp_calls_are_asked_about() -> None:
    """Calls that LangChain reports no run of are runs to a filter."""
    step = RunnableLambda(FakeEmbeddings(size=2).embed_query, name="step")
    for run_filter in (without("embeddings"), silent("step")):
        tracing = Tracing()
        with instrumented(tracing, run_filter=run_filter):
            (RunnableLambda(str.strip, name="strip") | step).invoke("hello")
        assert "embeddings" not in tracing.tree()


def test_model_called_in_a_call_that_is_left_out() -> None:
    """LangChain knows nothing of the call, and the runs inside belong to it all the same."""

    class Asking(FakeEmbeddings):
        def embed_query(self, text: str) -> list[float]:
            Model().invoke(text)
            FakeEmbeddings(size=1).embed_documents([text])
            return super().embed_query(text)

    embeddings = Asking(size=2)
    tracing = Tracing()
    with instrumented(tracing, run_filter=silent("Asking")):
        (RunnableLambda(str.strip) | RunnableLambda(embeddings.embed_query, name="step")).invoke(
            "x"
        )
        embeddings.embed_query("x")
        Model().invoke("x")
    assert tracing.tree() == "invoke_workflow\n  strip\n  step\nchat"


# Several recorders


@pytest.mark.parametrize("hides", ["instrumentor", "handler"])
@pytest.mark.parametrize("kind", ["leave_out_run", "leave_out_trace"])
def test_two_recorders_are_filtered_each_for_itself(hides: str, kind: Any) -> None:
    """Where one leaves a run out, the other's span of it is current in its body."""
    one, other = Tracing(), Tracing()
    filters = {"instrumentor": None, "handler": None, hides: lambda _: kind}

    class Marking(Model):
        def _generate(self, *args: Any, **options: Any) -> Any:
            (other if hides == "instrumentor" else one).mark()
            return super()._generate(*args, **options)

    handler = OpenTelemetryCallbackHandler(other.tracer_provider, run_filter=filters["handler"])
    with instrumented(one, run_filter=filters["instrumentor"]):
        (RunnableLambda(str.strip) | Marking()).invoke(" hello ", {"callbacks": [handler]})
    whole, left = (other, one) if hides == "instrumentor" else (one, other)
    assert whole.tree() == f"invoke_workflow\n  strip\n  chat\n    {MARKER}"
    assert not left.spans


@pytest.mark.parametrize("hides", ["instrumentor", "handler", "neither"])
def test_what_starts_after_its_parent_has_ended(hides: str) -> None:
    """Each recorder goes on as it recorded the parent: in its trace, or not at all."""
    late: list[Callable[[], Any]] = []

    def body(text: str, config: Any) -> str:
        late.append(lambda: Model().invoke(text, config))
        return text

    tracings = {"instrumentor": Tracing(), "handler": Tracing()}
    filters = {name: silent("over") if name == hides else without() for name in tracings}
    provider = tracings["handler"].tracer_provider
    handler = OpenTelemetryCallbackHandler(provider, run_filter=filters["handler"])
    with instrumented(tracings["instrumentor"], run_filter=filters["instrumentor"]):
        RunnableLambda(body, name="over").invoke("hello", {"callbacks": [handler]})
        late[0]()
    for name, tracing in tracings.items():
        assert tracing.tree() == ("" if name == hides else "invoke_workflow over\n  chat")


# What is counted


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def agent() -> Any:
    answers = [calls("add", a=1, b=2), says("3")]
    return create_agent(Scripted(answers=answers), [add], name="calculator")


QUESTION: Final[Any] = {"messages": [("user", "1 + 2?")]}


@pytest.mark.parametrize(
    "run_filter", [None, without("model", "tool", "chain")], ids=["all", "few"]
)
def test_totals_count_what_is_left_out(run_filter: Any) -> None:
    """The agent's tokens and the metrics are the same with the spans of its parts and without."""
    tracing = Tracing()
    with instrumented(tracing, run_filter=run_filter):
        agent().invoke(QUESTION)
    attributes = tracing.span("invoke_agent calculator").attributes or {}
    assert attributes[semconv.GEN_AI_USAGE_INPUT_TOKENS] == 8
    assert attributes[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == 6
    counts = {
        (point.attributes or {})[semconv.GEN_AI_OPERATION_NAME]: point.count
        for point in tracing.points(DURATION)
    }
    assert counts["chat"] == 2
    assert run_filter is None or len(tracing.spans) == 1


def test_totals_without_metrics() -> None:
    """Nobody measures, and the agent still says what its parts used."""
    tracing = Tracing()
    tracing.meter_provider = None  # type: ignore[assignment]
    with instrumented(tracing, run_filter=without("model", "chain")):
        agent().invoke(QUESTION)
    attributes = tracing.span("invoke_agent calculator").attributes or {}
    assert attributes[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == 6


def test_agent_that_is_left_out_adds_to_the_one_around() -> None:
    """The sums of an inner agent go to the outer one, whether or not it has a span."""

    @tool
    def ask(question: str) -> str:
        """Ask another agent."""
        return str(agent().invoke(QUESTION)["messages"][-1].content)

    found = []
    for run_filter in (None, without("calculator")):
        answers = [calls("ask", question="?"), says("3")]
        outer = create_agent(Scripted(answers=answers), [ask], name="outer")
        tracing = Tracing()
        with instrumented(tracing, run_filter=run_filter):
            outer.invoke(QUESTION)
        attributes = tracing.span("invoke_agent outer").attributes or {}
        found.append((len(tracing.spans), attributes[semconv.GEN_AI_USAGE_INPUT_TOKENS]))
    (whole, tokens), (left, same) = found
    assert (left, same) == (whole - 1, tokens)


def test_cost_counts_what_is_left_out(tmp_path: Path) -> None:
    """A workflow says what its model calls cost, though they have no spans."""
    from priced import Seller, used

    costs = []
    for run_filter in (None, without("model", "step")):
        tracing = Tracing()
        step = RunnableLambda(Seller(usage=used(1_000, 100)).invoke, name="step")
        with instrumented(tracing, cost=price_file(tmp_path), run_filter=run_filter):
            (RunnableLambda(str.strip) | step).invoke("hello")
        costs.append((tracing.span("invoke_workflow").attributes or {})[semconv.COST_TOTAL])
    assert costs == [0.0028, 0.0028]


def test_branch_that_is_left_out_is_not_counted() -> None:
    """Below a run that is left out with all below it, nothing is recorded anywhere."""
    tracing = Tracing()
    with instrumented(tracing, run_filter=silent("model"), emit_event=True):
        agent().invoke(QUESTION)
    attributes = tracing.span("invoke_agent calculator").attributes or {}
    assert attributes.get(semconv.GEN_AI_USAGE_INPUT_TOKENS) in {None, 0}
    assert "chat" not in {
        (point.attributes or {}).get(semconv.GEN_AI_OPERATION_NAME)
        for measured in tracing.metrics().values()
        for point in measured.points
    }
    assert not tracing.logs


# Errors, events, links, evaluations


def fails(_: Any) -> Any:
    raise ValueError("no luck")


@pytest.mark.parametrize("left_out", ["leave_out_run", "leave_out_trace"])
def test_error_is_that_of_the_runs_around(left_out: str) -> None:
    """The run around has the exception, once; caught on the way, nothing is said of it."""
    step = RunnableLambda(fails, name="step")
    caught = step.with_fallbacks([RunnableLambda(lambda _: "saved")])
    tracing = Tracing()
    with instrumented(tracing, run_filter=without("step", answer=left_out)):
        with pytest.raises(ValueError, match="no luck"):
            (RunnableLambda(str.strip) | step).invoke("hello")
        caught.invoke("hello")
        with pytest.raises(ValueError, match="no luck"):
            step.invoke("hello")
    failed, saved = (span for span in tracing.spans if span.parent is None)
    assert failed.status.status_code is StatusCode.ERROR
    assert [event.name for event in failed.events] == [semconv.EVENT_EXCEPTION]
    assert saved.status.status_code is StatusCode.UNSET
    assert len(tracing.logs) == 1


@pytest.mark.parametrize(
    ("run_filter", "expected"),
    [
        (without("inner"), ["mine"]),
        (silent("inner"), []),
        (without("inner", "RunnableSequence"), []),
    ],
    ids=["run", "trace", "root"],
)
def test_events_of_runs_that_are_left_out(run_filter: Any, expected: list[str]) -> None:
    """They stand on the nearest span of ours around, never on one of the application's."""

    def inner(text: str) -> str:
        dispatch_custom_event("mine", {"text": text})
        return text

    chain = RunnableLambda(str.strip) | RunnableLambda(inner, name="inner")
    tracing = Tracing()
    with instrumented(tracing, run_filter=run_filter), tracing.user_span("outer") as outer:
        chain.invoke("hello")
    assert not tracing.span("outer").events
    found = [
        (event.attributes or {})[semconv.EVENT_NAME]
        for span in tracing.spans
        for event in span.events
    ]
    assert found == expected
    assert outer.get_span_context().is_valid


@pytest.mark.parametrize("left_out", ["leave_out_run", "leave_out_trace"])
@pytest.mark.parametrize("stage", ["paused", "resumed", "both"])
def test_pauses_and_resumes(left_out: str, stage: str) -> None:
    """What is left out neither links nor is linked to, and the application's spans have no link."""
    graph = in_node(InMemorySaver())
    tracing = Tracing()
    hidden: Any = without("approval", answer=left_out)
    with tracing.user_span("outer"):
        with instrumented(tracing, run_filter=None if stage == "resumed" else hidden):
            graph.invoke({"text": ""}, config_of("t"))
        with instrumented(tracing, run_filter=None if stage == "paused" else hidden):
            graph.invoke(answer(graph, "t"), config_of("t"))
    assert graph.get_state(config_of("t")).values["text"] == "yes"
    assert [span.name for span in tracing.spans if span.links] == []


def test_tool_has_no_link_to_a_model_that_is_left_out() -> None:
    """The span that the model would have had is not there to be linked to."""
    tracing = Tracing()
    with instrumented(tracing, run_filter=without("model")):
        agent().invoke(QUESTION)
    assert not tracing.span("execute_tool add").links


def test_evaluation_of_a_trace_that_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """There is no such run to judge, open or ended, and the log says so."""
    ids: list[Any] = []

    def run_filter(run: RunView) -> Any:
        ids.append(run.run_id)
        return "leave_out_trace"

    def judge(text: str) -> str:
        assert current_span_of(ids[0]) is trace.INVALID_SPAN
        assert span_context_of(ids[0]) is None
        assert not record_evaluation(ids[0], "relevance", score=1.0)
        return text

    tracing = Tracing()
    with instrumented(tracing, run_filter=run_filter), tracing.user_span("outer"):
        RunnableLambda(judge).invoke("hello")
        assert not record_evaluation(ids[0], "relevance", score=1.0)
    assert not tracing.logs
    assert len(logged(caplog)) == 2


def test_the_doctor_takes_no_sampler_for_the_cause() -> None:
    """What a filter leaves out is not what a sampler drops."""
    with instrumented(Tracing(), run_filter=lambda _: "leave_out_trace"):
        Model().invoke("hello")
        found = diagnose().findings
    assert found
    assert not [each for each in found if "sampled" in each.sentence]


def test_other_instrumentations_record_what_is_left_out() -> None:
    """A provider's instrumentation is told to make no span only where we record the call."""
    genai = pytest.importorskip("opentelemetry.util.genai.invocation")
    key: Any = getattr(genai, "CLIENT_INFERENCE_CONTEXT_KEY", None)
    if key is None:
        pytest.skip("an older version has no mark")
    seen: list[bool] = []

    class Looking(Model):
        def _generate(self, *args: Any, **options: Any) -> Any:
            seen.append(otel_context.get_value(key) is not None)
            return super()._generate(*args, **options)

    for answered in (True, False, "leave_out_trace"):
        with instrumented(Tracing(), run_filter=lambda _, answered=answered: answered):
            Looking().invoke("hello")
    assert seen == [True, True, False]


def test_tags_and_metadata_go_to_those_who_have_a_span() -> None:
    """What was said of a root that is left out is said of the runs below."""
    config: Any = {"tags": ["mine"], "metadata": {"tenant": "acme"}}
    tracing = Tracing()
    with instrumented(tracing, run_filter=without("RunnableSequence")):
        (RunnableLambda(str.strip) | Model()).invoke("hello", config)
    for span in tracing.spans:
        attributes = span.attributes or {}
        assert attributes[semconv.TAGS] == ("mine",)
        assert attributes[semconv.METADATA + "tenant"] == "acme"


def test_retries_and_their_attempts() -> None:
    """An attempt is numbered among all, whichever are left out."""
    attempts: list[int] = []

    def flaky(text: str) -> str:
        attempts.append(1)
        if len(attempts) < 3:
            raise ValueError("again")
        return text

    def first_is_left_out(run: RunView) -> bool:
        return run.name != "flaky" or len(attempts) != 1

    step = RunnableLambda(flaky, name="flaky").with_retry(
        stop_after_attempt=3, wait_exponential_jitter=False
    )
    tracing = Tracing()
    with instrumented(tracing, run_filter=first_is_left_out):
        assert step.invoke("hello") == "hello"
    numbers = [(span.attributes or {}).get(semconv.RETRY_ATTEMPT) for span in tracing.spans]
    assert 3 in numbers
    assert 2 not in numbers


def test_streams_that_are_left(mode: str) -> None:
    """A stream of a run that is left out, closed early, leaves nothing behind."""
    tracing = Tracing()
    for answered in (False, "leave_out_trace"):
        with instrumented(tracing, run_filter=lambda _, answered=answered: answered):
            stream = Model().stream("hello")
            next(stream)
            stream.close()  # type: ignore[attr-defined]
            executed(Model(), "hello", mode)
    assert not tracing.spans


def test_content_of_what_is_left_out_goes_nowhere() -> None:
    """Neither to spans nor to log records nor to the completion hook."""
    seen: list[Any] = []

    class Hook:
        def on_completion(self, *_: Any, **content: Any) -> None:
            seen.append(content)

    tracing = Tracing()
    options: Any = {"capture_message_content": "SPAN_AND_EVENT", "completion_hook": Hook()}
    with instrumented(tracing, run_filter=without("model"), **options):
        (RunnableLambda(str.strip) | Model()).invoke("hello")
    assert not seen
    assert not tracing.logs
    assert semconv.GEN_AI_INPUT_MESSAGES not in (tracing.span("strip").attributes or {})
