"""What tracing costs, as calls of Python functions: the same on every machine, however busy.

Calls are counted while a program runs that has run a few times before, so that caches are warm,
without garbage collection, and by the file of the function that is called. Only those of
`langchain_otel` have limits: how many the SDK makes for one call of its interface is its own
affair. Times are measured by `make bench`.
"""

import gc
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Final

import opentelemetry.sdk.trace
import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable
from langchain_core.tools import tool
from opentelemetry import baggage, context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_ON,
    ParentBased,
    Sampler,
    TraceIdRatioBased,
)
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

import langchain_otel
from langchain_otel import semconv, traced_with
from langchain_otel.content.remembered import BoundedMap
from langchain_otel.recording import tenants
from langchain_otel.runs import configurable_values
from langchain_otel.sources.provider_marks import MARKS
from models import Model, StreamingModel
from recording import RunTree, Tracing, instrumented
from versions import create_agent, release

OURS: Final = str(Path(langchain_otel.__file__).parent)
SDK: Final = str(Path(opentelemetry.sdk.trace.__file__).parent)
WARMING: Final = 3

# Calls into langchain_otel for one run, or one token: some 10 % above what CPython 3.11 counts, the
# most of all versions. Who makes it cheaper lowers the limit.
LIMITS: Final = {
    # Of the four runs the root is a workflow: with facts, a metric, and its input and output as
    # messages; and each measured run is measured under two names.
    "chain": 79,
    "chain, content on": 136,
    "chain, not sampled": 83,
    "chain, nobody listens": 58,
    "chain, with its price": 89,
    "chain, in a block": 105,
    "agent": 68,
    "agent, content on": 109,
    "history": 132,
    "history, not sampled": 138,
    "token": 6,
}
# The same for each message of a history, with content on.
MESSAGE_LIMIT: Final = 1.1

# Where content is read, and made into what a span shows.
READING: Final = ("/content/message.py", "/content/blocks.py", "/content/permit.py")

# Where the recorder of a block or a tenant is chosen.
CHOOSING: Final = (
    "/recording/recorder_choice.py",
    "/recording/recorder_changes.py",
    "/recording/tenants.py",
)

# Where facts are made of what LangChain says.
FACTS: Final = ("/operations/usage.py", "/operations/provider.py", "/operations/annotations.py")

# Where what an application gives to its runs is looked for.
OWN: Final = ("/runs/attribute_blocks.py", "/recording/own_attributes.py", "/sources/attributes.py")
# What calls the functions of the user's.
HOOKS: Final = ("/recording/hooks.py", "/recording/hooked_recorder.py", "/recording/run_view.py")


class Calls:
    """The calls of Python functions of this package and of the SDK, by file and name."""

    def __init__(self) -> None:
        self.ours: Counter[str] = Counter()
        self.sdk: Counter[str] = Counter()

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call":
            return
        code = frame.f_code
        if code.co_filename.startswith(OURS):
            self.ours[f"{code.co_filename.removeprefix(OURS)}:{code.co_name}"] += 1
        elif code.co_filename.startswith(SDK):
            self.sdk[code.co_name] += 1


def counted(program: Callable[[], Any]) -> Calls:
    """The calls that one time of a program makes once its caches are warm."""
    for _ in range(WARMING):
        program()
    calls = Calls()
    gc.collect()
    gc.disable()
    sys.setprofile(calls)
    try:
        program()
    finally:
        sys.setprofile(None)
        gc.enable()
    return calls


@pytest.fixture(autouse=True)
def as_in_a_new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests have imported, and what was noted of their runs, is not counted.

    A model call is marked for the instrumentations of providers as soon as what defines the marks
    is imported; metadata are looked at as soon as there has been a call that mixed them.
    """
    for mark in MARKS:
        monkeypatch.delitem(sys.modules, mark.module, raising=False)
    monkeypatch.setattr(configurable_values, "_changed", BoundedMap(1))


def runs_of(program: Callable[..., Any]) -> int:
    """How many runs LangChain reports of a program."""
    reported = RunTree()
    program({"callbacks": [reported]})
    return len(reported.order)


def calls_per_run(program: Callable[..., Any], **options: Any) -> float:
    """The calls into this package for each run of a program."""
    runs = runs_of(program)
    with instrumented(Tracing(), **options):
        return counted(program).ours.total() / runs


CHAIN: Final[Runnable[Any, str]] = (
    ChatPromptTemplate.from_template("Tell me about {topic}") | Model() | StrOutputParser()
)


def call_chain(config: Any = None) -> Any:
    return CHAIN.invoke({"topic": "cats"}, config)


def call_with_history(length: int) -> Callable[..., Any]:
    """One model call with so many messages."""
    kinds = (HumanMessage, AIMessage)
    messages = [kinds[number % 2](f"sentence {number}") for number in range(length)]
    model = Model()
    return lambda config=None: model.invoke(messages, config)


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class Caller(Model):
    """Asks for a tool five times, then answers."""

    def bind_tools(self, *_: Any, **__: Any) -> Any:
        return self

    def _generate(self, messages: list[Any], *_: Any, **__: Any) -> Any:
        result = super()._generate(messages)
        done = sum(message.type == "tool" for message in messages)
        if done < 5:
            call = {"name": "add", "args": {"a": 1, "b": 2}, "id": f"call-{done}"}
            result.generations[0].message = AIMessage("", tool_calls=[call])
        return result


def agent() -> Callable[..., Any]:
    made = create_agent(Caller(), [add], name="calculator")
    question = {"messages": [HumanMessage("1 + 2?")]}
    return lambda config=None: made.invoke(question, config)


def test_calls_are_the_same_every_time(tracing: Tracing) -> None:
    """The count is a fact about the code: a second count of the same program is equal."""
    first, second = counted(call_chain), counted(call_chain)
    assert first.ours == second.ours
    assert first.ours.total() > 0
    assert first.sdk["set_attributes"] > 0


def test_chain_is_cheap() -> None:
    """A run of a chain takes so many calls and no more, without content and with it."""
    assert calls_per_run(call_chain) <= LIMITS["chain"]
    with_content = calls_per_run(call_chain, capture_message_content="SPAN_ONLY")
    assert with_content <= LIMITS["chain, content on"]


def test_prices_are_cheap() -> None:
    """What a call costs takes so many calls, however long its history is."""
    pytest.importorskip("genai_prices")
    assert calls_per_run(call_chain, cost=True) <= LIMITS["chain, with its price"]
    short, long = (calls_per_run(call_with_history(length), cost=True) for length in (10, 1_000))
    assert long == short


def test_blocks_and_tenants_cost_only_those_who_use_them() -> None:
    """Without a block and a tenant there is no call more; in a block, made each time, a few."""
    before = calls_per_run(call_chain)

    def in_block(config: Any = None) -> Any:
        with traced_with(detail="all"):
            return call_chain(config)

    assert calls_per_run(in_block) <= LIMITS["chain, in a block"]
    tenants.forget()
    traced_with(capture_message_content=True)
    assert calls_per_run(call_chain) == before
    with instrumented(Tracing()):
        calls = counted(call_chain).ours
    assert not {name for name in calls if name.startswith(CHOOSING)}


def test_what_others_import_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenTelemetry's GenAI utilities in the process add no call where they tell nothing."""
    name = "opentelemetry.util.genai._conversation_context"
    pytest.importorskip(name)
    beside = calls_per_run(call_chain)
    monkeypatch.delitem(sys.modules, name)
    assert beside == calls_per_run(call_chain)


@pytest.mark.parametrize("program", [call_chain, agent()], ids=["chain", "agent"])
def test_hooks_cost_nothing_where_there_are_none(program: Callable[..., Any]) -> None:
    """Without hooks, names and filters nothing of theirs is called; with one, each pays for it."""
    with instrumented(Tracing()):
        calls = counted(program)
    assert not {name for name in calls.ours if name.startswith(HOOKS)}
    with instrumented(Tracing(), request_hook=lambda *_: None):
        calls = counted(program)
    assert {name for name in calls.ours if name.startswith(HOOKS)}


def test_configured_call_costs_later_ones_nothing() -> None:
    """What is noted of configurable values is of no concern to calls that have none."""
    before = calls_per_run(call_chain)
    with instrumented(Tracing()):
        CHAIN.invoke({"topic": "cats"}, {"configurable": {"model": "m", "tenant": "a"}})
    assert calls_per_run(call_chain) == before


@pytest.mark.parametrize("sampled", [True, False], ids=["sampled", "not sampled"])
def test_own_attributes_cost_nothing_where_there_are_none(sampled: bool) -> None:
    """Neither a block that was left, nor baggage that nobody chose, adds a call."""
    tracing = Tracing()
    if not sampled:
        tracing.tracer_provider = TracerProvider(ALWAYS_OFF, shutdown_on_exit=False)
    chosen = {name: f"value {name}" for name in "abc"}

    def in_baggage() -> Any:
        ambient = current = context.get_current()
        for name, value in chosen.items():
            ambient = baggage.set_baggage(name, value, ambient)
        token = context.attach(ambient)
        try:
            return call_chain()
        finally:
            context.detach(token)
            assert context.get_current() is current

    with instrumented(tracing):
        never = counted(call_chain)
        with langchain_otel.attributes(tier="gold"):
            call_chain()
        assert counted(call_chain).ours == never.ours
        assert counted(in_baggage).ours == never.ours
    assert not {name for name in never.ours if name.startswith(OWN)}


def test_own_attributes_are_read_of_sampled_runs_alone() -> None:
    """In a block, a run that is not sampled looks for its attributes, and makes none of them."""
    tracing = Tracing()
    tracing.tracer_provider = TracerProvider(ALWAYS_OFF, shutdown_on_exit=False)
    with instrumented(tracing, baggage_keys="*"), langchain_otel.attributes(tier="gold"):
        calls = counted(call_chain)
    runs = runs_of(call_chain)
    found = {name: calls.ours[name] for name in calls.ours if name.startswith(OWN)}
    assert found == {
        "/runs/attribute_blocks.py:set_own_attributes": runs,
        "/runs/attribute_blocks.py:attribute_block": runs,
    }


def test_reading_of_content_is_seen() -> None:
    """With content on, a run that is sampled does read its messages."""
    with instrumented(Tracing(), capture_message_content="SPAN_ONLY"):
        calls = counted(call_chain)
    assert {name for name in calls.ours if name.startswith(READING)}


def test_agent_is_cheap() -> None:
    """A run of an agent with tools takes so many calls and no more."""
    program = agent()
    assert calls_per_run(program) <= LIMITS["agent"]
    with_content = calls_per_run(program, capture_message_content="SPAN_ONLY")
    assert with_content <= LIMITS["agent, content on"]


@pytest.mark.skipif(release("langchain-core") < (1,), reason="only the end says the call's id")
def test_what_the_start_of_a_tool_has_said_is_not_set_again() -> None:
    call = {"name": "add", "args": {"a": 1, "b": 2}, "id": "call-1", "type": "tool_call"}
    tracing = Tracing()
    with instrumented(tracing):
        calls = counted(lambda: add.invoke(call))
    assert not calls.sdk["set_attributes"]
    assert (tracing.spans[-1].attributes or {})[semconv.GEN_AI_TOOL_CALL_ID] == "call-1"


def test_history_costs_nothing_without_content() -> None:
    """A model call with 1,000 messages takes exactly the calls that one with 10 takes."""
    short, long = (calls_per_run(call_with_history(length)) for length in (10, 1_000))
    assert long == short
    assert long <= LIMITS["history"]


def test_history_costs_little_with_content() -> None:
    """With content on, each message of a history adds the same few calls."""
    options = {"capture_message_content": "SPAN_ONLY"}
    short, long = (calls_per_run(call_with_history(length), **options) for length in (100, 1_000))
    assert (long - short) / 900 <= MESSAGE_LIMIT


@pytest.mark.parametrize("content", ["NO_CONTENT", "SPAN_ONLY"])
@pytest.mark.parametrize(
    ("limit", "program"),
    [
        ("chain, not sampled", call_chain),
        ("history, not sampled", call_with_history(1_000)),
    ],
    ids=["chain", "history"],
)
def test_run_that_is_not_sampled_is_cheap(
    limit: str, program: Callable[..., Any], content: str
) -> None:
    """Nobody will see its span: no attribute is set on it and no message is looked at.

    A sampler may look at what is known at the start, and metrics are recorded all the same.
    """
    tracing = Tracing()
    tracing.tracer_provider = TracerProvider(ALWAYS_OFF, shutdown_on_exit=False)
    runs = runs_of(program)
    with instrumented(tracing, capture_message_content=content):
        calls = counted(program)
    assert calls.ours.total() / runs <= LIMITS[limit]
    assert not {name for name in calls.ours if name.startswith(READING)}
    assert not calls.sdk["set_attribute"]
    assert not calls.sdk["set_attributes"]
    assert not calls.sdk["set_attribute"]


def test_nobody_is_told_what_nobody_listens_to() -> None:
    """Without a span that records and without metrics, the facts of a run are not looked for."""
    tracing = Tracing()
    tracing.tracer_provider = TracerProvider(ALWAYS_OFF, shutdown_on_exit=False)
    tracing.meter_provider = None  # type: ignore[assignment]
    with instrumented(tracing, capture_message_content="SPAN_ONLY"):
        calls = counted(call_chain)
    assert calls.ours.total() / runs_of(call_chain) <= LIMITS["chain, nobody listens"]
    assert not {name for name in calls.ours if name.startswith((*READING, *FACTS))}


def test_streamed_token_is_cheap(tracing: Tracing) -> None:
    """Each further token of a stream takes so many calls and no more."""

    def streaming(tokens: int) -> Callable[[], Any]:
        model = StreamingModel(words=["word"] * tokens)
        return lambda: list(model.stream("a question"))

    short, long = (counted(streaming(tokens)).ours.total() for tokens in (100, 600))
    assert (long - short) / 500 <= LIMITS["token"]


@pytest.mark.parametrize(
    ("sampler", "is_described"),
    [
        pytest.param(ALWAYS_ON, True, id="all"),
        pytest.param(DEFAULT_ON, True, id="the SDK's own"),
        pytest.param(ParentBased(ALWAYS_ON), True, id="like the parent"),
        pytest.param(TraceIdRatioBased(1.0), True, id="every trace"),
        pytest.param(TraceIdRatioBased(0.0), False, id="no trace"),
        pytest.param(ALWAYS_OFF, False, id="none"),
    ],
)
def test_only_what_records_is_described(sampler: Sampler, is_described: bool) -> None:
    """A run that a sampler leaves out, without a look at its attributes, has none made."""
    tracing = Tracing()
    tracing.tracer_provider = TracerProvider(sampler, shutdown_on_exit=False)
    with instrumented(tracing):
        calls = counted(call_chain).ours
    runs = runs_of(call_chain) if is_described else 0
    assert calls["/recording/description.py:attributes_at_start"] == runs


def test_what_a_caller_left_out_is_not_described() -> None:
    """Nor has one that belongs to a trace which the caller of the program does not record."""
    left_out = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(0))
    tracing = Tracing()
    tracing.tracer_provider = TracerProvider(DEFAULT_ON, shutdown_on_exit=False)
    token = context.attach(set_span_in_context(NonRecordingSpan(left_out)))
    try:
        with instrumented(tracing):
            calls = counted(call_chain).ours
    finally:
        context.detach(token)
    assert calls["/recording/description.py:attributes_at_start"] == 0
