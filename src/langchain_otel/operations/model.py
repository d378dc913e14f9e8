"""Describes calls of chat and completion models: requests, answers, partial answers."""

from collections.abc import Mapping
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import SpanKind

from langchain_otel import semconv
from langchain_otel.content.message_list import answers, conversation, prompts
from langchain_otel.content.tool_definitions import tool_definitions
from langchain_otel.content.values import EMPTY, Facts, text
from langchain_otel.operations.mapping import LANGSMITH, REQUEST, facts_from
from langchain_otel.operations.provider import provider_of, server_of
from langchain_otel.operations.provider_report import with_provider_report
from langchain_otel.operations.request_format import requested_form
from langchain_otel.operations.response import UNFINISHED, finish_reason, identity
from langchain_otel.operations.result_usage import usage_in
from langchain_otel.operations.span_names import titled
from langchain_otel.runs.run import Operation, Started

if TYPE_CHECKING:
    from langchain_otel.runs.run import Run

# The parameter of a request that names the model, as the provider packages call it.
MODEL_KEYS: Final = ("model", "model_name", "model_id")


def _model_name(started: Started) -> str | None:
    params = started.options.get("invocation_params") or EMPTY
    for key in MODEL_KEYS:
        name = text(params.get(key))
        if name is not None:
            return name
    return text((started.metadata or EMPTY).get("ls_model_name"))


def _request(operation: str, started: Started) -> Facts:
    metadata = started.metadata or EMPTY
    facts = facts_from(metadata, LANGSMITH)
    facts.update(facts_from(started.options.get("invocation_params") or EMPTY, REQUEST))
    name = _model_name(started)
    if name is not None:
        facts[semconv.GEN_AI_REQUEST_MODEL] = name
    facts[semconv.GEN_AI_OPERATION_NAME] = operation
    facts.update(server_of(started.owner))
    facts[semconv.GEN_AI_PROVIDER_NAME] = provider_of(metadata, facts.get(semconv.SERVER_ADDRESS))
    facts.update(requested_form(started))
    return facts


def _chat_request(started: Started, _: "Run | None") -> Facts:
    return _request(semconv.CHAT, started)


def _completion_request(started: Started, _: "Run | None") -> Facts:
    return _request(semconv.TEXT_COMPLETION, started)


def _response(result: Any, run: "Run") -> Facts:
    facts = _streaming(run)
    if semconv.SERVER_ADDRESS not in run.facts:
        facts.update(server_of(run.owner))
    if result is not None:
        facts.update(_answer(result))
    return with_provider_report(facts, run)


def _answer(result: Any) -> Facts:
    facts = usage_in(result)
    if result.llm_output:
        facts.update(identity(result.llm_output))
    reasons = []
    for choices in result.generations:
        for generation in choices:
            message = getattr(generation, "message", None)
            reasons.append(finish_reason(generation.generation_info, message))
            if message is None:
                facts.update(identity(generation.generation_info))
            else:
                facts.update(identity(message.response_metadata, message.id))
    known = [reason for reason in reasons if reason]
    if known:
        facts[semconv.GEN_AI_RESPONSE_FINISH_REASONS] = known
    return facts


def _streaming(run: "Run") -> Facts:
    if not run.chunk_times:
        return {}
    return {
        semconv.GEN_AI_REQUEST_STREAM: True,
        semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK: run.chunk_times[0] - run.started_at,
        **run.source_facts,
    }


def _chat_content(started: Started) -> Facts:
    facts: Facts = {semconv.GEN_AI_INPUT_MESSAGES: conversation(started.payload)}
    definitions = tool_definitions(started.options.get("invocation_params"))
    return facts | {semconv.GEN_AI_TOOL_DEFINITIONS: definitions} if definitions else facts


def _completion_content(started: Started) -> Facts:
    return {semconv.GEN_AI_INPUT_MESSAGES: prompts(started.payload)}


def _answer_content(result: Any) -> Facts:
    return {semconv.GEN_AI_OUTPUT_MESSAGES: answers(result)}


def _partial(chunks: list[Any]) -> Any:
    from langchain_core.messages import AIMessage
    from langchain_core.outputs import ChatGeneration, LLMResult

    if isinstance(chunks[0], Mapping):
        deltas = [chunk.get("delta") or {} for chunk in chunks]
        text = "".join(str(delta.get("text", "")) for delta in deltas)
        generation: Any = ChatGeneration(message=AIMessage(content=text))
    else:
        generation = reduce(add, chunks)
    return LLMResult.model_construct(generations=[[generation]], llm_output=None)


CHAT: Final = Operation(
    family="model",
    kind=SpanKind.CLIENT,
    title=titled(semconv.CHAT, _model_name),
    request=_chat_request,
    response=_response,
    request_content=_chat_content,
    response_content=_answer_content,
    partial=_partial,
    unfinished=UNFINISHED,
    suppresses="inference",
)
COMPLETION: Final = Operation(
    family="model",
    kind=SpanKind.CLIENT,
    title=titled(semconv.TEXT_COMPLETION, _model_name),
    request=_completion_request,
    response=_response,
    request_content=_completion_content,
    response_content=_answer_content,
    partial=_partial,
    unfinished=UNFINISHED,
    suppresses="inference",
)


def is_end_of_stream(chunk: Any) -> bool:
    """Whether a chunk only says that the answer has come to its end."""
    message = getattr(chunk, "message", None)
    return getattr(message, "chunk_position", None) == "last"


def is_content(event: Any) -> bool:
    """Whether an event of a streamed answer is a part of what it says."""
    return isinstance(event, Mapping) and str(event.get("event")).startswith("content-block")
