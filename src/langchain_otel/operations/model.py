"""Knows chat models and text completion models: requests, answers, partial answers."""

from collections.abc import Mapping
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import SpanKind

from langchain_otel import semconv
from langchain_otel.content.messages import answers, conversation, prompts
from langchain_otel.mapping import LANGSMITH, REQUEST, facts_from, text
from langchain_otel.operations import Facts, Operation, Started, titled
from langchain_otel.operations.conversation import conversation_of
from langchain_otel.operations.provider import provider_of, server_of
from langchain_otel.operations.usage import legacy_usage_of, usage_of

if TYPE_CHECKING:
    from langchain_otel.run import Run

FINISH_REASON_KEYS: Final = ("finish_reason", "stop_reason", "stopReason", "done_reason")
MODEL_KEYS: Final = ("model_name", "model", "model_id")
# LangChain's own ids, put where a provider gave none.
LANGCHAIN_ID_PREFIXES: Final = ("run-", "lc_run-", "lc_")


def _request(operation: str, started: Started) -> Facts:
    metadata = started.metadata or {}
    facts = facts_from(metadata, LANGSMITH)
    facts.update(facts_from(started.options.get("invocation_params") or {}, REQUEST))
    facts[semconv.GEN_AI_OPERATION_NAME] = operation
    facts[semconv.GEN_AI_PROVIDER_NAME] = provider_of(metadata)
    facts.update(server_of(started.owner))
    facts.update(conversation_of(metadata))
    return facts


def _chat_request(started: Started, _: "Run | None") -> Facts:
    return _request(semconv.CHAT, started)


def _completion_request(started: Started, _: "Run | None") -> Facts:
    return _request(semconv.TEXT_COMPLETION, started)


def _response(result: Any, run: "Run") -> Facts:
    facts = _streaming(run)
    if semconv.SERVER_ADDRESS not in run.facts:
        facts.update(server_of(run.owner))
    if result is None:
        return facts
    generations = [generation for choices in result.generations for generation in choices]
    reasons = [reason for reason in map(_finish_reason, generations) if reason]
    if reasons:
        facts[semconv.GEN_AI_RESPONSE_FINISH_REASONS] = reasons
    facts.update(legacy_usage_of(result.llm_output))
    output = result.llm_output if isinstance(result.llm_output, Mapping) else {}
    _add_identity(facts, output, output.get("id"))
    for generation in generations:
        message = getattr(generation, "message", None)
        if message is not None:
            facts.update(usage_of(getattr(message, "usage_metadata", None)))
            _add_identity(facts, message.response_metadata, message.id)
    return facts


def _streaming(run: "Run") -> Facts:
    if run.first_chunk_at is None:
        return {}
    return {
        semconv.GEN_AI_REQUEST_STREAM: True,
        semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK: run.first_chunk_at - run.started_at,
    }


def _add_identity(facts: Facts, source: Mapping[str, Any], message_id: Any) -> None:
    model = next((name for key in MODEL_KEYS if (name := text(source.get(key)))), None)
    if model is not None:
        facts[semconv.GEN_AI_RESPONSE_MODEL] = model
    for response_id in (text(source.get("id")), text(message_id)):
        if response_id is not None and not response_id.startswith(LANGCHAIN_ID_PREFIXES):
            facts[semconv.GEN_AI_RESPONSE_ID] = response_id
            return


def _finish_reason(generation: Any) -> str | None:
    message = getattr(generation, "message", None)
    sources = (generation.generation_info, getattr(message, "response_metadata", None))
    for source in sources:
        if isinstance(source, Mapping):
            for key in FINISH_REASON_KEYS:
                reason = text(source.get(key))
                if reason is not None:
                    return reason
    return None


def _chat_content(started: Started) -> Facts:
    return {semconv.GEN_AI_INPUT_MESSAGES: conversation(started.payload)}


def _completion_content(started: Started) -> Facts:
    return {semconv.GEN_AI_INPUT_MESSAGES: prompts(started.payload)}


def _answer_content(result: Any) -> Facts:
    return {semconv.GEN_AI_OUTPUT_MESSAGES: answers(result)}


def _partial(chunks: list[Any]) -> Any:
    from langchain_core.messages import AIMessage
    from langchain_core.outputs import ChatGeneration, LLMResult

    if not chunks:
        return None
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
    title=titled(semconv.CHAT, semconv.GEN_AI_REQUEST_MODEL),
    request=_chat_request,
    response=_response,
    request_content=_chat_content,
    response_content=_answer_content,
    partial=_partial,
)
COMPLETION: Final = Operation(
    family="model",
    kind=SpanKind.CLIENT,
    title=titled(semconv.TEXT_COMPLETION, semconv.GEN_AI_REQUEST_MODEL),
    request=_completion_request,
    response=_response,
    request_content=_completion_content,
    response_content=_answer_content,
    partial=_partial,
)
