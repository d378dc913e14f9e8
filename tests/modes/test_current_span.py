"""What the application makes itself, in its own code, hangs where that code runs."""

import asyncio
from typing import Any

import httpx
import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableBranch, RunnableLambda
from opentelemetry import baggage, context, trace
from pydantic import Field

from modes.graphs import EMPTY, chained
from modes.lcel import step
from modes.models import StreamingModel
from modes.probe import Probe, sdk_span, trace_of
from recording import Tracing, id_of


class Asking(BaseChatModel):
    """A chat model that is called over HTTP, and notes what was sent and the baggage it saw."""

    tracer_provider: Any = None
    instrument: Any = Field(default=lambda *_: None)
    headers: list[Any] = Field(default_factory=list)
    baggage: list[Any] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "asking"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        self.baggage.append(baggage.get_baggage("user"))
        with httpx.Client(transport=httpx.MockTransport(self._answer)) as client:
            self.instrument(client, self.tracer_provider)
            client.post("http://model.test/chat")
        return ChatResult(generations=[ChatGeneration(message=AIMessage("hi"))])

    async def _agenerate(self, *_: Any, **__: Any) -> ChatResult:
        self.baggage.append(baggage.get_baggage("user"))
        async with httpx.AsyncClient(transport=httpx.MockTransport(self._answer)) as client:
            self.instrument(client, self.tracer_provider)
            await client.post("http://model.test/chat")
        return ChatResult(generations=[ChatGeneration(message=AIMessage("hi"))])

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.headers.append(request.headers)
        return httpx.Response(200)


def test_a_users_span_in_a_node_is_the_parent_of_the_model_call(tracing: Tracing) -> None:
    """The model's span hangs under the span that the application made around the call."""
    probe = Probe(tracing)
    model = StreamingModel(probe=probe)

    def work(_: Any) -> Any:
        with tracing.user_span("mine"):
            model.invoke("hi")
            list(model.stream("hi"))
        return EMPTY

    chained(work=work).compile().invoke(EMPTY)
    chats = [span for span in tracing.spans if span.name == "chat"]
    mine = tracing.span("mine")
    assert [span.parent for span in chats] == [mine.get_span_context()] * 2
    assert mine.parent == tracing.span("work").get_span_context()


async def test_a_users_span_in_an_async_node_is_the_parent_of_the_model_call(
    tracing: Tracing,
) -> None:
    """The same in a coroutine, for a call that is awaited and for one that is streamed."""
    model = StreamingModel(probe=Probe(tracing))

    async def work(_: Any) -> Any:
        with tracing.user_span("mine"):
            await model.ainvoke("hi")
            async for _ in model.astream("hi"):
                await asyncio.sleep(0)
        return EMPTY

    await chained(work=work).compile().ainvoke(EMPTY)
    chats = [span for span in tracing.spans if span.name == "chat"]
    mine = tracing.span("mine")
    assert [span.parent for span in chats] == [mine.get_span_context()] * 2
    assert mine.parent == tracing.span("work").get_span_context()


def test_a_users_span_left_current_in_a_body_ends_with_the_body(tracing: Tracing) -> None:
    """A context that is attached in a body and never detached does not leave it."""
    left = tracing.tracer.start_span("left")

    def work(_: Any) -> Any:
        context.attach(trace.set_span_in_context(left))
        return EMPTY

    before = context.get_current()
    chained(work=work).compile().invoke(EMPTY)
    RunnableLambda(work).invoke(EMPTY)
    assert context.get_current() is before
    left.end()


@pytest.mark.parametrize("mode", ["invoke", "stream"])
def test_baggage_set_in_a_node_is_seen_in_the_model(mode: str, tracing: Tracing) -> None:
    """Baggage survives on the way from a node's code into a model's."""
    model = Asking()

    def work(_: Any) -> Any:
        token = context.attach(baggage.set_baggage("user", "ada"))
        list(model.stream("hi")) if mode == "stream" else model.invoke("hi")
        context.detach(token)
        return EMPTY

    chained(work=work).compile().invoke(EMPTY)
    assert model.baggage == ["ada"]


async def test_baggage_set_in_an_async_node_is_seen_in_the_model(tracing: Tracing) -> None:
    """The same in a coroutine."""
    model = Asking()

    async def work(_: Any) -> Any:
        token = context.attach(baggage.set_baggage("user", "ada"))
        await model.ainvoke("hi")
        context.detach(token)
        return EMPTY

    await chained(work=work).compile().ainvoke(EMPTY)
    assert model.baggage == ["ada"]


async def test_a_request_sent_by_a_model_names_the_models_span(tracing: Tracing) -> None:
    """An instrumented HTTP client's span hangs under the model's; its request tells the trace."""
    instrumentation = pytest.importorskip("opentelemetry.instrumentation.httpx")
    instrument = instrumentation.HTTPXClientInstrumentor.instrument_client
    model = Asking(tracer_provider=tracing.tracer_provider, instrument=instrument)
    model.invoke("hi")
    await model.ainvoke("hi")
    requests = [span for span in tracing.spans if span.name == "POST"]
    chats = [span for span in tracing.spans if span.name == "chat"]
    assert [span.parent for span in requests] == [span.get_span_context() for span in chats]
    for request, chat, headers in zip(requests, chats, model.headers, strict=True):
        trace_id = f"{trace_of(chat):032x}"
        assert headers["traceparent"].split("-")[1:3] == [trace_id, f"{id_of(request):016x}"]


def test_a_run_under_a_users_span_is_its_child(tracing: Tracing) -> None:
    """A root run hangs under the span that the application has current."""
    with tracing.user_span("request"):
        step(Probe(tracing), "double", lambda n: n).invoke(1)
    assert tracing.tree().splitlines()[:2] == ["request", "  invoke_workflow double"]


async def test_two_runs_one_after_the_other_are_two_traces(tracing: Tracing) -> None:
    """Nothing of a run is left behind for the next one to hang under."""
    model = StreamingModel(probe=Probe(tracing))
    await model.ainvoke("hi")
    await model.ainvoke("hi")
    model.invoke("hi")
    list(model.stream("hi"))
    chats = [span for span in tracing.spans if span.name == "chat"]
    assert all(span.parent is None for span in chats)
    assert len({trace_of(span) for span in chats}) == 4


def test_a_call_without_a_configuration_hangs_under_the_body_that_makes_it(
    tracing: Tracing,
) -> None:
    """LangChain tells no parent of `generate` without callbacks: the current span is it."""
    model = StreamingModel(probe=Probe(tracing))

    def work(_: Any) -> Any:
        return model.generate([[AIMessage("hi")]])

    RunnableLambda(work, name="work").invoke(1)
    assert tracing.span("chat").parent == tracing.span("invoke_workflow work").get_span_context()


BOUND = RunnableLambda(lambda it: it, name="bound").with_config(tags=["mine"])
BRANCHES = {
    "chosen": RunnableBranch((lambda _: True, BOUND), BOUND),
    "by default": RunnableBranch((lambda _: False, BOUND), BOUND),
    "a stream that is not retried": RunnableBranch((lambda _: True, BOUND.with_retry()), BOUND),
}
each_branch = pytest.mark.parametrize("branch", BRANCHES.values(), ids=BRANCHES.keys())
IN_A_BRANCH = ["invoke_workflow work", "  RunnableBranch", "    RunnableLambda", "    bound"]


@each_branch
def test_a_binding_in_a_branch_hangs_under_the_branch(branch: Any, tracing: Tracing) -> None:
    """LangChain names the run around the branch: the binding prefers the body's configuration."""

    def work(given: Any) -> Any:
        return list(branch.stream(given))

    RunnableLambda(work, name="work").invoke(1)
    assert tracing.tree().splitlines() == IN_A_BRANCH


@each_branch
async def test_a_binding_in_an_async_branch_hangs_under_the_branch(
    branch: Any, tracing: Tracing
) -> None:
    """The same in a coroutine."""

    async def work(given: Any) -> Any:
        return [it async for it in branch.astream(given)]

    await RunnableLambda(work, name="work").ainvoke(1)
    assert tracing.tree().splitlines() == IN_A_BRANCH


def test_the_current_span_in_a_body_is_the_runs_own(tracing: Tracing) -> None:
    """What the application adds to the current span is on the run's span, an SDK span."""
    seen = []

    def work(given: Any) -> Any:
        span = trace.get_current_span()
        span.set_attribute("mine", 1)
        seen.append(span)
        return given

    RunnableLambda(work, name="work").invoke(1)
    span = tracing.span("invoke_workflow work")
    assert sdk_span(seen[0]).get_span_context() == span.get_span_context()
    assert (span.attributes or {})["mine"] == 1
