"""What an application builds on it, used together: blocks, hooks, attributes, judgements, tests."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableLambda
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Span

from langchain_otel import (
    RunView,
    attributes,
    current_run_id,
    record_evaluation,
    span_context_of,
    traced_with,
)
from langchain_otel.testing import captured_trace
from models import Model
from recording import Tracing, instrumented

CHAIN = Model() | StrOutputParser()


def marked(span: Span, run: RunView) -> None:
    span.set_attribute("app.kind", run.kind)


def of(span: ReadableSpan, name: str) -> Any:
    return (span.attributes or {}).get(name)


def test_a_block_has_hooks_of_its_own(tracing: Tracing) -> None:
    """Only the runs of the block are handed to its hook, and named by its function."""
    with traced_with(request_hook=marked, span_name=lambda run: f"acme {run.kind}"):
        CHAIN.invoke("hello")
    CHAIN.invoke("hello")
    marks = [of(span, "app.kind") is not None for span in tracing.spans]
    assert marks == [True] * 3 + [False] * 3
    assert [span.name.startswith("acme ") for span in tracing.spans] == marks


@pytest.mark.parametrize("is_async", [False, True])
def test_a_block_keeps_the_instrumentors_hooks(*, is_async: bool) -> None:
    """A block that says nothing of hooks has those that are in force around it."""
    tracing = Tracing()
    with instrumented(tracing, request_hook=marked), traced_with(capture_message_content=True):
        asyncio.run(CHAIN.ainvoke("hello")) if is_async else CHAIN.invoke("hello")
    assert all(of(span, "app.kind") for span in tracing.spans)
    assert any(of(span, "gen_ai.input.messages") for span in tracing.spans)


def test_a_trace_that_a_block_leaves_out(tracing: Tracing) -> None:
    """Nothing of the block's runs is recorded, all of those after it."""
    with traced_with(run_filter=lambda _: "leave_out_trace"):
        CHAIN.invoke("hello")
    assert not tracing.spans
    CHAIN.invoke("hello")
    assert len(tracing.spans) == 3


def test_a_hook_sees_attributes_and_the_current_run(tracing: Tracing) -> None:
    """Attributes of the block are on the span when a hook is handed it; the body knows its run."""
    seen: list[Any] = []
    bodies: list[Any] = []

    def look(span: Any, run: RunView) -> None:
        seen.append((run.run_id, span.attributes.get("tier")))

    def body(text: str) -> str:
        bodies.append(current_run_id())
        return text

    with attributes(tier="gold"), traced_with(request_hook=look):
        RunnableLambda(body).invoke("hello")
    assert seen == [(bodies[0], "gold")]


def test_a_judgement_goes_where_the_run_went(tracing: Tracing) -> None:
    """A run of a block with providers of its own is judged there, after the block too."""
    theirs, run_id = Tracing(), uuid4()
    with traced_with(
        tracer_provider=theirs.tracer_provider, logger_provider=theirs.logger_provider
    ):
        Model().invoke("hello", {"run_id": run_id})
    assert record_evaluation(run_id, "relevance", score=1.0)
    assert [log.log_record.event_name for log in theirs.logs] == ["gen_ai.evaluation.result"]
    assert not tracing.logs


def test_a_run_that_is_left_out_has_no_trace_to_judge(tracing: Tracing) -> None:
    """Neither while it runs nor afterwards."""
    run_id = uuid4()
    inside: list[Any] = []

    def body(text: str) -> str:
        inside.append((span_context_of(run_id), record_evaluation(run_id, "relevance", score=1.0)))
        return text

    with traced_with(run_filter=lambda _: "leave_out_trace"):
        RunnableLambda(body).invoke("hello", {"run_id": run_id})
    assert inside == [(None, False)]
    assert span_context_of(run_id) is None
    assert not record_evaluation(run_id, "relevance", score=1.0)
    assert not tracing.logs


def test_a_test_captures_all_of_it(tracing: Tracing) -> None:
    """A captured trace has attributes, hooks and the runs of blocks; the application has none."""
    theirs = Tracing()
    with captured_trace(response_hook=marked) as trace:
        with attributes(tier="gold"), traced_with(tracer_provider=theirs.tracer_provider):
            CHAIN.invoke("hello")
        spans = trace.spans()
    assert [span.attributes["tier"] for span in spans] == ["gold"] * 3
    assert all("app.kind" in span.attributes for span in spans)
    assert not tracing.spans
    assert not theirs.spans
