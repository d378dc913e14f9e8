"""Every event of LangChain's callback interface has its effect."""

from typing import Any
from uuid import uuid4

import pytest
from langchain_core.callbacks import (
    CallbackManagerForChainRun,
    adispatch_custom_event,
    dispatch_custom_event,
)
from langchain_core.language_models import FakeListLLM
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from opentelemetry.sdk.trace import Event
from tenacity import RetryCallState, Retrying

from langchain_otel import OpenTelemetryCallbackHandler, health, semconv
from langchain_otel.recording.span_events import MAX_EVENTS
from recording import Tracing
from versions import classic


def events_of(tracing: Tracing, name: str) -> list[Event]:
    return list(tracing.span(name).events)


def test_custom_event(tracing: Tracing) -> None:
    """A custom event is an event of the run's span: its name, not its data."""

    def body(text: str) -> str:
        dispatch_custom_event("progress", {"done": "half of the secret"})
        return text

    RunnableLambda(body, name="work").invoke("hello")
    (event,) = events_of(tracing, "invoke_workflow work")
    assert event.name == semconv.EVENT_CUSTOM
    assert dict(event.attributes or {}) == {semconv.EVENT_NAME: "progress"}


async def test_async_custom_event_with_content(tracing_with_content: Tracing) -> None:
    """With content on, the data is there as JSON."""

    async def body(text: str) -> str:
        await adispatch_custom_event("progress", {"done": 0.5, "by": object})
        return text

    await RunnableLambda(body, name="work").ainvoke("hello")
    (event,) = events_of(tracing_with_content, "invoke_workflow work")
    assert (event.attributes or {})[semconv.EVENT_DATA] == '{"done":0.5,"by":"<type>"}'


def test_events_are_bounded(tracing: Tracing) -> None:
    """A run that reports without end keeps the first events, and a counter says so."""

    def body(text: str) -> str:
        for number in range(MAX_EVENTS * 2):
            dispatch_custom_event(f"event {number}", None)
        return text

    RunnableLambda(body, name="work").invoke("hello")
    assert len(events_of(tracing, "invoke_workflow work")) == MAX_EVENTS
    assert health.failures.pop("events of a run") == MAX_EVENTS


def test_text_and_retry(tracing: Tracing) -> None:
    """`on_text` and `on_retry` of a run manager, as legacy chains and models call them."""

    def body(text: str, run_manager: CallbackManagerForChainRun) -> str:
        run_manager.on_text("some secret words")
        state = RetryCallState(Retrying(), None, (), {})
        state.attempt_number = 3
        state.set_exception((ValueError, ValueError("secret"), None))
        run_manager.on_retry(state)
        return text

    RunnableLambda(body, name="work").invoke("hello")
    text, retry = events_of(tracing, "invoke_workflow work")
    assert text.name == semconv.EVENT_TEXT
    assert dict(text.attributes or {}) == {semconv.EVENT_LENGTH: 17}
    assert retry.name == semconv.EVENT_RETRY
    assert dict(retry.attributes or {}) == {
        semconv.RETRY_ATTEMPT: 3,
        semconv.ERROR_TYPE: "ValueError",
    }


@tool
def search(query: str) -> str:
    """Search."""
    return f"found {query}"


def agent_executor() -> Any:
    model = FakeListLLM(
        responses=["Action: search\nAction Input: secret cats", "Final Answer: secret answer"]
    )
    prompt = PromptTemplate.from_template("{tools} {tool_names} {input} {agent_scratchpad}")
    agents = classic("agents")
    agent = agents.create_react_agent(model, [search], prompt)
    return agents.AgentExecutor(agent=agent, tools=[search])


def check_agent_executor(tracing: Tracing) -> None:
    span = tracing.span("invoke_agent AgentExecutor")
    action, finish = span.events
    assert action.name == semconv.EVENT_AGENT_ACTION
    assert dict(action.attributes or {}) == {semconv.GEN_AI_TOOL_NAME: "search"}
    assert finish.name == semconv.EVENT_AGENT_FINISH
    assert "secret" not in span.to_json()
    executed = tracing.span("execute_tool search")
    assert executed.parent == span.context
    assert (executed.attributes or {})[semconv.GEN_AI_AGENT_NAME] == "AgentExecutor"


def test_agent_executor(tracing: Tracing) -> None:
    """The legacy agent is an agent, and says what it decided."""
    agent_executor().invoke({"input": "cats"})
    check_agent_executor(tracing)


async def test_agent_executor_async(tracing: Tracing) -> None:
    """The same in async code."""
    await agent_executor().ainvoke({"input": "cats"})
    check_agent_executor(tracing)


UNKNOWN_RUN_EVENTS: dict[str, tuple[Any, ...]] = {
    "on_llm_new_token": ("token",),
    "on_stream_event": ({"event": "content-block-delta"},),
    "on_llm_end": (None,),
    "on_llm_error": (ValueError(),),
    "on_chain_end": (None,),
    "on_chain_error": (ValueError(),),
    "on_tool_end": (None,),
    "on_tool_error": (ValueError(),),
    "on_retriever_end": ([],),
    "on_retriever_error": (ValueError(),),
    "on_text": ("text",),
    "on_retry": (None,),
    "on_agent_action": (None,),
    "on_agent_finish": (None,),
    "on_custom_event": ("name", None),
}


@pytest.mark.parametrize("event", UNKNOWN_RUN_EVENTS)
def test_event_of_an_unknown_run_is_ignored(tracing: Tracing, event: str) -> None:
    """A run that never started here, or has ended, is nobody's business."""
    handler = OpenTelemetryCallbackHandler(tracer_provider=tracing.tracer_provider)
    getattr(handler, event)(*UNKNOWN_RUN_EVENTS[event], run_id=uuid4())
    assert not tracing.spans


def test_events_twice_and_out_of_order(tracing: Tracing) -> None:
    """A run that starts twice or ends twice has one span; what comes after its end is ignored."""
    handler = OpenTelemetryCallbackHandler(tracer_provider=tracing.tracer_provider)
    parent, child, late = uuid4(), uuid4(), uuid4()
    handler.on_chain_start({}, {}, run_id=parent, name="parent")
    handler.on_chain_start({}, {}, run_id=parent, name="again")
    handler.on_chain_start({}, {}, run_id=child, parent_run_id=parent, name="child")
    handler.on_chain_end({}, run_id=parent)
    handler.on_chain_end({}, run_id=parent)
    handler.on_chain_error(ValueError(), run_id=parent)
    handler.on_chain_start({}, {}, run_id=late, parent_run_id=parent, name="late")
    handler.on_chain_end({}, run_id=late)
    handler.on_chain_end({}, run_id=child)
    assert tracing.tree() == "invoke_workflow parent\n  child\n  late"


def test_unknown_parent_hangs_under_what_is_current(tracing: Tracing) -> None:
    """A handler in a constructor never saw the chain above; the trace goes on all the same."""
    handler = OpenTelemetryCallbackHandler(tracer_provider=tracing.tracer_provider)
    run = uuid4()
    with tracing.user_span("request"):
        handler.on_chain_start({}, {}, run_id=run, parent_run_id=uuid4(), name="step")
        handler.on_chain_end({}, run_id=run)
    assert tracing.tree() == "request\n  step"
