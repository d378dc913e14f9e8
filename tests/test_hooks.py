"""Functions that the user gives: hooks of spans, and names of spans."""

import threading
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, Final

import pytest
from langchain_core.embeddings import FakeEmbeddings
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import Span, Status, StatusCode

from langchain_otel import (
    LangChainInstrumentor,
    OpenTelemetryCallbackHandler,
    RunView,
    diagnose,
    semconv,
)
from langchain_otel.runs.store import RUNS
from models import Model, Retriever, StreamingModel, calls, says
from models import ScriptedModel as Scripted
from recording import Tracing, instrumented
from shown import logged
from versions import create_agent

FUNCTIONS: Final = ("request_hook", "response_hook", "span_name", "run_filter")
CONTENT: Final = {"capture_message_content": "SPAN_ONLY"}


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class Views:
    """The views that a response hook is given, by kind."""

    def __init__(self) -> None:
        self.of: dict[str, RunView] = {}
        self.order: list[str] = []
        self.told: dict[str, SimpleNamespace] = {}

    def __call__(self, _: Span, run: RunView) -> None:
        self.of[run.kind] = run
        self.order.append(run.kind)
        names = [name for name in vars(RunView) if not name.startswith("_")]
        self.told[run.kind] = SimpleNamespace(**{name: getattr(run, name) for name in names})


@pytest.mark.parametrize("way", ["instrumentor", "handler"])
def test_hooks_are_options_of_every_way_in(way: str) -> None:
    """A hook sets attributes, events, the status and the name; all of it stays."""

    def request_hook(span: Span, run: RunView) -> None:
        span.set_attribute("app.kind", run.kind)
        span.add_event("app.begins")
        span.update_name(f"mine {run.span_name}")

    def response_hook(span: Span, run: RunView) -> None:
        span.set_attribute("app.seconds", run.duration or -1)
        span.set_status(Status(StatusCode.ERROR, "not good enough"))

    tracing = Tracing()
    hooks: Any = {"request_hook": request_hook, "response_hook": response_hook}
    if way == "instrumentor":
        with instrumented(tracing, **hooks):
            Model().invoke("hello")
    else:
        handler = OpenTelemetryCallbackHandler(tracing.tracer_provider, **hooks)
        Model().invoke("hello", {"callbacks": [handler]})
    span = tracing.span("mine chat")
    attributes = span.attributes or {}
    assert attributes["app.kind"] == "model"
    assert float(str(attributes["app.seconds"])) > 0
    assert [event.name for event in span.events] == ["app.begins"]
    assert span.status.description == "not good enough"


def test_what_a_hook_sets_at_the_start_stays_at_the_end() -> None:
    """An attribute that the end of a run sets too is the user's, also if it was changed inside."""

    def request_hook(span: Span, _: RunView) -> None:
        span.set_attribute(semconv.GEN_AI_USAGE_OUTPUT_TOKENS, 7)
        span.set_attribute(semconv.GEN_AI_USAGE_INPUT_TOKENS, 7)

    class Changing(Model):
        def _generate(self, *args: Any, **options: Any) -> Any:
            trace.get_current_span().set_attribute(semconv.GEN_AI_USAGE_INPUT_TOKENS, 8)
            return super()._generate(*args, **options)

    tracing = Tracing()
    with instrumented(tracing, request_hook=request_hook):
        Changing().invoke("hello")
    attributes = tracing.span("chat").attributes or {}
    assert attributes[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == 7
    assert attributes[semconv.GEN_AI_USAGE_INPUT_TOKENS] == 8


def test_status_of_a_hook_stays_when_the_run_fails() -> None:
    """Whoever sets a status at the start has it, as with a span that the application makes."""

    def request_hook(span: Span, _: RunView) -> None:
        span.set_status(StatusCode.OK)

    tracing = Tracing()
    with instrumented(tracing, request_hook=request_hook), pytest.raises(ValueError, match="no"):
        Model(fails=ValueError("no")).invoke("hello")
    assert tracing.span("chat").status.status_code is StatusCode.OK


def test_views_say_what_runs() -> None:
    """Ids, kind, names, tags, metadata and class of every kind of run."""
    views = Views()
    tracing = Tracing()
    config: Any = {"run_name": "asked", "tags": ["mine"], "metadata": {"tenant": {"id": [1]}}}
    with instrumented(tracing, response_hook=views):
        (RunnableLambda(str.strip) | Retriever()).invoke(" hello ", config)
        agent = create_agent(Scripted(answers=[calls("add", a=1, b=2), says("3")]), [add], name="x")
        agent.invoke({"messages": [("user", "1 + 2?")]})
        FakeEmbeddings(size=1).embed_query("hello")
    assert set(views.of) == {
        *("workflow", "chain", "retriever"),
        *("agent", "model", "tool", "embeddings"),
    }
    root, retriever = views.told["workflow"], views.told["retriever"]
    assert (root.name, root.span_name) == ("asked", "invoke_workflow asked")
    assert root.parent_run_id is None
    assert retriever.parent_run_id == root.run_id
    assert retriever.owner_type is Retriever
    assert "mine" in retriever.tags
    assert retriever.metadata["tenant"] == {"id": [1]}
    assert views.told["tool"].name == "add"
    assert views.told["agent"].span_name == "invoke_agent x"
    assert views.told["embeddings"].owner_type is FakeEmbeddings


def test_views_are_read_only() -> None:
    """Nothing can be set, and what is changed is a copy: the application sees its own."""
    given: Any = {"tenant": {"name": "acme"}}
    state: Any = {"list": [1]}

    def hook(_: Span, run: RunView) -> None:
        for name in (each for each in vars(RunView) if not each.startswith("_")):
            with pytest.raises(AttributeError):
                setattr(run, name, None)
        with pytest.raises(TypeError):
            run.metadata["x"] = 1  # type: ignore[index]
        run.metadata["tenant"]["name"] = "other"
        for value in (run.inputs, run.result):
            if value is not None:
                value["list"].append(2)

    seen: list[Any] = []

    def body(value: Any, config: RunnableConfig) -> Any:
        seen.append(config["metadata"])
        return value

    step: Any = RunnableLambda(body)
    tracing = Tracing()
    options: Any = {**CONTENT, "capture_state": True}
    with instrumented(tracing, request_hook=hook, response_hook=hook, **options):
        result = step.invoke(state, {"metadata": given})
    assert result == state == {"list": [1]}
    assert seen[0]["tenant"] == given["tenant"] == {"name": "acme"}
    assert '"list":[1]' in str((tracing.spans[0].attributes or {})[semconv.STATE_INPUT])


def test_content_is_none_unless_spans_may_have_it() -> None:
    """Prompts, answers, arguments, results, documents, states and texts of errors."""
    failing = RunnableLambda(Model(fails=ValueError("secret")).invoke)
    for options in ({}, {"capture_message_content": "EVENT_ONLY"}):
        views = Views()
        with instrumented(Tracing(), response_hook=views, **options):
            Model().invoke("secret")
            add.invoke({"a": 1, "b": 2})
            Retriever().invoke("secret")
            with pytest.raises(ValueError, match="secret"):
                failing.invoke("secret")
        for told in views.told.values():
            assert told.inputs is told.result is told.error_message is None
            assert "secret" not in repr(told)
        assert views.told["model"].error_type == "ValueError"


def test_content_is_as_the_policy_leaves_it() -> None:
    """The values, by kind of run; `redact` sees the texts, and a switch leaves a kind out."""
    views = Views()
    redact = lambda text, _: text.replace("secret", "***")  # noqa: E731
    options: Any = {**CONTENT, "capture_state": True, "redact": redact}
    with instrumented(Tracing(), response_hook=views, **options):
        Model().invoke("a secret")
        add.invoke({"a": 1, "b": 2})
        Retriever().invoke("secret")
        (RunnableLambda(str.strip) | RunnableLambda(str.upper)).invoke(" my secret ")
    model, adding = views.told["model"], views.told["tool"]
    assert model.inputs == [{"role": "user", "parts": [{"type": "text", "content": "a ***"}]}]
    assert model.result[0]["parts"] == [{"type": "text", "content": "one two three"}]
    assert (adding.inputs, adding.result) == ({"a": 1, "b": 2}, 3)
    assert views.told["retriever"].inputs == "***"
    assert views.told["retriever"].result[0]["content"] == "about ***"
    assert views.told["workflow"].inputs == " my *** "
    assert views.told["workflow"].result == "MY SECRET"
    views = Views()
    with instrumented(Tracing(), response_hook=views, capture_tools=False, **CONTENT):
        add.invoke({"a": 1, "b": 2})
    assert views.told["tool"].inputs is views.told["tool"].result is None


async def test_streamed_chain_has_its_inputs_at_the_end() -> None:
    """LangChain reports what went into a streamed chain only when it ends."""
    views = Views()
    chain = RunnableLambda(str.strip) | RunnableLambda(str.upper)
    options: Any = {**CONTENT, "capture_state": True}
    with instrumented(
        Tracing(), request_hook=lambda _, run: run.inputs, response_hook=views, **options
    ):
        async for _ in chain.astream(" hello "):
            pass
    assert (views.told["workflow"].inputs, views.told["workflow"].result) == (" hello ", "HELLO")


def test_errors_and_outcomes() -> None:
    """A failure has its type and text, control flow an outcome; a tool may fail by its result."""
    views = Views()
    with instrumented(Tracing(), response_hook=views, **CONTENT):
        with pytest.raises(ValueError, match="no luck"):
            Model(fails=ValueError("no luck")).invoke("hello")
        stream: Any = StreamingModel().stream("hello")
        failed = views.told["model"]
        next(stream)
        stream.close()
    left = views.told["model"]
    assert (failed.error_type, failed.error_message, failed.outcome) == (
        "ValueError",
        "no luck",
        None,
    )
    assert failed.result is None
    assert (left.error_type, left.error_message, left.outcome) == (None, None, "closed")
    assert left.result[0]["parts"][0]["content"].startswith("one")


def test_interrupted_graph_has_its_outcome() -> None:
    """A graph that waits for a person has not failed."""
    graph: Any = StateGraph(MessagesState)
    graph.add_node("ask", lambda _: interrupt("may I?"))
    graph.add_edge(START, "ask")
    views = Views()
    with instrumented(Tracing(), response_hook=views):
        config: Any = {"configurable": {"thread_id": "t"}}
        graph.compile(checkpointer=InMemorySaver()).invoke({"messages": []}, config)
    assert views.told["workflow"].outcome == views.told["chain"].outcome == "interrupted"


def test_span_that_is_not_sampled_is_handed_out_too() -> None:
    """As OpenTelemetry's instrumentations do; it does not record."""
    seen: list[bool] = []
    hook = lambda span, run: seen.append(span.is_recording())  # noqa: E731
    tracing = Tracing()
    tracing.tracer_provider = TracerProvider(ALWAYS_OFF, shutdown_on_exit=False)
    with instrumented(tracing, request_hook=hook, response_hook=hook):
        Model().invoke("hello")
    assert seen == [False, False]


def test_span_that_has_ended_is_not_handed_out(caplog: pytest.LogCaptureFixture) -> None:
    """Somebody else may have ended it."""
    seen: list[RunView] = []

    class Ending(Model):
        def _generate(self, *args: Any, **options: Any) -> Any:
            trace.get_current_span().end()
            return super()._generate(*args, **options)

    with instrumented(Tracing(), response_hook=lambda _, run: seen.append(run)):
        Ending().invoke("hello")
    assert seen == []
    # The SDK warns of a second end.
    caplog.clear()


@pytest.mark.parametrize("detail", ["nodes", "semantic"])
def test_runs_without_a_span_call_no_hook(detail: str) -> None:
    """What `detail` leaves out is of no concern to hooks."""
    views = Views()
    with instrumented(Tracing(), response_hook=views, detail=detail):
        (RunnableLambda(str.strip) | Model() | StrOutputParser()).invoke("hello")
    assert views.order == ["model", "workflow"]


def test_each_recorder_has_its_own_hooks() -> None:
    """A handler beside the instrumentor: each hook is given its recorder's span of the run."""
    tracing, other = Tracing(), Tracing()

    def naming(name: str) -> Callable[[Span, RunView], None]:
        return lambda span, _: span.set_attribute("by", name)

    handler = OpenTelemetryCallbackHandler(other.tracer_provider, request_hook=naming("handler"))
    with instrumented(tracing, request_hook=naming("instrumentor")):
        (RunnableLambda(str.strip) | Model()).invoke("hello", {"callbacks": [handler]})
    assert [(span.attributes or {})["by"] for span in tracing.spans] == ["instrumentor"] * 3
    assert [(span.attributes or {})["by"] for span in other.spans] == ["handler"] * 3


# Names


def test_span_name_names_spans() -> None:
    """None leaves the name as it is; metrics and attributes are as they would be."""
    name = lambda run: f"{run.kind} of {run.name}" if run.kind == "model" else None  # noqa: E731
    tracing = Tracing()
    with instrumented(tracing, span_name=name):
        (RunnableLambda(str.strip) | Model()).invoke("hello")
    assert tracing.tree() == "invoke_workflow\n  strip\n  model of Model"
    attributes = tracing.span("model of Model").attributes or {}
    assert attributes[semconv.GEN_AI_OPERATION_NAME] == "chat"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("half \ud800", "half ?"),
        ("x" * 2_000, "x" * 1_024),
        (type("Text", (str,), {})("mine"), "mine"),
    ],
    ids=["half a character", "long", "a class of its own"],
)
def test_names_encode(given: str, expected: str) -> None:
    """A name that no exporter could send is made sound."""
    tracing = Tracing()
    with instrumented(tracing, span_name=lambda _: given):
        Model().invoke("hello")
    (span,) = tracing.spans
    assert (span.name, type(span.name)) == (expected, str)


@pytest.mark.parametrize("answer", [7, "", b"name", ["name"]], ids=repr)
def test_wrong_names_are_counted(
    answer: Any, failures: Mapping[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    """The span has its usual name, and the log says it once."""
    tracing = Tracing()
    with instrumented(tracing, span_name=lambda _: answer):
        Model().invoke("hello")
        Model().invoke("hello")
    assert tracing.names() == ["chat", "chat"]
    kind = f"an answer of the type {type(answer).__name__}"
    assert failures == {f"span_name:{kind}": 2}
    (message,) = logged(caplog)
    assert message.startswith(f"The function given as span_name failed ({kind}): the span has its")


# Failures


@pytest.mark.parametrize("option", FUNCTIONS)
def test_failing_function_is_counted(
    option: str, failures: Mapping[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    """The program goes on, the span is whole, and the log says it once without the text."""

    def fail(*_: Any) -> Any:
        raise LookupError("a secret prompt")

    tracing = Tracing()
    with instrumented(tracing, **{option: fail}):
        assert (Model() | StrOutputParser()).invoke("hello") == "one two three"
    assert tracing.tree() == "invoke_workflow\n  chat\n  StrOutputParser"
    assert failures == {f"{option}:LookupError": 3}
    (message,) = logged(caplog)
    assert message.startswith(f"The function given as {option} failed (LookupError): ")
    assert "secret" not in message


def test_doctor_tells_whose_failure_it_is(failures: Mapping[str, int]) -> None:
    """The user's to mend, not ours to be told of."""

    def fail(*_: Any) -> Any:
        raise LookupError

    with instrumented(Tracing(), request_hook=fail):
        Model().invoke("hello")
        (finding,) = (found for found in diagnose().findings if "LookupError" in found.sentence)
    assert finding.sentence == "The function given as request_hook failed once: LookupError."
    assert "report" not in finding.next_step


@pytest.mark.parametrize("option", FUNCTIONS)
def test_ctrl_c_passes(option: str) -> None:
    """What is no failure reaches the program, and leaves nothing open or current."""

    def stop(*_: Any) -> Any:
        raise KeyboardInterrupt

    tracing = Tracing()
    with instrumented(tracing, **{option: stop}):
        for program in (
            Model(),
            RunnableLambda(str.strip) | Model(),
            Retriever(),
            StreamingModel(),
        ):
            with pytest.raises(KeyboardInterrupt):
                program.invoke("hello")
            with pytest.raises(KeyboardInterrupt):
                list(program.stream("hello"))
            assert trace.get_current_span() is trace.INVALID_SPAN
    assert len(RUNS) == 0
    assert len(tracing.lives.started) == len(tracing.lives.ended)


@pytest.mark.parametrize("option", FUNCTIONS)
def test_runs_inside_a_function_call_none(option: str) -> None:
    """A hook that calls a model would call itself: the model is recorded, that is all."""
    called: list[None] = []

    def ask(*_: Any) -> Any:
        called.append(None)
        Model().invoke("is this good?")
        return None if option == "span_name" else True

    tracing = Tracing()
    with instrumented(tracing, **{option: ask}):
        Model().invoke("hello")
    assert len(called) == 1
    assert tracing.names() == ["chat", "chat"]


def test_threads_have_their_own(tracing: Tracing) -> None:
    """While one thread is in a hook, another one's hooks are called."""
    LangChainInstrumentor().uninstrument()
    inside, go_on = threading.Event(), threading.Event()
    seen: list[str] = []

    def hook(_: Span, run: RunView) -> None:
        seen.append(run.tags[0])
        if run.tags[0] == "first":
            inside.set()
            go_on.wait()

    with instrumented(tracing, request_hook=hook):
        first = threading.Thread(target=Model().invoke, args=("hello", {"tags": ["first"]}))
        first.start()
        inside.wait()
        Model().invoke("hello", {"tags": ["second"]})
        go_on.set()
        first.join()
    tracing.on()
    assert seen == ["first", "second"]


# Arguments


async def not_plain(*_: Any) -> None:
    """A hook that nobody would await."""


class NotPlain:
    async def __call__(self, *_: Any) -> None:
        """The same, as an object."""


@pytest.mark.parametrize("option", [*FUNCTIONS, "redact"])
@pytest.mark.parametrize("function", [not_plain, NotPlain()], ids=["function", "object"])
def test_async_functions_are_refused(option: str, function: Any) -> None:
    with pytest.raises(TypeError, match=f"{option} must not be an async function"):
        OpenTelemetryCallbackHandler(**{option: function})


@pytest.mark.parametrize("option", FUNCTIONS)
def test_what_is_no_function_is_refused(option: Any) -> None:
    with pytest.raises(TypeError, match=f"{option} must be a function of a"):
        OpenTelemetryCallbackHandler(**{option: "chat"})  # type: ignore[arg-type]


def test_view_kept_after_the_end_holds_on() -> None:
    """A view that a hook keeps says the same later on."""
    views = Views()
    with instrumented(Tracing(), response_hook=views, **CONTENT):
        Model().invoke("hello")
    kept, told = views.of["model"], views.told["model"]
    assert (kept.result, kept.duration, kept.inputs) == (told.result, told.duration, told.inputs)
