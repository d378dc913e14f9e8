"""Describes tools: name, call id, arguments, result, and a result that stands for an error."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import SpanKind

from langchain_otel import semconv
from langchain_otel.content.values import EMPTY, Facts, text
from langchain_otel.operations.span_names import titled
from langchain_otel.runs.run import Operation, Started

if TYPE_CHECKING:
    from langchain_otel.runs.run import Run

FUNCTION: Final = "function"
COMMAND: Final = ("langgraph.types", "Command")


def _request(started: Started, parent: "Run | None") -> Facts:
    facts: Facts = {
        semconv.GEN_AI_OPERATION_NAME: semconv.EXECUTE_TOOL,
        semconv.GEN_AI_TOOL_NAME: _name(started),
        semconv.GEN_AI_TOOL_TYPE: FUNCTION,
    }
    description = text((started.serialized or EMPTY).get("description"))
    if description is not None:
        facts[semconv.GEN_AI_TOOL_DESCRIPTION] = description
    call_id = call_id_of(started)
    if call_id is not None:
        facts[semconv.GEN_AI_TOOL_CALL_ID] = call_id
    agent = None if parent is None else parent.agent_name
    if agent is not None:
        facts[semconv.GEN_AI_AGENT_NAME] = agent
    return facts


def call_id_of(started: Started) -> str | None:
    """The id of the tool call that a run answers, where LangChain says it at the start."""
    return text(started.options.get("tool_call_id"))


def _name(started: Started) -> str:
    name = text((started.serialized or EMPTY).get("name"))
    return name or text(started.options.get("name")) or "unknown"


def _response(output: Any, run: "Run") -> Facts:
    facts = dict(run.source_facts)
    if output is None or hasattr(output, "status"):
        # A message says for itself whether it stands for an error; so does an exception.
        facts.pop(semconv.ERROR_TYPE, None)
    # Before langchain-core 1.0 the call id comes only with the message that the tool gives back.
    call_id = text(getattr(_answer(output), "tool_call_id", None))
    return facts if call_id is None else facts | {semconv.GEN_AI_TOOL_CALL_ID: call_id}


def _request_content(started: Started) -> Facts:
    inputs = started.options.get("inputs")
    return {semconv.GEN_AI_TOOL_CALL_ARGUMENTS: started.payload if inputs is None else inputs}


def _response_content(output: Any) -> Facts:
    return {semconv.GEN_AI_TOOL_CALL_RESULT: _answer(output)}


def _failure(output: Any) -> str | None:
    return semconv.TOOL_ERROR if getattr(_answer(output), "status", None) == "error" else None


def _answer(output: Any) -> Any:
    """A tool's answer to the model: of a `Command` the message in its update, not all the state."""
    if (type(output).__module__, type(output).__name__) != COMMAND:
        return output
    update = output.update
    messages = update.get("messages") if isinstance(update, Mapping) else update
    if not isinstance(messages, (list, tuple)):
        return output
    answers = [message for message in messages if getattr(message, "type", None) == "tool"]
    return answers[-1] if answers else output


TOOL: Final = Operation(
    family="tool",
    kind=SpanKind.INTERNAL,
    title=titled(semconv.EXECUTE_TOOL, _name),
    request=_request,
    response=_response,
    request_content=_request_content,
    response_content=_response_content,
    failure=_failure,
)
