"""`traced_with()`: the runs of a block have options and providers of their own."""

import asyncio
import contextvars
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from opentelemetry.instrumentation.utils import suppress_instrumentation

from langchain_otel import (
    LangChainInstrumentor,
    OpenTelemetryCallbackHandler,
    record_evaluation,
    semconv,
    traced_with,
)
from models import Model, Retriever, ScriptedModel, StreamingModel, calls, says
from recording import Tracing, instrumented
from shown import everything
from versions import create_agent

SECRET = "a word that nobody else says"
INPUT = semconv.GEN_AI_INPUT_MESSAGES


def contents(tracing: Tracing, name: str = "chat") -> list[str | None]:
    """What the spans of a name say of their input, in their order of ending."""
    return [(s.attributes or {}).get(INPUT) for s in tracing.spans if s.name == name]  # type: ignore[misc]


def ask(question: str = SECRET) -> Any:
    return Model().invoke(question)


def masked(text: str, _: str) -> str:
    return text.replace(SECRET, "masked")


def to(tracing: Tracing, **options: Any) -> Any:
    """A block whose signals go to these providers."""
    return traced_with(
        tracer_provider=tracing.tracer_provider,
        meter_provider=tracing.meter_provider,
        logger_provider=tracing.logger_provider,
        **options,
    )


def test_content_for_one_request(tracing: Tracing) -> None:
    """Content is on in the block, and off before and after it."""
    ask()
    with traced_with(capture_message_content=True):
        ask()
    ask()
    before, inside, after = contents(tracing)
    assert (before, after) == (None, None)
    assert SECRET in str(inside)


def test_no_content_for_one_request(tracing_with_content: Tracing) -> None:
    """Content is off in the block alone, on every channel."""
    with traced_with(capture_message_content=False):
        ask()
    assert SECRET not in everything(tracing_with_content)
    ask()
    assert SECRET in everything(tracing_with_content)


def test_other_providers(tracing: Tracing) -> None:
    """Spans, metrics and log records of the block go to its providers, whole."""
    theirs = Tracing()
    with to(theirs, emit_event=True):
        (RunnableLambda(str) | Model()).invoke("hi")
    assert theirs.names() == ["str", "chat", "invoke_workflow"]
    assert tracing.spans == ()
    assert tracing.metrics() == {}
    assert theirs.points("gen_ai.client.operation.duration")
    assert [log.log_record.event_name for log in theirs.logs] == [
        semconv.GEN_AI_CLIENT_INFERENCE_DETAILS
    ]


def test_what_is_not_named_is_as_the_instrumentor_has_it() -> None:
    """Not as the environment has it: options and providers merge over the instrumentor's."""
    tracing = Tracing()
    with (
        instrumented(tracing, redact=masked, capture_message_content=True, detail="semantic"),
        traced_with(history="new"),
    ):
        (RunnableLambda(lambda it: it) | Model()).invoke(SECRET)
    assert tracing.names() == ["chat", "invoke_workflow"]
    assert "masked" in str(contents(tracing))
    assert SECRET not in everything(tracing)


def test_nested_blocks(tracing: Tracing) -> None:
    """The inner block overrides only what it names."""
    with (
        traced_with(capture_message_content=True, redact=masked),
        traced_with(detail="semantic"),
    ):
        (RunnableLambda(lambda it: it) | Model()).invoke(SECRET)
    assert tracing.names() == ["chat", "invoke_workflow"]
    assert "masked" in str(contents(tracing))


@traced_with(capture_message_content=True)
def asks() -> Any:
    return ask()


@traced_with(capture_message_content=True)
async def asks_later() -> Any:
    return await Model().ainvoke(SECRET)


@traced_with(capture_message_content=True)
def streams() -> Iterator[Any]:
    yield from StreamingModel().stream(SECRET)


@traced_with(capture_message_content=True)
async def streams_later() -> AsyncIterator[Any]:
    async for chunk in StreamingModel().astream(SECRET):
        yield chunk


def consumes() -> None:
    for _ in streams():
        ask("outside")


async def consumes_later() -> None:
    async for _ in streams_later():
        await Model().ainvoke("outside")


DECORATED: dict[str, Callable[[], Any]] = {
    "function": asks,
    "coroutine": lambda: asyncio.run(asks_later()),
    "generator": consumes,
    "async generator": lambda: asyncio.run(consumes_later()),
}


def test_decorated_is_what_it_was() -> None:
    """A function of each kind stays one of its kind."""
    assert inspect.iscoroutinefunction(asks_later)
    assert inspect.isgeneratorfunction(streams)
    assert inspect.isasyncgenfunction(streams_later)


@pytest.mark.parametrize("kind", DECORATED)
def test_decorated(tracing: Tracing, kind: str) -> None:
    """The function's own runs have content; those of its consumer, between two items, have none."""
    DECORATED[kind]()
    ask("outside")
    found = contents(tracing)
    assert [content for content in found if content is not None] == [
        content for content in found if SECRET in str(content)
    ]
    assert sum(content is not None for content in found) == 1
    assert len(found) >= 2


def test_decorates_functions_only() -> None:
    """A class is refused, by what is said."""
    with pytest.raises(TypeError, match=r"traced_with\(\) decorates a function.*got <class"):
        traced_with()(Tracing)
    with pytest.raises(TypeError, match="got 3, a int"):
        traced_with()(3)  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tracer_provider": 3}, r"tracer_provider must be an OpenTelemetry provider.*got 3"),
        ({"capture_message_content": "SOME"}, "capture_message_content must be NO_CONTENT"),
        ({"capture_message_content": 3.5}, "capture_message_content must be NO_CONTENT.*a float"),
        ({"redact": "no"}, "redact must be a function"),
        ({"detial": "all"}, r"traced_with\(\) has no argument detial"),
        ({"skip_dep_check": True}, r"traced_with\(\) has no argument skip_dep_check"),
    ],
    ids=["provider", "value", "type", "redact", "misspelt", "instrument's"],
)
def test_arguments_are_checked_when_it_is_made(arguments: Any, message: str) -> None:
    """As the handler checks them, and not at the first request."""
    with pytest.raises((TypeError, ValueError), match=message):
        traced_with(**arguments)


def test_threads_with_a_copy_of_the_context(tracing: Tracing) -> None:
    """They are inside; a thread without one is not, as everywhere in OpenTelemetry."""
    with ThreadPoolExecutor(1) as pool, traced_with(capture_message_content=True):
        pool.submit(contextvars.copy_context().run, ask).result()
        pool.submit(ask).result()
    first, second = contents(tracing)
    assert SECRET in str(first)
    assert second is None


def test_batch(tracing: Tracing) -> None:
    """Runs in the threads of a batch and in the tasks of one are inside."""
    chain: Any = RunnableLambda(lambda it: it) | Model()
    with traced_with(capture_message_content=True):
        chain.batch([SECRET] * 3)
        asyncio.run(chain.abatch([SECRET] * 3))
    assert [SECRET in str(content) for content in contents(tracing)] == [True] * 6


def test_parallel_tasks(tracing: Tracing) -> None:
    """One object is entered by many tasks at once, and each leaves its own block."""
    block = traced_with(capture_message_content=True)

    async def request(number: int) -> None:
        if number % 2:
            async with block:
                await asyncio.sleep(0)
                await Model().ainvoke(f"inside {number}")
        else:
            await asyncio.sleep(0)
        await Model().ainvoke(f"outside {number}")

    async def all_of_them() -> None:
        await asyncio.gather(*map(request, range(20)))

    asyncio.run(all_of_them())
    found = [str(content) for content in contents(tracing) if content is not None]
    assert len(found) == 10
    assert all("inside" in content for content in found)


def test_left_in_another_context(tracing: Tracing) -> None:
    """Nothing is given back where the block was not entered."""
    block = traced_with(capture_message_content=True)
    contextvars.copy_context().run(block.__enter__)
    block.__exit__(None, None, None)
    ask()
    assert contents(tracing) == [None]


@pytest.mark.parametrize("kind", ["model", "chain", "agent"])
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_stream_that_began_in_a_block(kind: str, is_async: bool) -> None:
    """Whoever consumes it later: it is recorded whole as it began, and the consumer's runs not."""
    ours, theirs, third = Tracing(), Tracing(), Tracing()
    runnable: Any = {
        "model": StreamingModel(),
        "chain": RunnableLambda(lambda it: it) | StreamingModel() | RunnableLambda(lambda it: it),
        "agent": create_agent(
            ScriptedModel(answers=[calls("look_up", word="cats"), says("done")]), [look_up]
        ),
    }[kind]
    given: Any = {"messages": [("user", SECRET)]} if kind == "agent" else SECRET

    async def consume_async() -> None:
        with to(theirs, capture_message_content=True):
            stream = runnable.astream(given)
            await anext(stream)
        with to(third):
            await Model().ainvoke("third")
            async for _ in stream:
                pass

    def consume() -> None:
        with to(theirs, capture_message_content=True):
            stream = runnable.stream(given)
            next(stream)
        with to(third):
            ask("third")
            for _ in stream:
                pass

    with instrumented(ours):
        asyncio.run(consume_async()) if is_async else consume()
        assert third.names() == ["chat"]
        assert ours.spans == ()
        assert SECRET in everything(theirs)
        assert len(theirs.names()) >= {"model": 1, "chain": 3, "agent": 6}[kind]


@tool
def look_up(word: str) -> str:
    """Look a word up."""
    return word


def test_block_in_a_tool_of_an_agent() -> None:
    """Its runs stay in the tree, the agent counts them, and their content is not recorded."""
    tracing = Tracing()

    @tool
    def consult(word: str) -> str:
        """Ask somebody else."""
        with traced_with(capture_message_content=False, detail="all"):
            return str(Model().invoke(f"{word} {SECRET}").content)

    agent = create_agent(
        ScriptedModel(answers=[calls("consult", word="cats"), says("done")]), [consult], name="boss"
    )
    with instrumented(tracing, capture_message_content=True):
        agent.invoke({"messages": [("user", "hello")]})
    assert "  execute_tool consult\n" in tracing.tree() + "\n"
    inner = tracing.span("chat")
    outer = tracing.span("execute_tool consult")
    assert outer.context is not None
    assert inner.parent == outer.context
    assert SECRET not in everything(tracing)
    agents = tracing.span("invoke_agent boss").attributes or {}
    assert agents[semconv.GEN_AI_USAGE_INPUT_TOKENS] == 3 + 5 + 3
    assert agents[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == 2 + 4 + 3


def test_block_with_another_provider_in_a_node(tracing: Tracing) -> None:
    """A run hangs under the span around, whoever has that; its own children hang under it."""
    theirs = Tracing()

    def node(text: str) -> Any:
        with to(theirs, capture_message_content=True):
            return (RunnableLambda(lambda it: it) | Model()).invoke(text)

    (RunnableLambda(node) | (lambda it: it.content) | Model()).invoke(SECRET)
    assert SECRET not in everything(tracing)
    sequence = theirs.span("RunnableSequence")
    around = tracing.span("node")
    assert around.context is not None
    assert sequence.parent is not None
    assert (sequence.parent.span_id, sequence.parent.trace_id) == (
        around.context.span_id,
        around.context.trace_id,
    )
    assert theirs.tree().startswith("RunnableSequence\n  ")
    assert len(theirs.spans) == 3
    assert [name for name in tracing.names() if name == "chat"] == ["chat"]


def test_thread_without_context_inside_a_block(tracing: Tracing) -> None:
    """A run that names its parent belongs to it, where the block is not to be seen."""

    def step(text: str, config: Any) -> Any:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(Model().invoke, text, config).result()

    with traced_with(capture_message_content=True):
        (RunnableLambda(step) | (lambda it: it)).invoke(SECRET)
    assert SECRET in str(contents(tracing))


def test_handler_without_arguments_follows_the_block(tracing: Tracing) -> None:
    """With it among the callbacks, too, each run has one span, as the block has it."""
    theirs = Tracing()
    handler = OpenTelemetryCallbackHandler()
    with to(theirs, capture_message_content=True):
        Model().invoke(SECRET, {"callbacks": [handler]})
    assert tracing.spans == ()
    assert theirs.names() == ["chat"]
    assert SECRET in everything(theirs)


def test_handler_alone_follows_the_block() -> None:
    """Without the instrumentor, a handler that has nothing of its own does."""
    theirs = Tracing()
    with to(theirs):
        Model().invoke(SECRET, {"callbacks": [OpenTelemetryCallbackHandler()]})
    assert theirs.names() == ["chat"]


def test_handler_with_arguments_keeps_them(tracing: Tracing) -> None:
    """It records as it says; a run never has two spans of one tracer provider."""
    handler = OpenTelemetryCallbackHandler(tracer_provider=tracing.tracer_provider)
    theirs = Tracing()
    with traced_with(detail="nodes"):
        Model().invoke("hi", {"callbacks": [handler]})
    assert tracing.names() == ["chat"]
    with to(theirs):
        Model().invoke("hi", {"callbacks": [handler]})
    assert tracing.names() == ["chat", "chat"]
    assert theirs.names() == ["chat"]


def test_calls_without_callbacks() -> None:
    """Calls that LangChain does not report are recorded as the block has it, also in a run."""
    ours, theirs = Tracing(), Tracing()
    embeddings = DeterministicFakeEmbedding(size=3)

    def node(text: str) -> Any:
        with to(theirs):
            return embeddings.embed_query(text)

    with instrumented(ours):
        embeddings.embed_query("outside")
        with to(theirs):
            embeddings.embed_query("inside")
        RunnableLambda(node).invoke("in a node")
    assert len([name for name in ours.names() if name.startswith("embeddings")]) == 1
    assert len([name for name in theirs.names() if name.startswith("embeddings")]) == 2
    assert len(theirs.spans) == 2


def test_runs_called_plainly_in_a_body() -> None:
    """A model called in a retriever's body belongs to the retriever, and its tree is one."""
    theirs = Tracing()

    class Asking(Retriever):
        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> Any:
            ask(query)
            return super()._get_relevant_documents(query, run_manager=run_manager)

    with instrumented(Tracing()), to(theirs):
        Asking().invoke("cats")
    assert [line.strip() for line in theirs.tree().splitlines()][-1] == "chat"
    assert len({span.context.trace_id for span in theirs.spans if span.context}) == 1


def test_evaluation_of_a_span(tracing: Tracing) -> None:
    """What is judged in a block goes to its log records; a run's goes where the run went."""
    theirs = Tracing()
    with to(theirs), tracing.user_span("judged") as span:
        record_evaluation(span.get_span_context(), "relevance", score=1)
    assert [log.log_record.event_name for log in theirs.logs] == [semconv.GEN_AI_EVALUATION_RESULT]
    assert tracing.logs == ()


def test_off_means_off() -> None:
    """Where a block turns content off, a completion hook of the instrumentor is given none."""
    pytest.importorskip("opentelemetry.util.genai.types")
    seen: list[Any] = []

    class Keeping:
        def on_completion(self, **content: Any) -> None:
            seen.append(content)

    with instrumented(Tracing(), completion_hook=Keeping()):
        with traced_with(capture_message_content=False):
            ask()
        assert seen == []
        with traced_with(detail="nodes"):
            ask()
        assert len(seen) == 1


def test_uninstrumented_inside_the_block() -> None:
    """No run is recorded from then on; with the instrumentor again, the block counts again."""
    ours, theirs = Tracing(), Tracing()
    with to(theirs, capture_message_content=True):
        with instrumented(ours):
            ask()
        ask()
        with instrumented(ours):
            ask()
    assert theirs.names() == ["chat", "chat"]
    assert ours.spans == ()


def test_uninstrumented_inside_a_run() -> None:
    """A run that is under way stays whole, as the block has it."""
    ours, theirs = Tracing(), Tracing()

    def stop(text: str) -> Any:
        LangChainInstrumentor().uninstrument()
        return text

    LangChainInstrumentor().instrument(tracer_provider=ours.tracer_provider)
    with to(theirs, capture_message_content=True):
        (RunnableLambda(stop) | Model()).invoke(SECRET)
    assert theirs.names() == ["stop", "chat", "invoke_workflow"]
    assert SECRET in str(contents(theirs))
    assert ours.spans == ()


def test_other_options_of_the_next_instrument() -> None:
    """A block that outlives an instrumentor is merged over the one that is there."""
    block = traced_with(capture_message_content=True)
    first, second = Tracing(), Tracing()
    for tracing in (first, second):
        with instrumented(tracing), block:
            ask()
        assert SECRET in str(contents(tracing))
    assert first.names() == second.names() == ["chat"]


def test_suppressed(tracing: Tracing) -> None:
    """OpenTelemetry's own switch leaves runs out, in a block too."""
    with traced_with(capture_message_content=True), suppress_instrumentation():
        ask()
    assert tracing.spans == ()


def test_what_a_block_permits_is_not_shown_by_the_agent_around() -> None:
    """Instructions and history of an inner policy's calls are not on the outer agent's span."""
    tracing, theirs = Tracing(), Tracing()
    inner = to(theirs, capture_message_content=True)

    def chosen_by(state: Any) -> Any:
        with inner:
            return Model().invoke([("system", SECRET), ("user", "hello")])

    @tool
    def consult(word: str) -> str:
        """Ask somebody else."""
        return str(chosen_by(word).content)

    model = ScriptedModel(answers=[calls("consult", word="cats"), says("done")])
    agent = create_agent(model, [consult], name="boss")
    with instrumented(tracing, capture_message_content="SPAN_AND_EVENT", history="new"):
        agent.invoke({"messages": [("user", "hello")]})
    assert SECRET in everything(theirs)
    assert SECRET not in everything(tracing)


def test_identity_goes_through_the_redaction_of_the_block() -> None:
    """What a run inherits of one outside is shown as the inner policy has it."""
    ours, theirs = Tracing(), Tracing()

    def node(text: str) -> Any:
        with to(theirs, redact=lambda text, _: text.replace("zoe", "somebody")):
            return Model().invoke(text)

    with instrumented(ours):
        RunnableLambda(node).invoke("hi", {"metadata": {"user_id": "zoe"}})
    assert "zoe" in everything(ours)
    assert "zoe" not in everything(theirs)
    assert "somebody" in everything(theirs)


def test_cost_counts_for_the_agent_around() -> None:
    """What a call in an inner block cost is a part of what the agent cost."""
    tracing = Tracing()
    model = ScriptedModel(answers=[AIMessage("done", usage_metadata=says("").usage_metadata)])

    def node(text: str) -> Any:
        with traced_with(capture_message_content=True):
            return model.invoke(text)

    chain = RunnableLambda(node) | (lambda it: it.content)
    with instrumented(tracing, cost=lambda *_: {"input": 0.5}):
        chain.invoke("hi")
    assert (tracing.span("invoke_workflow").attributes or {})[semconv.COST_TOTAL] == 0.5
