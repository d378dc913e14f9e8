"""Describes calls of chat and completion models: requests, answers, partial answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import SpanKind

from langchain_otel import semconv
from langchain_otel.async_exceptions import let_through
from langchain_otel.content.choices import Reported, reported_by
from langchain_otel.content.fields import entry, fields_of, is_a, is_mapping, text_of
from langchain_otel.content.message_list import answers, conversation, prompts
from langchain_otel.content.values import Facts
from langchain_otel.operations.model_request import model_name, request_facts
from langchain_otel.operations.provider import server_of
from langchain_otel.operations.provider_report import with_provider_report
from langchain_otel.operations.response import UNFINISHED, finish_reason, identity
from langchain_otel.operations.result_usage import usage_in
from langchain_otel.operations.span_names import titled
from langchain_otel.runs.operation import Operation
from langchain_otel.runs.reported import Started

if TYPE_CHECKING:
    from langchain_otel.runs.run import Run


def _chat_request(started: Started, _: Run | None) -> Facts:
    return request_facts(semconv.CHAT, started)


def _completion_request(started: Started, _: Run | None) -> Facts:
    return request_facts(semconv.TEXT_COMPLETION, started)


def _response(result: Any, run: Run) -> Facts:
    facts: Facts = {}
    if run.chunks is not None:
        facts[semconv.GEN_AI_REQUEST_STREAM] = True
        facts[semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK] = run.chunks.times[0] - run.started_at
    if semconv.SERVER_ADDRESS not in run.facts:
        facts.update(server_of(run.owner))
    if result is not None:
        fields = fields_of(result)
        run.reported = reported_by(fields.get("generations"))
        facts.update(_answer(run.reported, fields.get("llm_output")))
    if run.source_facts:
        facts.update(run.source_facts)
    return with_provider_report(facts, run)


def _answer(reported: list[list[Reported]], llm_output: Any) -> Facts:
    facts = usage_in(reported, llm_output)
    if llm_output is not None:
        facts.update(identity(llm_output))
    reasons = []
    for information, message in chain.from_iterable(reported):
        metadata = message.get("response_metadata")
        reason = finish_reason(information, metadata)
        if reason:
            reasons.append(reason)
        if message:
            facts.update(identity(metadata, message.get("id")))
        else:
            facts.update(identity(information))
    if reasons:
        facts[semconv.GEN_AI_RESPONSE_FINISH_REASONS] = reasons
    return facts


def _chat_content(started: Started) -> Facts:
    facts: Facts = {semconv.GEN_AI_INPUT_MESSAGES: conversation(started.payload)}
    definitions = _definitions_reader()(started.options.get("invocation_params"))
    return facts | {semconv.GEN_AI_TOOL_DEFINITIONS: definitions} if definitions else facts


@cache
def _definitions_reader() -> Callable[[Any], list[dict[str, Any]]]:
    """What reads the definitions of tools: imported once, when somebody records content."""
    from langchain_otel.content.tool_definitions import tool_definitions

    return tool_definitions


def _completion_content(started: Started) -> Facts:
    return {semconv.GEN_AI_INPUT_MESSAGES: prompts(started.payload)}


def _answer_content(result: Any) -> Facts:
    return {semconv.GEN_AI_OUTPUT_MESSAGES: answers(result)}


def _partial(chunks: list[Any]) -> Any:
    from langchain_core.messages import AIMessage
    from langchain_core.outputs import ChatGeneration, LLMResult

    if is_mapping(chunks[0]):
        texts = (text_of(entry(entry(chunk, "delta"), "text")) or "" for chunk in chunks)
        generation: Any = ChatGeneration(message=AIMessage(content="".join(texts)))
    else:
        known = [each for each in map(_generation_of, chunks) if each is not None]
        if not known:
            return None
        generation = _merged(known)
    return LLMResult.model_construct(generations=[[generation]], llm_output=None)


def _generation_of(chunk: Any) -> Any:
    """A chunk as LangChain reports it to handlers; of a message, as its stream gives it, too."""
    from langchain_core.messages import BaseMessageChunk
    from langchain_core.outputs import ChatGenerationChunk, Generation

    if is_a(chunk, BaseMessageChunk):
        return ChatGenerationChunk(message=chunk)
    return chunk if is_a(chunk, Generation) else None


def _merged(chunks: list[Any]) -> Any:
    """What chunks come to; those are left out that LangChain itself cannot add to the others."""
    from langchain_core.outputs import ChatGenerationChunk

    merged, *others = chunks
    if others and is_a(merged, ChatGenerationChunk):
        try:
            # All at once: one by one, the text so far would be copied for each.
            return merged + others
        except Exception as error:
            let_through(error)
    for chunk in others:
        try:
            merged = merged + chunk
        except Exception as error:
            let_through(error)
    return merged


CHAT: Final = Operation(
    family="model",
    kind=SpanKind.CLIENT,
    title=titled(semconv.CHAT, model_name),
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
    title=titled(semconv.TEXT_COMPLETION, model_name),
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
    return is_last(fields_of(chunk).get("message"))


def is_last(message: Any) -> bool:
    """Whether a streamed message is the last one of its answer."""
    return text_of(fields_of(message).get("chunk_position")) == "last"


def is_content(event: Any) -> bool:
    """Whether an event of a streamed answer is a part of what it says."""
    return (text_of(entry(event, "event")) or "").startswith("content-block")
