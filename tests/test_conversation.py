"""`conversation()`: whose the runs of a block are, on their spans and nowhere else."""

import asyncio
import contextvars
import inspect
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from opentelemetry import baggage
from opentelemetry.sdk.trace import ReadableSpan

from langchain_otel import conversation, semconv
from models import Model
from recording import Tracing

CONVERSATION = semconv.GEN_AI_CONVERSATION_ID
USER, SESSION = semconv.USER_ID, semconv.SESSION_ID


@tool
def look_up(word: str) -> str:
    """Look a word up."""
    return word


def asking() -> Any:
    """A step that asks a model."""
    return RunnableLambda(lambda it: Model().invoke(it))


def values(tracing: Tracing, name: str, attribute: str) -> list[Any]:
    """What the spans of a name say, in their order of ending; None where they say nothing."""
    return [(s.attributes or {}).get(attribute) for s in tracing.spans if s.name == name]


def only(tracing: Tracing, attribute: str) -> Any:
    (span,) = tracing.spans
    return (span.attributes or {}).get(attribute)


def people(span: ReadableSpan) -> dict[str, Any]:
    return {
        name: value for name, value in (span.attributes or {}).items() if name in (USER, SESSION)
    }


def test_block(tracing: Tracing) -> None:
    """What may carry it has the conversation; the user and the session are on the root alone."""
    chain: Any = RunnableLambda(lambda it: look_up.invoke(str(Model().invoke(it).content)))
    with conversation("chat-7", user="ada", session="s-1"):
        chain.invoke("hi")
    assert values(tracing, "chat", CONVERSATION) == ["chat-7"]
    assert values(tracing, "execute_tool look_up", CONVERSATION) == ["chat-7"]
    root = tracing.span("invoke_workflow")
    assert people(root) == {USER: "ada", SESSION: "s-1"}
    assert (root.attributes or {})[CONVERSATION] == "chat-7"
    assert [people(span) for span in tracing.spans if span is not root] == [{}, {}]


async def test_async_block(tracing: Tracing) -> None:
    """It may be entered with `async with`, and tasks started inside have it."""

    async def ask() -> None:
        await Model().ainvoke("hi")

    async with conversation("chat-7"):
        task = asyncio.create_task(ask())
    await task
    assert only(tracing, CONVERSATION) == "chat-7"


def test_nested_blocks(tracing: Tracing) -> None:
    """The inner one overrides what it gives, and that alone, for all that runs inside."""
    with conversation("outer", user="ada", session="s-1"):
        with conversation("inner"):
            for _ in range(2):
                Model().invoke("hi")
        Model().invoke("hi")
    assert values(tracing, "chat", CONVERSATION) == ["inner", "inner", "outer"]
    assert [people(span) for span in tracing.spans] == [{USER: "ada", SESSION: "s-1"}] * 3


def test_configuration_wins_over_the_block(tracing: Tracing) -> None:
    """What a run itself was given is nearer than the block around it."""
    with conversation("block", user="ada"):
        Model().invoke("hi", {"metadata": {"thread_id": "own", "user_id": "bob"}})
    assert only(tracing, CONVERSATION) == "own"
    assert people(tracing.spans[0]) == {USER: "bob"}
    assert semconv.METADATA + "user_id" not in (tracing.spans[0].attributes or {})


def test_block_inside_a_run_wins_over_what_the_run_has(tracing: Tracing) -> None:
    """A block is nearer than the runs around it, though LangChain hands their metadata down."""

    def body(text: str) -> Any:
        with conversation("inner", user="bob"):
            asking().invoke(text)
        return Model().invoke(text)

    step: Any = RunnableLambda(body)
    step.invoke("hi", {"metadata": {"thread_id": "outer", "user_id": "ada"}})
    assert values(tracing, "chat", CONVERSATION) == ["inner", "outer"]
    assert values(tracing, "RunnableLambda", USER) == ["bob"]
    assert values(tracing, "invoke_workflow body", USER) == ["ada"]
    assert values(tracing, "chat", USER) == [None, None]


def test_block_outside_of_a_run_does_not_come_back_inside(tracing: Tracing) -> None:
    """Below a run with an id of its own the block around it says nothing any more."""
    with conversation("block"):
        asking().invoke("hi", {"metadata": {"thread_id": "t"}})
    assert values(tracing, "chat", CONVERSATION) == ["t"]


def test_inner_user_leaves_the_conversation(tracing: Tracing) -> None:
    """A block inside a run that gives a user alone keeps the conversation of the run."""

    def body(text: str) -> Any:
        with conversation(user="bob"):
            return Model().invoke(text)

    step: Any = RunnableLambda(body)
    with conversation("block"):
        step.invoke("hi", {"metadata": {"thread_id": "own"}})
    assert values(tracing, "chat", CONVERSATION) == ["own"]
    assert values(tracing, "chat", USER) == ["bob"]


def test_threads(tracing: Tracing) -> None:
    """A thread with a copy of the context has it, another does not."""
    with ThreadPoolExecutor(1) as pool:
        with conversation("chat-7"):
            copied = contextvars.copy_context()
            pool.submit(copied.run, Model().invoke, "hi").result()
        pool.submit(Model().invoke, "hi").result()
    assert values(tracing, "chat", CONVERSATION) == ["chat-7", None]


def test_block_in_a_thread_without_a_context(tracing: Tracing) -> None:
    """A block around what is called there is the nearest, whatever was around its parent."""

    def body(text: str, config: Any) -> Any:
        def work() -> Any:
            with conversation("inner"):
                return Model().invoke(text, config)

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(work).result()

    step: Any = RunnableLambda(body)
    with conversation("outer", user="ada"):
        step.invoke("hi")
    chat, root = tracing.spans
    assert [(span.attributes or {})[CONVERSATION] for span in (chat, root)] == ["inner", "outer"]
    assert [people(span) for span in (chat, root)] == [{}, {USER: "ada"}]


def test_batches(tracing: Tracing) -> None:
    """LangChain's own threads have it."""
    with conversation("chat-7"):
        asking().batch(["a", "b"])
    assert values(tracing, "chat", CONVERSATION) == ["chat-7", "chat-7"]


def test_no_baggage(tracing: Tracing) -> None:
    """No id leaves the process in a header."""
    with conversation("chat-7", user="ada"):
        assert baggage.get_all() == {}


@pytest.mark.parametrize("given", [7, UUID(int=7)])
def test_ids_that_are_no_texts(tracing: Tracing, given: Any) -> None:
    """Numbers and UUIDs are written out."""
    with conversation(given):
        Model().invoke("hi")
    assert only(tracing, CONVERSATION) == str(given)


def test_long_ids_are_cut(tracing: Tracing) -> None:
    """As all ids are."""
    with conversation("x" * 5_000):
        Model().invoke("hi")
    assert only(tracing, CONVERSATION) == "x" * 1_024


@pytest.mark.parametrize("name", ["id", "user", "session"])
def test_wrong_values(name: str) -> None:
    """The message names the argument, the value and what is wanted."""
    with pytest.raises(ValueError, match=f"{name} must not be empty; got ' '"):
        conversation(**{name: " "})
    for wrong in (1.5, True, b"chat", ["chat"]):
        with pytest.raises(TypeError, match=f"{name} must be a str, an int or a UUID; got "):
            conversation(**{name: wrong})  # type: ignore[arg-type]


def test_nothing_given() -> None:
    """A block that says nothing is a mistake."""
    with pytest.raises(ValueError, match="an id, a user or a session"):
        conversation()


def test_without_us(tracing: Tracing) -> None:
    """Where nothing is traced, a block does nothing."""
    with tracing.off(), conversation("chat-7"):
        Model().invoke("hi")
    assert tracing.spans == ()


def test_id_of_the_genai_utilities(tracing: Tracing) -> None:
    """What another instrumentation says by OpenTelemetry's GenAI utilities is the outer word."""
    handler = pytest.importorskip("opentelemetry.util.genai.handler")
    workflow = handler.TelemetryHandler().workflow
    if "conversation_id" not in inspect.signature(workflow).parameters:
        pytest.skip("these utilities know no conversation")
    invocation = workflow("flow", conversation_id="theirs")

    def in_a_thread(text: str, config: Any) -> Any:
        def work() -> Any:
            with conversation(user="bob"):
                return Model().invoke(text, config)

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(work).result()

    without_context: Any = RunnableLambda(in_a_thread)
    try:
        asking().invoke("hi")
        with conversation("ours"):
            Model().invoke("hi")
        without_context.invoke("hi")
    finally:
        invocation.stop()
    assert values(tracing, "chat", CONVERSATION) == ["theirs", "ours", "theirs"]


def test_genai_utilities_are_not_imported() -> None:
    """Whoever does not use them does not get them."""
    import subprocess

    code = (
        "import sys; from langchain_otel import conversation\n"
        "from langchain_core.runnables import RunnableLambda\n"
        "from langchain_otel import LangChainInstrumentor\n"
        "LangChainInstrumentor().instrument()\n"
        "with conversation('x'): RunnableLambda(str).invoke(1)\n"
        "print('opentelemetry.util.genai' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
