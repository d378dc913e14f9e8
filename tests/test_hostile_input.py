"""Whatever is reported of a run: no exception, no span lost, nothing touched, used up or kept."""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Final
from uuid import uuid4

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import StructuredTool

from hostile.events import KINDS, METADATA, Life, lives
from hostile.events import OPTIONS as RUN_OPTIONS
from hostile.growth import GROWING, cost_of_twice
from hostile.lives import OPTIONS, Listener, listeners, same_with_us
from hostile.programs import PLACES, Box, Finds
from hostile.values import Recipe, recipes
from langchain_otel import OpenTelemetryCallbackHandler, health, semconv
from langchain_otel.content.limits import Limits
from langchain_otel.content.policy import Policy
from langchain_otel.dialects import openinference_names as names
from langchain_otel.sources.checkpoints import read
from models import Model
from recording import Tracing, instrumented
from seeds import LONG, SEED, count

ROUND: Final = 200
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


@pytest.fixture
def limits_are_met(nothing_left_behind: None) -> Iterator[None]:
    """That a limit is met is counted, as it should be."""
    yield
    for kind in [kind for kind in health.failures if ":" not in kind]:
        del health.failures[kind]


def in_rounds(cases: int, check: Callable[..., None], **strategies: Any) -> None:
    """Check random cases, by rounds with seeds of their own: Hypothesis keeps all of a round."""
    for begun in range(0, cases, ROUND):
        settled = settings(max_examples=min(cases - begun, ROUND))
        seed(SEED + begun)(settled(given(**strategies)(check)))()


@pytest.mark.timeout(3_600 if LONG else 600)
def test_a_run_of_anything() -> None:
    """Each callback with any values: its spans are there, sound and bounded."""
    with listeners() as found:

        def hears(life: Life, options: str) -> None:
            found[options].hear(life)

        in_rounds(count(20, 4_000), hears, life=lives, options=st.sampled_from(sorted(OPTIONS)))


@pytest.mark.parametrize(
    "leaf", ["array", "watched", "watched list", "watched text", "watched exception"]
)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_we_look_for_is_anything(kind: str, leaf: str) -> None:
    """A value at any key that we know: its code is not run, not even to compare it."""
    with listeners() as found:
        for listener in found.values():
            for key in RUN_OPTIONS:
                listener.hear(plain_life(kind, options=[(key, ("leaf", leaf))]))
            for key in METADATA:
                listener.hear(plain_life(kind, metadata=[(key, ("leaf", leaf))]))
            listener.hear(plain_life(kind, end=("leaf", leaf)))
            listener.hear(plain_life(kind, end=("leaf", leaf), way="error"))


def plain_life(kind: str, **parts: Any) -> Life:
    """A run that begins and ends with a text, except for what is given."""
    text: Recipe = ("plain", "x")
    nothing: dict[str, Any] = {"tags": [], "metadata": [], "options": [], "events": []}
    known = {"payload": text, "end": text, "way": "end", "shape": "one"}
    return Life(kind, **{**nothing, **known, **parts})


@pytest.mark.usefixtures("limits_are_met")
def test_programs_end_as_without_us(caplog: pytest.LogCaptureFixture) -> None:
    """A value at any place of a program of LangChain's: the same result, or the same exception."""
    # It says of odd types in checkpoints what it says without us.
    caplog.set_level("CRITICAL", "langgraph")
    tracing = Tracing()

    def on() -> AbstractContextManager[None]:
        return instrumented(
            tracing, capture_message_content="SPAN_AND_EVENT", capture_state=True, dialect="both"
        )

    def ends(place: str, recipe: Recipe) -> None:
        same_with_us(place, recipe, tracing, on)

    in_rounds(count(8, 1_000), ends, place=st.sampled_from(sorted(PLACES)), recipe=recipes)


SIZES: Final = (50, 1_000) if LONG else (20,)
GROWN: Final = sorted(OPTIONS) if LONG else ["both"]


@pytest.mark.parametrize("options", GROWN)
@pytest.mark.usefixtures("limits_are_met")
def test_twice_the_input_takes_twice_the_steps(options: str) -> None:
    """Below the limits and far beyond them: at most 2.2 times the calls, and the bytes."""
    listener = Listener(max_span_content_bytes=2_000_000, **OPTIONS[options])
    grown = {
        (name, size): found
        for name in GROWING
        for size in SIZES
        if max(found := cost_of_twice(listener, name, size)) > 2.2
    }
    assert grown == {}


# What was found in this way, each for itself.


def test_documents_leave_room_for_the_other_dialect() -> None:
    """With both dialects a span has no more attributes than it can hold, and loses none."""
    tracing = Tracing()
    with instrumented(tracing, dialect="both", capture_message_content="true"):
        Finds(box=Box(Document("x", metadata={"a": 1})), times=200).invoke("q")
    (span,) = tracing.spans
    assert span.dropped_attributes == 0
    assert names.INPUT_VALUE in (span.attributes or {})


def streamed(chunks: list[Any], error: BaseException, tracing: Tracing) -> dict[str, Any]:
    handler = OpenTelemetryCallbackHandler(
        tracing.tracer_provider, capture_message_content="SPAN_ONLY"
    )
    run_id = uuid4()
    handler.on_chat_model_start({}, [[]], run_id=run_id)
    for chunk in chunks:
        handler.on_llm_new_token("x", chunk=chunk, run_id=run_id)
    handler.on_llm_error(error, run_id=run_id)
    (span,) = tracing.spans
    return dict(span.attributes or {})


def chunk(text: str, **extras: Any) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=text, additional_kwargs=extras))


def test_chunks_that_do_not_add_up() -> None:
    """LangChain cannot add some chunks to others; what can be added is recorded."""
    odd = [chunk("one", odd=1.5), chunk("two", odd=object()), chunk("three", odd=None)]
    said = str(streamed(odd, TypeError("odd"), Tracing())[semconv.GEN_AI_OUTPUT_MESSAGES])
    assert "one" in said
    assert "three" in said
    assert "two" not in said


def test_many_chunks_are_added_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text so far is not copied for each chunk."""
    added = []
    add = ChatGenerationChunk.__add__

    def counted(self: Any, other: Any) -> Any:
        added.append(other)
        return add(self, other)

    monkeypatch.setattr(ChatGenerationChunk, "__add__", counted)
    said = streamed([chunk("x") for _ in range(100)], ValueError("x"), Tracing())
    assert "x" * 100 in str(said[semconv.GEN_AI_OUTPUT_MESSAGES])
    assert len(added) == 1


class Undecided:
    """As a table of numbers does: is neither true nor false."""

    def __bool__(self) -> bool:
        raise ValueError("ambiguous")


def test_a_token_of_any_type() -> None:
    """Whether a token is true is not asked."""
    tracing = Tracing()
    handler = OpenTelemetryCallbackHandler(tracing.tracer_provider)
    run_id = uuid4()
    handler.on_llm_start({}, ["x"], run_id=run_id)
    handler.on_llm_new_token(Undecided(), run_id=run_id)
    handler.on_llm_error(ValueError("x"), run_id=run_id)
    assert len(tracing.spans) == 1


@pytest.mark.parametrize("text", ["{name}", "[NaN]", "[" * 9 + "]", "{'a': 1}"])
def test_only_json_is_called_json(text: str) -> None:
    """A text that only begins and ends as JSON does is a text."""
    tracing = Tracing()
    with instrumented(tracing, dialect="openinference", capture_message_content="true"):
        Model().invoke(text)
    (span,) = tracing.spans
    assert (span.attributes or {})[names.INPUT_VALUE] == text
    assert names.INPUT_MIME_TYPE not in (span.attributes or {})


async def test_the_type_of_a_streamed_input_is_its_own() -> None:
    """What a streamed chain is given comes at its end, after an empty input that is JSON."""
    tracing = Tracing()
    with instrumented(
        tracing, dialect="openinference", capture_message_content="true", capture_state=True
    ):
        step: Any = RunnableLambda(lambda it: it, name="step")
        assert [each async for each in step.astream("words")] == ["words"]
    attributes = dict(tracing.span("invoke_workflow step").attributes or {})
    assert attributes[names.INPUT_VALUE] == "words"
    assert attributes.get(names.INPUT_MIME_TYPE) != names.JSON


def test_exceptions_are_no_ids(tracing: Tracing) -> None:
    """An id of any class may write itself; the text of an exception is content."""
    step: Any = RunnableLambda(lambda it: it, name="step")
    tag = ValueError("said")
    step.invoke(0, {"tags": [tag], "metadata": {"user_id": tag}})
    assert "said" not in str(tracing.span("invoke_workflow step").to_json())


@pytest.mark.parametrize("parts", [5, ["wheel"], [{"size": 1}], [{"type": "text"}], [], "x", None])
def test_parts_of_an_application(parts: Any) -> None:
    """Data with `parts` are no messages for that."""
    tracing = Tracing()
    with instrumented(tracing, dialect="openinference", capture_message_content="true"):
        found: Any = StructuredTool.from_function(
            lambda: [{"parts": parts}], name="t", description=""
        )
        found.invoke({})
    (span,) = tracing.spans
    assert json.loads(str((span.attributes or {})[names.OUTPUT_VALUE])) == [{"parts": parts}]


def test_a_prompt_that_is_a_picture() -> None:
    """A completion's prompt may be a data URL, of which only a description is recorded."""
    tracing = Tracing()
    handler = OpenTelemetryCallbackHandler(
        tracing.tracer_provider, dialect="both", capture_message_content="SPAN_ONLY"
    )
    run_id = uuid4()
    handler.on_llm_start({}, ["data:image/png;base64,iVBORw0KGgo=", "words"], run_id=run_id)
    handler.on_llm_end(None, run_id=run_id)
    (span,) = tracing.spans
    assert "words" in str((span.attributes or {})[names.LLM_PROMPTS])


@pytest.mark.usefixtures("limits_are_met")
def test_what_has_no_room_is_walked_once_under_each_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The attempt that showed that there is no room is not made a second time."""
    tried = []
    attempt = Limits.attempt

    def noted(self: Limits, value: Any) -> Any:
        tried.append((self.max_length, self.max_items, self.max_nodes))
        return attempt(self, value)

    monkeypatch.setattr(Limits, "attempt", noted)
    Limits(Policy(max_span_bytes=2_000), "x").fitted([["words"] * 100] * 100)
    assert len(tried) > 1
    assert len(tried) == len(set(tried))


TRACEPARENT: Final = f"00-{7:032x}-{7:016x}-01"
STORED: Final[dict[str, Callable[[], Any]]] = {
    "no mapping": lambda: [TRACEPARENT],
    "no traceparent": lambda: {"traceparent": Undecided()},
    "long traceparent": lambda: {"traceparent": "0" * 10_000_000},
    "bytes": lambda: {"traceparent": TRACEPARENT.encode()},
}


@pytest.mark.parametrize("name", STORED)
def test_stored_origins_that_are_none(name: str) -> None:
    """Whoever writes to the storage may have changed what we stored."""
    assert read(STORED[name]()) is None


@pytest.mark.parametrize("moment", [math.nan, math.inf, 10**400, "1", True, Undecided(), None])
def test_stored_moments_that_are_none(moment: Any) -> None:
    """A time is a finite number."""
    found = read({"traceparent": TRACEPARENT, "paused_at": moment})
    assert found is not None
    assert found.paused_at is None


def test_stored_requests_are_bounded() -> None:
    """No more tool calls are read than we write, and no name is longer than any other's."""
    calls = {f"{number}" + "x" * 5_000: TRACEPARENT for number in range(1_000)}
    found = read({"traceparent": TRACEPARENT, "tool_calls": calls})
    assert found is not None
    assert len(found.requests) == 64
    assert max(map(len, found.requests)) <= 1_024
