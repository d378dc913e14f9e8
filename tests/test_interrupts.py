"""A graph that asks a person something is interrupted, not failed; what goes on says from where."""

import json
from importlib.metadata import version
from time import time
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, interrupt
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from approvals import (
    DRIVES,
    NAME,
    QUESTION,
    START_INPUT,
    WAYS,
    act,
    answer,
    config_of,
    graph_of,
    in_node,
    invoke,
    prepare,
    twice,
)
from langchain_otel import LangChainInstrumentor, OpenTelemetryCallbackHandler, semconv
from observation import plain
from recording import Tracing, instrumented

ROOT = f"invoke_workflow {NAME}"
LANGGRAPH = tuple(int(number) for number in version("langgraph").split(".")[:2])


def roots(tracing: Tracing) -> list[ReadableSpan]:
    return [span for span in tracing.spans if span.parent is None]


def events(span: ReadableSpan) -> list[dict[str, Any]]:
    return [
        dict(event.attributes or {})
        for event in span.events
        if event.name == semconv.EVENT_INTERRUPT
    ]


def links(span: ReadableSpan) -> list[tuple[int, int, str]]:
    return [
        (
            link.context.trace_id,
            link.context.span_id,
            str((link.attributes or {})[semconv.LINK_TYPE]),
        )
        for link in span.links
    ]


def resumes(span: ReadableSpan) -> list[tuple[int, int, str]]:
    """The link that leads to the span."""
    context = span.get_span_context()
    assert context is not None
    return [(context.trace_id, context.span_id, semconv.RESUMES)]


def settled(graph: Any, way: str, thread: str) -> Any:
    """What makes the graph of a way go on."""
    if way in {"before", "after"}:
        return None
    if way == "exception":
        graph.update_state(config_of(thread), {"text": "approved"})
        return None
    return answer(graph, thread)


@pytest.mark.filterwarnings("ignore:NodeInterrupt is deprecated")
@pytest.mark.parametrize("drive", DRIVES.values(), ids=DRIVES)
@pytest.mark.parametrize("way", WAYS)
def test_an_interrupt_and_what_comes_after(tracing: Tracing, way: str, drive: Any) -> None:
    """Nothing is red; the root says how often and where; the next trace links back to it."""
    begin = time()
    build, count = WAYS[way]
    graph = build(InMemorySaver())
    drive(graph, START_INPUT, "thread")
    (first,) = roots(tracing)
    assert first.name == ROOT
    attributes = first.attributes or {}
    head = graph.get_state(config_of("thread"))
    checkpoint = head.config["configurable"]["checkpoint_id"]
    assert attributes[semconv.RUN_OUTCOME] == "interrupted"
    assert attributes[semconv.LANGGRAPH_CHECKPOINT_ID] == checkpoint
    assert events(first) == [
        {semconv.LANGGRAPH_CHECKPOINT_ID: checkpoint, semconv.LANGGRAPH_INTERRUPT_COUNT: count}
    ]
    assert first.links == ()
    given = settled(graph, way, "thread")
    drive(graph, given, "thread")
    (second,) = [span for span in roots(tracing) if span is not first]
    assert links(second) == resumes(first)
    assert semconv.RUN_OUTCOME not in (second.attributes or {})
    assert events(second) == []
    assert {span.status.status_code for span in tracing.spans} == {StatusCode.UNSET}
    assert QUESTION not in str([span.to_json() for span in tracing.spans])
    waited = (second.attributes or {})[semconv.LANGGRAPH_INTERRUPT_WAIT]
    assert isinstance(waited, float)
    assert 0 <= waited <= time() - begin


@pytest.mark.parametrize("drive", DRIVES.values(), ids=DRIVES)
@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
def test_every_durability(tracing: Tracing, durability: str, drive: Any) -> None:
    """However late LangGraph saves its checkpoints."""
    graph = in_node(InMemorySaver())
    drive(graph, START_INPUT, "thread", durability=durability)
    drive(graph, Command(resume="yes"), "thread", durability=durability)
    first, second = roots(tracing)
    assert links(second) == resumes(first)
    assert semconv.LANGGRAPH_INTERRUPT_WAIT in (second.attributes or {})


def test_an_interrupt_after_an_interrupt(tracing: Tracing) -> None:
    """Each continues the one before, though both were at the same checkpoint."""
    graph = twice(InMemorySaver())
    invoke(graph, START_INPUT, "thread")
    invoke(graph, Command(resume="a"), "thread")
    invoke(graph, Command(resume="b"), "thread")
    first, second, third = roots(tracing)
    assert links(second) == resumes(first)
    assert links(third) == resumes(second)
    outcomes = [(span.attributes or {}).get(semconv.RUN_OUTCOME) for span in roots(tracing)]
    assert outcomes == ["interrupted", "interrupted", None]


def test_a_new_turn_continues_nothing(tracing: Tracing) -> None:
    """Only a run that goes on has a link: new input is a new run of the same conversation."""
    graph = graph_of(prepare, act).compile(InMemorySaver(), name=NAME)
    invoke(graph, START_INPUT, "thread")
    invoke(graph, START_INPUT, "thread")
    invoke(graph, Command(update={"text": "x"}, goto="act"), "thread")
    first, second, third = roots(tracing)
    assert first.links == second.links == ()
    assert links(third) == resumes(second)
    assert semconv.LANGGRAPH_INTERRUPT_WAIT not in (third.attributes or {})


def test_going_on_after_a_failure(tracing: Tracing) -> None:
    """What goes on from where a run failed links to it, and nobody was waited for."""
    failures = [ValueError("once")]

    def fails(_: Any) -> Any:
        if failures:
            raise failures.pop()
        return {}

    graph = graph_of(prepare, fails).compile(InMemorySaver(), name=NAME)
    with pytest.raises(ValueError, match="once"):
        invoke(graph, START_INPUT, "thread")
    invoke(graph, None, "thread")
    first, second = roots(tracing)
    assert first.status.status_code is StatusCode.ERROR
    assert links(second) == resumes(first)
    assert semconv.LANGGRAPH_INTERRUPT_WAIT not in (second.attributes or {})


def test_a_state_changed_by_hand(tracing: Tracing) -> None:
    """`update_state` between the two leaves the link, and the time, as they are."""
    graph = in_node(InMemorySaver())
    invoke(graph, START_INPUT, "thread")
    graph.update_state(config_of("thread"), {"text": "changed"})
    invoke(graph, Command(resume="yes"), "thread")
    first, second = roots(tracing)
    assert links(second) == resumes(first)
    assert semconv.LANGGRAPH_INTERRUPT_WAIT in (second.attributes or {})


def test_another_conversation_is_another(tracing: Tracing) -> None:
    """Conversations side by side do not link to each other."""
    graph = in_node(InMemorySaver())
    for thread in ("one", "two"):
        invoke(graph, START_INPUT, thread)
    for thread in ("two", "one"):
        invoke(graph, Command(resume="yes"), thread)
    one, two, two_again, one_again = roots(tracing)
    assert links(one_again) == resumes(one)
    assert links(two_again) == resumes(two)


def test_without_a_checkpointer(tracing: Tracing) -> None:
    """A graph that cannot go on is interrupted all the same."""
    graph = graph_of(prepare, ask_without).compile(name=NAME)
    graph.invoke(START_INPUT)
    (root,) = roots(tracing)
    attributes = root.attributes or {}
    assert attributes[semconv.RUN_OUTCOME] == "interrupted"
    assert semconv.LANGGRAPH_CHECKPOINT_ID not in attributes
    assert len(events(root)) == 1


def ask_without(_: Any) -> Any:
    return {"text": interrupt(QUESTION)}


def test_the_question_is_content() -> None:
    """What a person is asked is recorded where content is, on the event of the interrupt."""
    tracing = Tracing()
    with instrumented(tracing, capture_message_content="SPAN_ONLY"):
        invoke(in_node(InMemorySaver()), START_INPUT, "thread")
    (event,) = events(roots(tracing)[0])
    assert json.loads(event[semconv.EVENT_DATA]) == [QUESTION]


def test_the_wait_is_measured() -> None:
    """One point for each run that was waited for, by the name of the graph."""
    tracing = Tracing()
    with instrumented(tracing):
        graph = in_node(InMemorySaver())
        begin = time()
        invoke(graph, START_INPUT, "thread")
        asked = time()
        assert semconv.METRIC_INTERRUPT_DURATION not in tracing.metrics()
        resumed = time()
        invoke(graph, Command(resume="yes"), "thread")
    (point,) = tracing.points(semconv.METRIC_INTERRUPT_DURATION)
    assert point.count == 1
    assert resumed - asked <= point.sum <= time() - begin
    assert dict(point.attributes) == {semconv.GEN_AI_WORKFLOW_NAME: NAME}


class Watching(InMemorySaver):
    """A checkpointer that notes what it is asked to save."""

    def __init__(self) -> None:
        super().__init__()
        self.saved: list[dict[str, Any]] = []

    def put(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
        self.saved.append(dict(metadata))
        return super().put(config, checkpoint, metadata, new_versions)


def story(saver: Any) -> list[Any]:
    """All that an application sees of an interrupted run, its state and its history."""
    graph = in_node(saver)
    modes: Any = ["values", "updates", "debug"]
    seen = list(graph.stream(START_INPUT, config_of("thread"), stream_mode=modes))
    seen.append(graph.get_state(config_of("thread")))
    graph.update_state(config_of("thread"), {"text": "changed"})
    modes_of_resume = graph.stream(Command(resume="yes"), config_of("thread"), stream_mode=modes)
    seen.extend(modes_of_resume)
    seen.extend(graph.get_state_history(config_of("thread")))
    seen.extend(saved.metadata for saved in saver.list(config_of("thread")))
    return seen


def test_the_application_does_not_see_it(tracing: Tracing) -> None:
    """Streams, states, histories and metadata are as they are without us."""
    with tracing.off():
        expected = story(InMemorySaver())
    assert [plain(item) for item in story(InMemorySaver())] == [plain(item) for item in expected]
    watching = Watching()
    assert [plain(item) for item in story(watching)] == [plain(item) for item in expected]
    assert any("langchain_otel" in metadata for metadata in watching.saved)


def test_what_was_saved_by_us_goes_on_without_us(tracing: Tracing) -> None:
    """A process that has no tracing goes on from a checkpoint of one that has, and back."""
    graph = twice(InMemorySaver())
    invoke(graph, START_INPUT, "thread")
    with tracing.off():
        state = graph.get_state(config_of("thread"))
        assert len(state.tasks) == 1
        invoke(graph, Command(resume="a"), "thread")
    invoke(graph, Command(resume="b"), "thread")
    assert graph.get_state(config_of("thread")).values == {"text": "ab"}
    first, second = roots(tracing)
    assert links(second) == resumes(first)


def test_nothing_is_stored_without_a_trace() -> None:
    """Where there is no provider there is nothing to lead back to."""
    LangChainInstrumentor().instrument()
    try:
        saver = Watching()
        invoke(in_node(saver), START_INPUT, "thread")
    finally:
        LangChainInstrumentor().uninstrument()
    assert not any("langchain_otel" in metadata for metadata in saver.saved)


def test_checkpointers_are_put_back() -> None:
    """Without us a checkpointer has the methods that it had, to the identical object."""
    classes = (InMemorySaver, Watching)
    before = [dict(vars(kind)) for kind in classes]
    with instrumented(Tracing()):
        assert vars(InMemorySaver)["put"] is not before[0]["put"]
    assert [dict(vars(kind)) for kind in classes] == before


@pytest.mark.skipif(LANGGRAPH < (1, 1), reason="this LangGraph has no lifecycle callbacks")
@pytest.mark.parametrize("drive", DRIVES.values(), ids=DRIVES)
def test_lifecycle_handlers_of_others(tracing: Tracing, drive: Any) -> None:
    """A handler of the application is told of the interrupt and the resume, beside ours."""
    from langgraph.callbacks import GraphCallbackHandler

    class Lifecycle(GraphCallbackHandler):
        def __init__(self) -> None:
            self.seen: list[str] = []

        def on_interrupt(self, event: Any) -> None:
            self.seen.append("interrupt")

        def on_resume(self, event: Any) -> None:
            self.seen.append("resume")

    lifecycle = Lifecycle()
    ours = OpenTelemetryCallbackHandler(tracer_provider=tracing.tracer_provider)
    graph = in_node(InMemorySaver()).with_config(callbacks=[ours, lifecycle])
    drive(graph, START_INPUT, "thread")
    drive(graph, Command(resume="yes"), "thread")
    assert lifecycle.seen == ["interrupt", "resume"]
    first, second = roots(tracing)
    assert links(second) == resumes(first)


@pytest.mark.parametrize(
    "stored", [None, 7, "x", {}, {"traceparent": 5}, {"traceparent": "00-0-0"}]
)
def test_what_is_stored_may_be_anything(tracing: Tracing, stored: Any) -> None:
    """Something else under our key is left out of account."""
    saver = InMemorySaver()
    graph = in_node(saver)
    with tracing.off():
        invoke(graph, START_INPUT, "thread")
        head = saver.get_tuple(config_of("thread"))
        assert head is not None
        metadata: Any = {**head.metadata, "langchain_otel": stored}
        parent = head.parent_config
        assert parent is not None
        parent["configurable"]["checkpoint_ns"] = ""
        saver.put(parent, head.checkpoint, metadata, {})
    invoke(graph, Command(resume="yes"), "thread")
    (root,) = roots(tracing)
    assert root.links == ()


def test_two_providers() -> None:
    """Each run has a span in both, and what goes on links to what the first one made of it."""
    one, two = Tracing(), Tracing()
    handler = OpenTelemetryCallbackHandler(tracer_provider=two.tracer_provider)
    with instrumented(one):
        graph = in_node(InMemorySaver()).with_config(callbacks=[handler])
        invoke(graph, START_INPUT, "thread")
        invoke(graph, Command(resume="yes"), "thread")
    for tracing in (one, two):
        first, second = roots(tracing)
        assert (first.attributes or {})[semconv.RUN_OUTCOME] == "interrupted"
        assert links(second) in (resumes(roots(one)[0]), resumes(roots(two)[0]))
