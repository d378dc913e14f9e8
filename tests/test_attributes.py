"""`attributes()`: what an application gives stands on every span inside, and nowhere else."""

import asyncio
import contextvars
import gc
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from enum import StrEnum
from typing import Any, Final

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.runnables import (
    RunnableConfig,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
)
from langchain_core.tools import tool
from langchain_core.vectorstores import InMemoryVectorStore
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, Send, interrupt
from opentelemetry import context, trace
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Decision, Sampler, SamplingResult

from langchain_otel import (
    OpenTelemetryCallbackHandler,
    attributes,
    conversation,
    health,
    semconv,
)
from models import Model, Retriever, ScriptedModel, StreamingModel, calls, says
from recording import Tracing, instrumented
from shown import executed
from versions import create_agent

TIER: Final = "tier"


@tool
def look_up(word: str) -> str:
    """Look a word up."""
    return word


def asking() -> Any:
    """A step that asks a model."""
    return RunnableLambda(lambda it: Model().invoke(it), name="asking")


def tiers(tracing: Tracing) -> list[Any]:
    """What the spans say, in their order of ending; None where they say nothing."""
    return [(span.attributes or {}).get(TIER) for span in tracing.spans]


def by_name(tracing: Tracing, attribute: str = TIER) -> dict[str, Any]:
    return {span.name: (span.attributes or {}).get(attribute) for span in tracing.spans}


def own(tracing: Tracing) -> dict[str, Any]:
    """What the only span has that is not the conventions' or ours."""
    (span,) = tracing.spans
    return {
        name: value
        for name, value in (span.attributes or {}).items()
        if not name.startswith(("gen_ai.", "langchain."))
    }


def test_every_span_inside(tracing: Tracing) -> None:
    """Of models, tools, retrievers, searches, embeddings and steps, at every depth."""
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=3))

    def body(text: str) -> str:
        store.similarity_search(text)
        Retriever().invoke(text)
        return str(look_up.invoke(str(Model().invoke(text).content)))

    chain: Any = RunnableLambda(body) | RunnableLambda(str.upper)
    with attributes({"app.tenant": "acme"}, tier="gold", beta=True, level=3, share=0.5):
        chain.invoke("hi")
    assert len(tracing.spans) >= 7
    for span in tracing.spans:
        found = dict(span.attributes or {})
        assert (found["app.tenant"], found[TIER]) == ("acme", "gold")
        assert (found["beta"], found["level"], found["share"]) == (True, 3, 0.5)


class Grade(StrEnum):
    """A text of a few."""

    GOLD = "gold"


@pytest.mark.parametrize(
    ("given", "recorded"),
    [
        ("gold", "gold"),
        ("", ""),
        (True, True),
        (7, 7),
        (2**70, str(2**70)),
        (0.5, 0.5),
        (["a", "b"], ("a", "b")),
        (("a",), ("a",)),
        ([True, False], (True, False)),
        ([1, 2], (1, 2)),
        ([0.5], (0.5,)),
        (range(3), (0, 1, 2)),
        ([], ()),
        (Grade.GOLD, "gold"),
        ("half \ud800", "half ?"),
        ("x" * 5_000, "x" * 1_024),
    ],
    ids=lambda value: str(type(value).__name__),
)
def test_values(given: Any, recorded: Any, tracing: Tracing) -> None:
    """Those that OpenTelemetry has, bounded and as every encoder takes them."""
    with attributes(tier=given):
        Model().invoke("hi")
    assert tiers(tracing) == [recorded]


def test_long_sequences_are_cut(tracing: Tracing) -> None:
    """It is counted that they were."""
    with attributes(tier=range(100)):
        Model().invoke("hi")
    assert tiers(tracing) == [tuple(range(64))]
    assert health.failures.pop("the limit of items in an attribute") == 1


def test_a_list_that_changes_later(tracing: Tracing) -> None:
    """A block has what it was given."""
    given = ["a"]
    with attributes(tier=given):
        given.append("b")
        Model().invoke("hi")
    assert tiers(tracing) == [("a",)]


class Unwritable:
    """Nothing that an attribute can have."""

    def __repr__(self) -> str:
        return "<it>"


@pytest.mark.parametrize(
    "wrong",
    [None, Unwritable(), b"gold", {"a": 1}, {"a"}, [1, "a"], [1, 0.5], [True, 1], [None], [["a"]]],
    ids=repr,
)
def test_wrong_values(wrong: Any) -> None:
    """The message names the attribute, the value and what is wanted."""
    mapping: Any
    for mapping, values in ((None, {TIER: wrong}), ({TIER: wrong}, {})):
        with pytest.raises(TypeError) as raised:
            attributes(mapping, **values)
        kind = type(wrong).__name__
        assert str(raised.value) == (
            "tier must be a str, a bool, an int, a float or a sequence of one of these; "
            f"got {wrong!r}, a {kind}"
        )


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({}, None, ""),
        (None, ValueError, "needs a mapping or values by name; got none"),
        (["tier"], TypeError, r"takes a mapping of names to values; got \['tier'\], a list"),
        ({7: "x"}, TypeError, "takes names that are a str; got 7, a int, for 'x'"),
        ({"": "x"}, ValueError, "takes names of 1 to 1024 characters; got '' for 'x'"),
        ({" ": "x"}, ValueError, "got ' ' for 'x'"),
        ({"n" * 1_025: "x"}, ValueError, "1 to 1024 characters"),
    ],
    ids=repr,
)
def test_wrong_names(wrong: Any, error: type[Exception] | None, message: str) -> None:
    """An empty mapping is none: it may be made of what a request has."""
    if error is None:
        with attributes(wrong):
            return
    with pytest.raises(error, match=message):
        attributes(wrong)


@pytest.mark.parametrize(
    "name",
    [
        semconv.GEN_AI_REQUEST_MODEL,
        "gen_ai.anything",
        semconv.RUN_ID,
        "langchain.metadata.tier",
        "langgraph.node",
        semconv.ERROR_TYPE,
        semconv.SERVER_ADDRESS,
        semconv.EXCEPTION_MESSAGE,
    ],
)
def test_taken_names(name: str) -> None:
    """What is recorded of a run stays true: nobody else can say it."""
    with pytest.raises(ValueError, match=f"cannot set {name} to 'x': langchain-otel records it"):
        attributes({name: "x"})


def test_name_of_the_conversation() -> None:
    """The message says how it is given."""
    with pytest.raises(ValueError, match=r"use conversation\(\)"):
        attributes({semconv.GEN_AI_CONVERSATION_ID: "chat-7"})


@pytest.mark.parametrize("wrong", [Model, RunnableLambda(str), 1], ids=["class", "chain", "int"])
def test_what_is_no_function(wrong: Any) -> None:
    """A class or a model cannot be decorated."""
    with pytest.raises(TypeError, match=r"attributes\(\) decorates a function"):
        attributes(tier="gold")(wrong)


def test_user_and_session(tracing: Tracing) -> None:
    """They may stand on every span; whose a run is known to be, by other means, is never wrong."""
    given = attributes({semconv.USER_ID: "ada", semconv.SESSION_ID: "s-1"})
    with given:
        asking().invoke("hi")
        with conversation(user="bob"):
            asking().invoke("hi")
        asking().invoke("hi", {"metadata": {"user_id": "eve"}})
    found = [(span.attributes or {}).get(semconv.USER_ID) for span in tracing.spans]
    assert found == ["ada", "ada", None, "bob", None, "eve"]
    sessions = [(span.attributes or {}).get(semconv.SESSION_ID) for span in tracing.spans]
    assert sessions == ["s-1"] * 6


# Nested and left in any order


def test_nested_blocks(tracing: Tracing) -> None:
    """The inner one overrides what it gives, and that alone."""
    with attributes(tier="gold", app="a"):
        with attributes(tier="silver"):
            Model().invoke("hi")
        Model().invoke("hi")
    assert tiers(tracing) == ["silver", "gold"]
    assert [(span.attributes or {})["app"] for span in tracing.spans] == ["a", "a"]


def test_by_name_wins_over_the_mapping(tracing: Tracing) -> None:
    """As with `dict()`."""
    with attributes({TIER: "silver"}, tier="gold"):
        Model().invoke("hi")
    assert tiers(tracing) == ["gold"]


def test_block_inside_a_run(tracing: Tracing) -> None:
    """It holds for what is called in it; the run around and what follows do not have it."""

    def body(text: str) -> Any:
        with attributes({"app.inside": True}, tier="silver"):
            asking().invoke(text)
        return Model().invoke(text)

    step: Any = RunnableLambda(body)
    step.invoke("hi")
    assert tiers(tracing) == ["silver", "silver", None, None]
    tracing.exporter.clear()
    with attributes(tier="gold"):
        step.invoke("hi")
    assert tiers(tracing) == ["silver", "silver", "gold", "gold"]
    inside = [(span.attributes or {}).get("app.inside") for span in tracing.spans]
    assert inside == [True, True, None, None]


@pytest.mark.parametrize(
    "order", [(0, 1, 2), (1, 0, 2), (0, 2, 1), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
)
def test_left_in_any_order(order: tuple[int, ...], tracing: Tracing) -> None:
    """What is left is gone, what is not left stays, and nothing remains in the end."""
    before = context.get_current()
    blocks = [attributes({TIER: number, f"app.{number}": number}) for number in range(3)]
    for block in blocks:
        block.__enter__()
    left: set[int] = set()
    for number in order:
        blocks[number].__exit__()
        left.add(number)
        tracing.exporter.clear()
        Model().invoke("hi")
        staying = {each for each in range(3) if each not in left}
        found = own(tracing)
        assert {name for name in found if name.startswith("app.")} == {f"app.{n}" for n in staying}
        assert found.get(TIER) == (max(staying) if staying else None)
    assert context.get_current() is before


def test_what_else_became_current_stays(tracing: Tracing) -> None:
    """A generator's block that ends inside a span, or a block of another kind, ends alone."""

    def steps() -> Iterator[int]:
        with attributes(tier="gold"):
            yield 1

    opened: Any = steps()

    def consume() -> None:
        next(opened)
        with tracing.user_span("user") as span, conversation("chat-7"):
            opened.close()
            assert trace.get_current_span() is span
            Model().invoke("hi")

    contextvars.copy_context().run(consume)
    chat = tracing.span("chat").attributes or {}
    assert (TIER in chat, chat[semconv.GEN_AI_CONVERSATION_ID]) == (False, "chat-7")


# Tasks, threads, LangChain's own


async def test_async_block(tracing: Tracing) -> None:
    """It may be entered with `async with`; a task that was started inside has it to its end."""

    async def ask() -> None:
        await asking().ainvoke("hi")

    async with attributes(tier="gold"):
        task = asyncio.create_task(ask())
    await task
    await ask()
    assert tiers(tracing) == ["gold", "gold", None, None]


async def test_concurrent_requests(tracing: Tracing) -> None:
    """Each has its own."""
    all_inside = asyncio.Barrier(5)

    async def request(number: int) -> None:
        async with attributes(tier=number):
            await all_inside.wait()
            await asking().ainvoke(f"request {number}")

    await asyncio.gather(*map(request, range(5)))
    traces: dict[int, set[Any]] = {}
    for span in tracing.spans:
        assert span.context is not None
        traces.setdefault(span.context.trace_id, set()).add((span.attributes or {}).get(TIER))
    assert sorted(traces.values(), key=str) == [{number} for number in range(5)]


def test_threads(tracing: Tracing) -> None:
    """A thread with a copy of the context has it, another does not."""
    with ThreadPoolExecutor(1) as pool:
        with attributes(tier="gold"):
            copied = contextvars.copy_context()
            pool.submit(copied.run, Model().invoke, "hi").result()
        pool.submit(Model().invoke, "hi").result()
    assert tiers(tracing) == ["gold", None]


def test_thread_without_a_context(tracing: Tracing) -> None:
    """What is called there with the configuration of a run is below that run, and has its own."""

    def body(text: str, config: RunnableConfig) -> Any:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asking().invoke, text, config).result()

    step: Any = RunnableLambda(body, name="root")
    with attributes(tier="gold"):
        step.invoke("hi")
    assert by_name(tracing) == {"chat": "gold", "asking": "gold", "invoke_workflow root": "gold"}


def test_context_of_an_older_block(tracing: Tracing) -> None:
    """What is called there, below a run, has what the newer block around that run gives."""
    with attributes(tier="old"):
        old = contextvars.copy_context()

    def body(text: str, config: RunnableConfig) -> Any:
        return old.run(Model().invoke, text, config)

    step: Any = RunnableLambda(body, name="root")
    with attributes(tier="new"):
        step.invoke("hi")
    assert by_name(tracing) == {"chat": "new", "invoke_workflow root": "new"}


def test_many_nested_blocks(tracing: Tracing) -> None:
    """As many as anybody enters."""
    before = context.get_current()
    with ExitStack() as stack:
        for number in range(3_000):
            stack.enter_context(attributes(tier=number))
        attributes(tier="other").__exit__()
        Model().invoke("hi")
    assert context.get_current() is before
    assert tiers(tracing) == [2_999]


WAYS: Final[dict[str, Any]] = {
    "batch": lambda chain: chain.batch(["a", "b"]),
    "batch_as_completed": lambda chain: list(chain.batch_as_completed(["a", "b"])),
    "stream": lambda chain: list(chain.stream("a")),
    "transform": lambda chain: list(chain.transform(iter(["a"]))),
    "map": lambda chain: chain.map().invoke(["a", "b"]),
    "parallel": lambda chain: RunnableParallel(a=chain, b=chain).invoke("a"),
    "abatch": lambda chain: asyncio.run(chain.abatch(["a", "b"])),
    "astream": lambda chain: asyncio.run(read(chain.astream("a"))),
    "astream_events": lambda chain: asyncio.run(read(chain.astream_events("a", version="v2"))),
    "astream_log": lambda chain: asyncio.run(read(chain.astream_log("a"))),
    "retry": lambda chain: chain.with_retry().invoke("a"),
    "fallbacks": lambda chain: chain.with_fallbacks([chain]).invoke("a"),
}


async def read(stream: AsyncIterator[Any]) -> None:
    async for _ in stream:
        """Read."""


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
@pytest.mark.parametrize("way", WAYS)
def test_ways_to_run_a_chain(way: str, tracing: Tracing) -> None:
    """LangChain's own threads and tasks have it, whatever the chain is run by."""
    chain = RunnableLambda(str.upper) | RunnableParallel(a=asking(), b=StreamingModel())
    with attributes(tier="gold"):
        WAYS[way](chain)
    assert len(tracing.spans) > 4
    assert set(tiers(tracing)) == {"gold"}
    tracing.exporter.clear()
    WAYS[way](chain)
    assert set(tiers(tracing)) == {None}


def test_agent(tracing: Tracing, mode: str) -> None:
    """Its model, its tools in the threads of `ToolNode`, and its nodes."""
    agent = create_agent(
        ScriptedModel(answers=[calls("look_up", word="x"), says("done")]), [look_up]
    )
    with attributes(tier="gold"):
        executed(agent, {"messages": ["hi"]}, mode)
    assert "execute_tool look_up" in tracing.names()
    assert set(tiers(tracing)) == {"gold"}


def waiting_graph() -> Any:
    """A graph that fans out, asks a model in each branch, and waits for a person."""

    def fan(_: Any) -> list[Send]:
        return [Send("ask", {"messages": [word]}) for word in "ab"]

    def ask(state: Any) -> Any:
        return {"messages": [Model().invoke(state["messages"])]}

    def approve(_: Any) -> Any:
        return {"messages": [str(interrupt("sure?"))]}

    graph: Any = StateGraph(MessagesState)
    graph.add_node("ask", ask)
    graph.add_node("approve", approve)
    graph.add_conditional_edges(START, fan, ["ask"])
    graph.add_edge("ask", "approve")
    return graph.compile(InMemorySaver())


def test_graph_that_is_resumed(tracing: Tracing) -> None:
    """Each call has what stands around that call: nothing is kept in a checkpoint."""
    graph = waiting_graph()
    config = {"configurable": {"thread_id": "t"}}
    with attributes(tier="gold"):
        graph.invoke({"messages": ["hi"]}, config)
    assert tracing.names().count("chat") == 2
    assert set(tiers(tracing)) == {"gold"}
    tracing.exporter.clear()
    with attributes(tier="silver"):
        graph.invoke(Command(resume="yes"), config)
    assert set(tiers(tracing)) == {"silver"}
    tracing.exporter.clear()
    graph.invoke({"messages": ["hi"]}, {"configurable": {"thread_id": "u"}})
    assert set(tiers(tracing)) == {None}


# Streams


def later(chunks: Iterator[str]) -> Iterator[str]:
    """A step that gives a chunk before it asks a model."""
    yield from chunks
    yield str(asking().invoke("later").content)


async def alater(chunks: AsyncIterator[str]) -> AsyncIterator[str]:
    async for chunk in chunks:
        yield chunk
    yield str((await asking().ainvoke("later")).content)


STREAMED: Final[dict[str, Any]] = {
    "chain": lambda: RunnableLambda(str.upper) | RunnableGenerator(later, alater),
    "model": StreamingModel,
    "graph": waiting_graph,
}


def stream_of(kind: str) -> tuple[Any, Any, Any]:
    """What is streamed, its input and its configuration."""
    made = STREAMED[kind]()
    if kind == "graph":
        return made, {"messages": ["hi"]}, {"configurable": {"thread_id": "t"}}
    return made, "hi", None


@pytest.mark.parametrize("kind", STREAMED)
def test_stream_that_goes_on_outside(kind: str, tracing: Tracing) -> None:
    """Runs below a run that started inside have it; what the consumer runs between does not."""
    made, given, config = stream_of(kind)
    with attributes(tier="gold"):
        stream = made.stream(given, config)
        next(stream)
    for _ in stream:
        RunnableLambda(str, name="between").invoke("x")
    between = [span for span in tracing.spans if span.name == "invoke_workflow between"]
    assert {(span.attributes or {}).get(TIER) for span in between} <= {None}
    others = [span for span in tracing.spans if span not in between]
    assert others
    assert {(span.attributes or {}).get(TIER) for span in others} == {"gold"}


@pytest.mark.parametrize("kind", STREAMED)
async def test_async_stream_that_goes_on_outside(kind: str, tracing: Tracing) -> None:
    """The same, async."""
    made, given, config = stream_of(kind)
    with attributes(tier="gold"):
        stream = made.astream(given, config)
        await anext(stream)
    async for _ in stream:
        """Read on."""
    assert set(tiers(tracing)) == {"gold"}


def test_stream_that_goes_on_in_another_block(tracing: Tracing) -> None:
    """A block that was entered earlier than that in which the stream began does not count."""
    with attributes(tier="gold", app="a"):
        with attributes(tier="silver"):
            stream = STREAMED["chain"]().stream("hi")
            next(stream)
        list(stream)
    assert set(tiers(tracing)) == {"silver"}
    assert set(by_name(tracing, "app").values()) == {"a"}


# Decorated


def test_decorated_node(tracing: Tracing) -> None:
    """A step's function may be decorated: the step has it not, what it calls does."""

    @attributes(tier="gold")
    def node(text: str) -> Any:
        return Model().invoke(text)

    step: Any = RunnableLambda(node)
    step.invoke("hi")
    assert tiers(tracing) == ["gold", None]


def test_generator_that_is_left(tracing: Tracing) -> None:
    """One that is never finished leaves nothing behind, also where it holds blocks of its own."""

    @attributes(tier="gold")
    def ask() -> Iterator[Any]:
        with attributes(app="a"):
            yield Model().invoke("hi")

    before = context.get_current()
    left = ask()
    next(left)
    assert context.get_current() is before
    Model().invoke("between")
    del left
    gc.collect()
    assert context.get_current() is before
    assert tiers(tracing) == ["gold", None]
    assert [(span.attributes or {}).get("app") for span in tracing.spans] == ["a", None]


# What is recorded, and where


def test_redact() -> None:
    """It is given every text with the name; None leaves out the attribute."""
    given: list[tuple[str, str]] = []

    def redact(text: str, name: str) -> str | None:
        given.append((text, name))
        return None if text == "secret" else text.upper()

    tracing = Tracing()
    block = attributes({"app.key": "secret"}, tier="gold", list=["a", "secret"], number=7)
    with instrumented(tracing, redact=redact), block:
        Model().invoke("hi")
    assert own(tracing) == {TIER: "GOLD", "list": ("A",), "number": 7}
    assert ("secret", "app.key") in given


@pytest.mark.parametrize("dialect", ["gen_ai", "openinference", "both"])
def test_dialects(dialect: str) -> None:
    """They stand there under their own names; the dialect's words are what is recorded."""
    names = {"llm.model_name": "mine", "openinference.span.kind": "MINE", "metadata": "mine"}
    tracing = Tracing()
    config: Any = {"metadata": {"a": 1}}
    with instrumented(tracing, dialect=dialect), attributes({"app.tenant": "acme", **names}):
        asking().invoke("hi", config)
    for span in tracing.spans:
        assert (span.attributes or {})["app.tenant"] == "acme"
    chat = tracing.span("chat").attributes or {}
    kind = "MINE" if dialect == "gen_ai" else "LLM"
    assert chat["openinference.span.kind"] == kind
    root = tracing.span("invoke_workflow asking").attributes or {}
    assert root["metadata"] == ("mine" if dialect == "gen_ai" else '{"a":1}')


def test_runs_without_a_span() -> None:
    """A run that `detail` leaves out passes on what it has."""

    def body(text: str) -> Any:
        with attributes(tier="gold"):
            return outer.invoke(text)

    outer: Any = RunnableLambda(str.upper) | asking()
    tracing = Tracing()
    step: Any = RunnableLambda(body, name="root")
    with instrumented(tracing, detail="semantic"):
        step.invoke("hi")
    assert by_name(tracing) == {"chat": "gold", "invoke_workflow root": None}


class ByTier(Sampler):
    """Samples what is gold."""

    def should_sample(self, *args: Any, attributes: Any = None, **_: Any) -> SamplingResult:
        found = args[4] if len(args) > 4 else attributes
        is_gold = (found or {}).get(TIER) == "gold"
        return SamplingResult(Decision.RECORD_AND_SAMPLE if is_gold else Decision.DROP, found)

    def get_description(self) -> str:
        return "ByTier"


def test_sampler_sees_them() -> None:
    """They are known when a span starts."""
    tracing = Tracing()
    tracing.tracer_provider = TracerProvider(ByTier(), shutdown_on_exit=False)
    tracing.tracer_provider.add_span_processor(SimpleSpanProcessor(tracing.exporter))
    with instrumented(tracing):
        for tier in ("gold", "silver"):
            with attributes(tier=tier):
                asking().invoke("hi")
        asking().invoke("hi")
    assert tiers(tracing) == ["gold", "gold"]


def test_limits_of_the_sdk(caplog: pytest.LogCaptureFixture) -> None:
    """They hold, and where there is no room what is recorded of the run stays."""
    tracing = Tracing()
    limits = SpanLimits(max_span_attributes=8, max_span_attribute_length=4)
    tracing.tracer_provider = TracerProvider(span_limits=limits, shutdown_on_exit=False)
    tracing.tracer_provider.add_span_processor(SimpleSpanProcessor(tracing.exporter))
    with instrumented(tracing), attributes({f"app.{n}": "x" * 10 for n in range(20)}):
        Model().invoke("hi")
    found = dict(tracing.spans[0].attributes or {})
    assert len(found) == 8
    caplog.clear()
    assert semconv.GEN_AI_OPERATION_NAME in found
    assert {value for name, value in found.items() if name.startswith("app.")} <= {"xxxx"}


def test_metrics_and_log_records() -> None:
    """The log records of a run have them, its metrics do not: each value would be a series."""
    tracing = Tracing()
    with instrumented(tracing, emit_event=True), attributes(tier="gold"):
        Model().invoke("hi")
        with pytest.raises(ValueError, match="no"):
            Model(fails=ValueError("no")).invoke("hi")
    points = [point for each in tracing.metrics().values() for point in each.points]
    assert points
    assert not [point for point in points if TIER in point.attributes]
    records = {log.log_record.event_name: log.log_record.attributes for log in tracing.logs}
    assert records.keys() == {
        semconv.GEN_AI_CLIENT_INFERENCE_DETAILS,
        semconv.GEN_AI_CLIENT_OPERATION_EXCEPTION,
    }
    assert {(each or {}).get(TIER) for each in records.values()} == {"gold"}


def test_not_sampled() -> None:
    """Nothing is set on spans that nobody will see; log records are made all the same."""
    tracing = Tracing()
    tracing.tracer_provider = TracerProvider(ALWAYS_OFF, shutdown_on_exit=False)
    with instrumented(tracing, emit_event=True), attributes(tier="gold"):
        asking().invoke("hi")
    assert tracing.spans == ()
    (record,) = tracing.logs
    assert (record.log_record.attributes or {})[TIER] == "gold"


# Ways in


def test_handler_alone() -> None:
    """Without the instrumentor."""
    tracing = Tracing()
    handler = OpenTelemetryCallbackHandler(tracing.tracer_provider)
    chain = RunnableParallel(a=asking(), b=StreamingModel())
    with attributes(tier="gold"):
        chain.invoke("hi", {"callbacks": [handler]})
    assert len(tracing.spans) == 4
    assert set(tiers(tracing)) == {"gold"}


def test_two_recorders(tracing: Tracing) -> None:
    """Both record them, each as its own options say, also below a run of the other's."""
    second = Tracing()
    handler = OpenTelemetryCallbackHandler(
        second.tracer_provider, redact=lambda text, _: text.upper()
    )
    inner = asking()
    outer: Any = RunnableLambda(lambda it: inner.invoke(it, {"callbacks": [handler]}))
    with attributes(tier="gold"):
        inner.invoke("hi", {"callbacks": [handler]})
        outer.invoke("hi")
    assert tiers(tracing) == ["gold"] * 5
    assert tiers(second) == ["GOLD"] * 4


def test_without_us(tracing: Tracing) -> None:
    """Where nothing is traced, a block does nothing."""
    with tracing.off(), attributes(tier="gold"):
        Model().invoke("hi")
    assert tracing.spans == ()
