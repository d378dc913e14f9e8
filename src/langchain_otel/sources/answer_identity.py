"""Reads a provider's id of an answer and the model that gave it; LangChain does not keep them."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from langchain_otel import health
from langchain_otel.operations.response import answer_identity
from langchain_otel.patching.wrapping import unbound
from langchain_otel.runs.context import active_run

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]

ANSWERS: Final = (
    ("langchain_openai.chat_models.base", "BaseChatOpenAI._convert_chunk_to_generation_chunk", 1),
    # before langchain-openai 1.0
    ("langchain_openai.chat_models.base", "_convert_chunk_to_generation_chunk", 0),
    ("langchain_openai.chat_models.base", "BaseChatOpenAI._create_chat_result", 1),
    (
        "langchain_anthropic.chat_models",
        "ChatAnthropic._make_message_chunk_from_anthropic_event",
        1,
    ),
    # before langchain-anthropic 1.1
    ("langchain_anthropic.chat_models", "_make_message_chunk_from_anthropic_event", 0),
    ("langchain_google_genai.chat_models", "_response_to_result", 0),
    *(
        row
        for module, model in (
            ("langchain_fireworks.chat_models", "ChatFireworks"),
            ("langchain_groq.chat_models", "ChatGroq"),
            ("langchain_huggingface.chat_models.huggingface", "ChatHuggingFace"),
            ("langchain_mistralai.chat_models", "ChatMistralAI"),
        )
        for row in (
            (module, f"{model}._create_chat_result", 1),
            (module, "_convert_chunk_to_message_chunk", 0),
        )
    ),
)
"""What converts an answer, a chunk or an event of a provider, and its place in the arguments."""


def reads_identity(position: int) -> Wrap:
    """The call converts what a provider answered, its argument here."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        method = unbound(original)

        @wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                _read(args[position])
            except Exception as error:
                health.failed("source_facts", error)
            return method(*args, **kwargs)

        return call

    return wrap


def _read(answer: Any) -> None:
    run = active_run()
    if run is not None and not run.source_facts:
        run.source_facts = answer_identity(answer)
