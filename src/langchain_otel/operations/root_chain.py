"""Describes a chain at the root of a trace: a workflow, whose input and output are messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import SpanKind

from langchain_otel import semconv
from langchain_otel.content.values import Facts
from langchain_otel.operations.chain import CHAIN
from langchain_otel.operations.span_names import chain_name, titled
from langchain_otel.runs.operation import Operation
from langchain_otel.runs.reported import Started

if TYPE_CHECKING:
    from langchain_otel.runs.run import Run

# Kinds of chain runs that are one step alone, also where nothing is around them.
STEPS: Final = frozenset(("prompt", "parser"))


def root_operation(operation: Operation, started: Started) -> Operation:
    """The operation of a run with nothing of LangChain's around it, which it has as a part."""
    if operation is not CHAIN:
        return operation
    run_type = started.options.get("run_type")
    return CHAIN if type(run_type) is str and run_type in STEPS else ROOT_CHAIN


def _request(started: Started, _: Run | None) -> Facts:
    facts: Facts = {semconv.GEN_AI_OPERATION_NAME: semconv.INVOKE_WORKFLOW}
    name = chain_name(started)
    if name is not None:
        facts[semconv.GEN_AI_WORKFLOW_NAME] = name
    return facts


def _content_in(started: Started) -> Facts:
    return {semconv.STATE_INPUT: started.payload}


def _content_out(output: Any) -> Facts:
    return {semconv.STATE_OUTPUT: output}


ROOT_CHAIN: Final = Operation(
    family="chain",
    kind=SpanKind.INTERNAL,
    title=titled(semconv.INVOKE_WORKFLOW, chain_name),
    request=_request,
    request_content=_content_in,
    response_content=_content_out,
)
