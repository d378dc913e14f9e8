"""What a sampler is told, and what remains to be done for a run that it leaves out."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind
from opentelemetry.trace.span import TraceState
from opentelemetry.util.types import AttributeValue

from langchain_otel import semconv
from models import Model, ScriptedModel, counted
from recording import Tracing, instrumented
from versions import create_agent


class Choosing(Sampler):
    """Records what is not `left_out` by name; reads the attributes of everything, or of nothing."""

    def __init__(self, left_out: Sequence[str] = (), *, reads: bool = True) -> None:
        self.left_out = left_out
        self.reads = reads
        self.told: dict[str, dict[str, AttributeValue]] = {}

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Mapping[str, AttributeValue] | None = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        if self.reads:
            self.told[name] = dict(attributes or {})
        is_in = name not in self.left_out
        decision = Decision.RECORD_AND_SAMPLE if is_in else Decision.DROP
        return SamplingResult(decision, attributes, trace_state)

    def get_description(self) -> str:
        return "Choosing"


def sampled(sampler: Sampler) -> Tracing:
    tracing = Tracing()
    tracing.tracer_provider.sampler = sampler
    return tracing


def chain() -> Runnable[Any, Any]:
    prompt = ChatPromptTemplate.from_template("Tell me about {topic}")
    return (prompt | Model() | StrOutputParser()).with_config(
        tags=["zoo"], metadata={"thread_id": "chat-7", "team": "cats"}
    )


def test_sampler_is_told_what_the_span_says_at_its_start() -> None:
    """Name, kind and all attributes: of the root, and of what hangs under it."""
    sampler = Choosing()
    tracing = sampled(sampler)
    with instrumented(tracing):
        chain().invoke({"topic": "cats"})
    for span in tracing.spans:
        attributes = dict(span.attributes or {})
        for attribute, value in sampler.told[span.name].items():
            assert attributes[attribute] == (tuple(value) if isinstance(value, list) else value)
    assert sampler.told["invoke_workflow"][semconv.METADATA + "team"] == "cats"
    assert sampler.told["chat"][semconv.GEN_AI_CONVERSATION_ID] == "chat-7"


@pytest.mark.parametrize("reads", [True, False])
def test_what_hangs_under_a_run_that_is_left_out_is_whole(reads: bool) -> None:
    """A sampler may leave out a root and keep what is in it."""
    everything = sampled(Choosing())
    with instrumented(everything):
        chain().invoke({"topic": "cats"})
    tracing = sampled(Choosing(["invoke_workflow"], reads=reads))
    with instrumented(tracing):
        chain().invoke({"topic": "cats"})
    assert tracing.names() == [name for name in everything.names() if name != "invoke_workflow"]
    for name in tracing.names():
        assert dict(tracing.span(name).attributes or {}) == dict(
            everything.span(name).attributes or {}
        )


@pytest.mark.parametrize("reads", [True, False])
def test_agent_counts_calls_that_are_left_out(reads: bool) -> None:
    """An agent's tokens are those of all its calls, whether or not these have spans."""
    tracing = sampled(Choosing(["chat scripted"], reads=reads))
    tracing.meter_provider = None  # type: ignore[assignment]
    answer = AIMessage("three", usage_metadata=counted(7, 1))
    made = create_agent(ScriptedModel(answers=[answer]), [], name="calculator")
    with instrumented(tracing):
        made.invoke({"messages": [HumanMessage("1 + 2?")]})
    assert "chat scripted" not in tracing.names()
    attributes = tracing.span("invoke_agent calculator").attributes or {}
    assert attributes[semconv.GEN_AI_USAGE_INPUT_TOKENS] == 7


def test_failure_is_logged_of_a_run_that_is_left_out() -> None:
    """Log records do not depend on sampling, and know the error."""
    tracing = sampled(ALWAYS_OFF)
    with instrumented(tracing), pytest.raises(ValueError, match="broken"):
        (Model(fails=ValueError("broken")) | StrOutputParser()).invoke("hello")
    (record,) = tracing.logs
    attributes = record.log_record.attributes or {}
    assert attributes[semconv.EXCEPTION_TYPE] == "ValueError"
    (point,) = tracing.points(semconv.METRIC_INFERENCE_DURATION)
    assert point.attributes[semconv.ERROR_TYPE] == "ValueError"
