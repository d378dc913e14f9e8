"""Lists the functions that read what a provider answered, and are wrapped, with their contracts."""

from __future__ import annotations

from typing import Final

from langchain_otel.patching.points import COROUTINE, FUNCTION, PatchPoint
from langchain_otel.sources import seams
from langchain_otel.sources.answer_identity import CONVERTED, reads_identity
from langchain_otel.sources.embedding_answers import (
    CLIENT_METHODS,
    MISTRAL,
    reads_answer,
    reads_answer_for,
)

OPENAI: Final = "langchain_openai.chat_models.base"

ANSWER_POINTS: Final = (
    PatchPoint(
        OPENAI,
        "BaseChatOpenAI._create_chat_result",
        reads_identity(1),
        seams.PROVIDER_ANSWERS,
        parameters=("self", "response"),
    ),
    PatchPoint(
        "langchain_google_genai.chat_models",
        "_response_to_result",
        reads_identity(0),
        seams.PROVIDER_ANSWERS,
        parameters=("response",),
    ),
    *(
        point
        for module, name in CONVERTED.items()
        for point in (
            PatchPoint(
                module,
                f"{name}._create_chat_result",
                reads_identity(1),
                seams.PROVIDER_ANSWERS,
                parameters=("self", "response"),
            ),
            PatchPoint(
                module,
                "_convert_chunk_to_message_chunk",
                reads_identity(0),
                seams.PROVIDER_ANSWERS,
                parameters=("chunk",),
            ),
        )
    ),
)

CLIENT_POINTS: Final = (
    PatchPoint(
        OPENAI,
        "BaseChatOpenAI._convert_chunk_to_generation_chunk",
        reads_identity(1),
        seams.OPENAI_CHUNKS,
        parameters=("self", "chunk"),
        versions="langchain-openai >= 0.3.5",
    ),
    PatchPoint(
        OPENAI,
        "_convert_chunk_to_generation_chunk",
        reads_identity(0),
        seams.OPENAI_CHUNKS,
        parameters=("chunk",),
        versions="langchain-openai < 0.3.5",
    ),
    PatchPoint(
        "langchain_anthropic.chat_models",
        "ChatAnthropic._make_message_chunk_from_anthropic_event",
        reads_identity(1),
        seams.ANTHROPIC_EVENTS,
        parameters=("self", "event"),
        versions="langchain-anthropic >= 1.3.5",
    ),
    PatchPoint(
        "langchain_anthropic.chat_models",
        "_make_message_chunk_from_anthropic_event",
        reads_identity(0),
        seams.ANTHROPIC_EVENTS,
        parameters=("event",),
        versions="langchain-anthropic < 1.3.5",
    ),
    *(
        PatchPoint(
            module,
            path,
            reads_answer,
            seams.EMBEDDING_ANSWERS,
            COROUTINE if path.startswith("Async") else FUNCTION,
        )
        for module, path in CLIENT_METHODS
    ),
    PatchPoint(MISTRAL, "Response.json", reads_answer_for(MISTRAL), seams.EMBEDDING_ANSWERS),
)

POINTS: Final = (*ANSWER_POINTS, *CLIENT_POINTS)
