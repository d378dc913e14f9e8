"""A model that wraps another one: the call is counted once, by the run that made it."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import AsyncCallbackManager, CallbackManager
from langchain_core.language_models import LLM
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import ConfigurableField, Runnable, RunnableLambda
from langchain_core.tools import tool

from langchain_otel import semconv
from models import Model, StreamingModel, counted
from recording import Tracing, instrumented
from shown import executed
from versions import create_agent

pytestmark = pytest.mark.usefixtures("wrapped_once")

INFERENCE = "gen_ai.client.inference"
QUESTION = {"messages": [HumanMessage("hello")]}
WAYS = ("plain", "with its handlers", "as its child")


class Named(StreamingModel):
    """A model with a name, that counts 3 tokens in and 3 out, and says why it ended."""

    model: str = "inner"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model}

    def bind_tools(self, *_: Any, **__: Any) -> Any:
        return self


class Wrapper(Named):
    """A model that asks another one, `way`, and gives its answer back as its own."""

    inner: Any
    way: str = "plain"
    model: str = "wrapper"
    usage: Any = "the inner one's"

    def _config(self, manager: Any) -> Any:
        if self.way == "plain" or manager is None:
            return None
        if self.way == "with its handlers":
            return {"callbacks": manager.handlers}
        kind = AsyncCallbackManager if "Async" in type(manager).__name__ else CallbackManager
        return {"callbacks": kind(manager.handlers, parent_run_id=manager.run_id)}

    def _answer(self, message: Any) -> ChatResult:
        usage = message.usage_metadata if self.usage == "the inner one's" else self.usage
        answer = AIMessage(message.content, usage_metadata=usage)
        return ChatResult(generations=[ChatGeneration(message=answer)])

    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **_: Any
    ) -> ChatResult:
        return self._answer(self.inner.invoke(messages, self._config(run_manager)))

    async def _agenerate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **_: Any
    ) -> ChatResult:
        return self._answer(await self.inner.ainvoke(messages, self._config(run_manager)))

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **_: Any
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in self.inner.stream(messages, self._config(run_manager)):
            yield ChatGenerationChunk(message=_copied(chunk))

    async def _astream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **_: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        async for chunk in self.inner.astream(messages, self._config(run_manager)):
            yield ChatGenerationChunk(message=_copied(chunk))


def _copied(chunk: Any) -> AIMessageChunk:
    return AIMessageChunk(content=chunk.content, usage_metadata=chunk.usage_metadata)


def agent_over(model: Any) -> Runnable[Any, Any]:
    """An agent without tools."""
    made: Runnable[Any, Any] = create_agent(model, [], name="asker")
    return made


def of_agent(tracing: Tracing) -> tuple[Any, Any, int]:
    """The tokens that the agent's span has, and the calls that are counted of it."""
    found = dict(tracing.span("invoke_agent asker").attributes or {})
    (made,) = tracing.points("gen_ai.invoke_agent.inference_calls")
    return (
        found.get(semconv.GEN_AI_USAGE_INPUT_TOKENS),
        found.get(semconv.GEN_AI_USAGE_OUTPUT_TOKENS),
        made.sum,
    )


def of_meter(tracing: Tracing) -> dict[str, Any]:
    """The input tokens by the model that they are counted under, in both kinds of metric."""
    measured = tracing.metrics()
    each = {
        point.attributes.get(semconv.GEN_AI_REQUEST_MODEL): point.sum
        for point in measured[f"{INFERENCE}.operation.input_tokens"].points
    }
    totals = {
        point.attributes.get(semconv.GEN_AI_REQUEST_MODEL): point.value
        for point in measured[f"{INFERENCE}.usage.input_tokens"].points
    }
    assert each == totals
    return totals


def durations(tracing: Tracing) -> dict[str, int]:
    """How many runs of each model are timed."""
    return {
        point.attributes.get(semconv.GEN_AI_REQUEST_MODEL): point.count
        for point in tracing.points(f"{INFERENCE}.duration")
    }


@pytest.mark.parametrize("way", WAYS)
def test_agent_over_a_wrapper(tracing: Tracing, mode: str, way: str) -> None:
    """However the agent runs: one call, its tokens once, under the model that was called."""
    executed(agent_over(Wrapper(inner=Named(), way=way)), QUESTION, mode)
    assert of_agent(tracing) == (3, 3, 1)
    assert of_meter(tracing) == {"inner": 3}
    assert durations(tracing) == {"wrapper": 1, "inner": 1}
    agent = dict(tracing.span("invoke_agent asker").attributes or {})
    assert agent[semconv.GEN_AI_REQUEST_MODEL] == "inner"


@pytest.mark.parametrize("way", WAYS)
async def test_wrapper_alone(tracing: Tracing, way: str) -> None:
    """Without an agent, in every interface."""
    model = Wrapper(inner=Named(), way=way)
    model.invoke("hello")
    await model.ainvoke("hello")
    list(model.stream("hello"))
    _ = [chunk async for chunk in model.astream("hello")]
    model.batch(["hello", "hello"])
    assert of_meter(tracing) == {"inner": 6 * 3}
    assert durations(tracing) == {"wrapper": 6, "inner": 6}


@pytest.mark.parametrize("way", WAYS)
def test_wrapper_around_a_wrapper(tracing: Tracing, way: str) -> None:
    """The innermost run made the call."""
    middle = Wrapper(inner=Named(), way=way, model="middle")
    agent_over(Wrapper(inner=middle, way=way)).invoke(QUESTION)
    assert of_agent(tracing) == (3, 3, 1)
    assert of_meter(tracing) == {"inner": 3}


def test_wrapper_around_a_chain(tracing: Tracing) -> None:
    """What stands between the models changes nothing."""
    chain = RunnableLambda(lambda given: given) | Named()
    for way in WAYS:
        Wrapper(inner=chain, way=way).invoke("hello")
    assert of_meter(tracing) == {"inner": 9}


def test_wrapper_that_asks_several(tracing: Tracing) -> None:
    """A wrapper that asks twice made two calls; what it says of them in sum is not added."""

    class Twice(Wrapper):
        def _generate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
            self.inner.invoke(messages)
            return self._answer(self.inner.invoke(messages))

    agent_over(Twice(inner=Named(), usage=counted(6, 6))).invoke(QUESTION)
    assert of_agent(tracing) == (6, 6, 2)
    assert of_meter(tracing) == {"inner": 6}


def test_wrapper_that_counts_otherwise(tracing: Tracing) -> None:
    """The run that made the call has the say; the wrapper's own span says what it says."""
    agent_over(Wrapper(inner=Named(), usage=counted(100, 50))).invoke(QUESTION)
    assert of_agent(tracing) == (3, 3, 1)
    assert of_meter(tracing) == {"inner": 3}
    wrapper = dict(tracing.span("chat wrapper").attributes or {})
    assert wrapper[semconv.GEN_AI_USAGE_INPUT_TOKENS] == 100


def test_wrapper_that_counts_nothing(tracing: Tracing) -> None:
    """An answer that comes out without its usage is counted all the same."""
    agent_over(Wrapper(inner=Named(), usage=None)).invoke(QUESTION)
    assert of_agent(tracing) == (3, 3, 1)
    assert of_meter(tracing) == {"inner": 3}


def test_wrapper_that_alone_counts(tracing: Tracing) -> None:
    """Where the inner run says no usage, what the wrapper says is the count."""

    class Silent(Named):
        def _generate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
            return ChatResult(generations=[ChatGeneration(message=AIMessage("hello"))])

    agent_over(Wrapper(inner=Silent(), usage=counted(7, 2))).invoke(QUESTION)
    assert of_agent(tracing) == (7, 2, 1)
    assert of_meter(tracing) == {"wrapper": 7}


def test_wrapper_that_answers_after_a_failure(tracing: Tracing) -> None:
    """The failed call is one call; the tokens are the wrapper's own."""

    class Patient(Wrapper):
        def _generate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
            with pytest.raises(ValueError, match="broken"):
                self.inner.invoke(messages)
            return self._answer(AIMessage("hello"))

    model = Patient(inner=Named(fails=ValueError("broken")), usage=counted(7, 2))
    agent_over(model).invoke(QUESTION)
    assert of_agent(tracing) == (7, 2, 1)


def test_wrapper_around_a_cached_answer(tracing: Tracing) -> None:
    """What a cache answers costs nothing, whatever the wrapper says of it."""
    model = Wrapper(inner=Named(cache=InMemoryCache()), usage=counted(3, 3))
    for _ in range(2):
        model.invoke("hello")
    assert of_meter(tracing) == {"inner": 3}


@pytest.mark.parametrize("way", WAYS)
async def test_stream_that_is_left(tracing: Tracing, way: str) -> None:
    """Whichever run ends first, the tokens that came are counted once."""
    model = Wrapper(inner=Named(), way=way)
    stream = model.stream("hello")
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    astream = model.astream("hello")
    await anext(astream)
    await astream.aclose()  # type: ignore[attr-defined]
    assert sum(of_meter(tracing).values()) == 6


def test_inner_generate_is_no_run(tracing: Tracing) -> None:
    """A wrapper that calls `_generate` itself is the only run there is."""

    class Direct(Wrapper):
        def _generate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
            result: ChatResult = self.inner._generate(messages)
            return result

    agent_over(Direct(inner=Named())).invoke(QUESTION)
    assert of_agent(tracing) == (3, 3, 1)
    assert of_meter(tracing) == {"wrapper": 3}


def test_runnables_that_choose_a_model(tracing: Tracing) -> None:
    """Fallbacks and alternatives are no models: each call of a model counts."""

    class Failing(Named):
        def _generate(self, *_: Any, **__: Any) -> ChatResult:
            raise ValueError("broken")

    broken = Failing(model="broken")
    broken.with_fallbacks([Named()]).invoke("hello")
    chosen = Named().configurable_alternatives(
        ConfigurableField(id="model"), default_key="one", other=Named(model="other")
    )
    chosen.invoke("hello", {"configurable": {"model": "other"}})
    assert of_meter(tracing) == {"inner": 3, "other": 3}
    assert durations(tracing) == {"broken": 1, "inner": 1, "other": 1}


def test_chat_model_around_a_completion_model(tracing: Tracing) -> None:
    """The kinds may differ."""

    class Completing(LLM):
        @property
        def _llm_type(self) -> str:
            return "completing"

        @property
        def _identifying_params(self) -> dict[str, Any]:
            return {"model": "completing"}

        def _call(self, prompt: str, *_: Any, **__: Any) -> str:
            return "completed"

        def _generate(self, prompts: list[str], *_: Any, **__: Any) -> Any:
            result = super()._generate(prompts)
            usage = {"prompt_tokens": 5, "completion_tokens": 2}
            result.llm_output = {"token_usage": usage}
            return result

    class Chatting(Wrapper):
        def _generate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
            return self._answer(AIMessage(self.inner.invoke(messages)))

    agent_over(Chatting(inner=Completing(), usage=counted(5, 2))).invoke(QUESTION)
    assert of_agent(tracing) == (5, 2, 1)
    assert of_meter(tracing) == {"completing": 5}


def test_model_that_is_an_agent(tracing: Tracing) -> None:
    """A model whose body runs an agent: its tokens reach the agent around once, its call too."""

    class Delegating(Wrapper):
        def _generate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
            answer = self.inner.invoke({"messages": messages})["messages"][-1]
            return self._answer(AIMessage(answer.content, usage_metadata=answer.usage_metadata))

    inner = create_agent(Named(), [], name="delegate")
    agent_over(Delegating(inner=inner)).invoke(QUESTION)
    found = dict(tracing.span("invoke_agent asker").attributes or {})
    assert found[semconv.GEN_AI_USAGE_INPUT_TOKENS] == 3
    assert of_meter(tracing) == {"inner": 3}
    calls = {
        point.attributes[semconv.GEN_AI_AGENT_NAME]: point.sum
        for point in tracing.points("gen_ai.invoke_agent.inference_calls")
    }
    assert calls == {"asker": 1, "delegate": 1}


@tool
def ask() -> str:
    """Ask another model."""
    answer: str = Named().invoke("hello").content  # type: ignore[assignment]
    return answer


def test_model_in_a_tool_counts(tracing: Tracing) -> None:
    """A model that a tool asks is inside no model: both calls count."""

    class Caller(Named):
        model: str = "caller"

        def _generate(self, messages: list[Any], *_: Any, **__: Any) -> ChatResult:
            result = Model._generate(self, messages)
            if not any(message.type == "tool" for message in messages):
                call = {"name": "ask", "args": {}, "id": "call-1", "type": "tool_call"}
                answer = AIMessage("", tool_calls=[call], usage_metadata=counted(3, 3))
                result.generations[0].message = answer
            return result

    create_agent(Caller(), [ask], name="asker").invoke(QUESTION)
    assert of_agent(tracing) == (9, 9, 3)
    assert of_meter(tracing) == {"caller": 6, "inner": 3}


def test_models_side_by_side_count(tracing: Tracing) -> None:
    """Only what runs inside the body of another one is the same call."""
    (Named() | RunnableLambda(lambda answer: answer.content) | Named()).invoke("hello")
    assert of_meter(tracing) == {"inner": 6}


def test_finish_reasons_of_an_agent(tracing: Tracing) -> None:
    """The agent got the wrapper's answer; where that says nothing, the inner one's reason."""

    class Ending(Named):
        reason: Any = "stop"

        def _generate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
            result = Model._generate(self, messages)
            result.generations[0].message.response_metadata["finish_reason"] = self.reason
            return result

    class Silent(Wrapper):
        pass

    class Changing(Wrapper):
        def _answer(self, message: Any) -> ChatResult:
            result = super()._answer(message)
            result.generations[0].message.response_metadata["finish_reason"] = "length"
            return result

    for kind, expected in ((Silent, ("stop",)), (Changing, ("length",))):
        agent_over(kind(inner=Ending())).invoke(QUESTION)
        span = [each for each in tracing.spans if each.name == "invoke_agent asker"][-1]
        found = (span.attributes or {}).get(semconv.GEN_AI_RESPONSE_FINISH_REASONS)
        assert found == expected


@pytest.mark.parametrize("flavour", ["previous", "both"])
def test_other_flavours(flavour: str) -> None:
    """Tokens under the names of before are counted once too."""
    tracing = Tracing()
    with instrumented(tracing, metrics=flavour):
        Wrapper(inner=Named()).invoke("hello")
    sums = {
        point.attributes[semconv.GEN_AI_TOKEN_TYPE]: point.sum
        for point in tracing.points("gen_ai.client.token.usage")
    }
    assert sums == {"input": 3, "output": 3}


def test_handler_that_sees_the_wrapper_alone() -> None:
    """Where only the wrapper's run is recorded, it is what is counted."""
    from langchain_otel import OpenTelemetryCallbackHandler

    tracing = Tracing()
    handler = OpenTelemetryCallbackHandler(
        tracer_provider=tracing.tracer_provider, meter_provider=tracing.meter_provider
    )
    Wrapper(inner=Named(), callbacks=[handler]).invoke("hello")
    assert of_meter(tracing) == {"wrapper": 3}
