"""Describes tools: name, call id, arguments, result, and a result that stands for an error."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import SpanKind

from langchain_otel import semconv
from langchain_otel.content.fields import (
    Fields,
    fields_of,
    first_items,
    is_a,
    last_items,
    mapping_of,
)
from langchain_otel.content.values import EMPTY, Facts, text
from langchain_otel.operations.span_names import titled
from langchain_otel.runs.operation import Operation
from langchain_otel.runs.reported import Started

if TYPE_CHECKING:
    from langchain_otel.runs.run import Run

FUNCTION: Final = "function"
MESSAGE_CLASS: Final = ("langchain_core.messages.tool", "ToolMessage")
COMMAND_CLASS: Final = ("langgraph.types", "Command")
MESSAGES: Final = "messages"
MAX_UPDATED: Final = 64


def _request(started: Started, parent: Run | None) -> Facts:
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


def _response(output: Any, run: Run) -> Facts:
    facts = dict(run.source_facts)
    message = _message(output)
    if output is None or message is not None:
        # A message says itself whether it stands for an error; so does an exception.
        facts.pop(semconv.ERROR_TYPE, None)
    if message is not None:
        fields = fields_of(message)
        if semconv.GEN_AI_TOOL_CALL_ID not in run.facts:
            # Before langchain-core 1.0 the call id comes only with the message that a tool gives.
            call_id = text(fields.get("tool_call_id"))
            if call_id is not None:
                facts[semconv.GEN_AI_TOOL_CALL_ID] = call_id
        if _says_error(fields):
            facts[semconv.ERROR_TYPE] = semconv.TOOL_ERROR
    return facts


def _request_content(started: Started) -> Facts:
    inputs = started.options.get("inputs")
    return {semconv.GEN_AI_TOOL_CALL_ARGUMENTS: started.payload if inputs is None else inputs}


def _response_content(output: Any) -> Facts:
    message = _message(output)
    return {semconv.GEN_AI_TOOL_CALL_RESULT: output if message is None else message}


def _failure(output: Any) -> str | None:
    message = _message(output)
    is_error = message is not None and _says_error(fields_of(message))
    return semconv.TOOL_ERROR if is_error else None


def _says_error(message: Fields) -> bool:
    status = message.get("status")
    return type(status) is str and status == "error"


def _message(output: Any) -> Any:
    """The message of LangChain's that a tool gives back, alone or in the update of a `Command`.

    It alone is looked at: any other result is the application's, which may look alike. None is
    what any other is.
    """
    if output is None or type(output) is str:
        return None
    if _is_one_of(output, MESSAGE_CLASS):
        return output
    if not _is_one_of(output, COMMAND_CLASS):
        return None
    for value in _updated(fields_of(output).get("update")):
        messages = last_items(value) or [value]
        found = next((item for item in reversed(messages) if _is_one_of(item, MESSAGE_CLASS)), None)
        if found is not None:
            return found
    return None


def _is_one_of(value: Any, name: tuple[str, str]) -> bool:
    """Whether a value is of a class, by its module, which need not be imported, and its name."""
    kind = getattr(sys.modules.get(name[0]), name[1], None)
    return kind is not None and is_a(value, kind)


def _updated(update: Any) -> list[Any]:
    """The values of a state's update: of its messages first; it may be no state but messages."""
    fields = mapping_of(update)
    if fields:
        return [fields.get(MESSAGES), *islice(fields.values(), MAX_UPDATED)]
    pairs = [items[1] for item in first_items(update) if len(items := first_items(item, 2)) == 2]
    return pairs or [update]


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
