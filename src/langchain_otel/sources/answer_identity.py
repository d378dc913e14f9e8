"""Reads a provider's id of an answer and the model that gave it; LangChain does not keep them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from langchain_otel import health
from langchain_otel.operations.response import answer_identity
from langchain_otel.patching.wrapping import unbound
from langchain_otel.runs.context import active_run

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]

CONVERTED: Final = {
    "langchain_fireworks.chat_models": "ChatFireworks",
    "langchain_groq.chat_models": "ChatGroq",
    "langchain_huggingface.chat_models.huggingface": "ChatHuggingFace",
    "langchain_mistralai.chat_models": "ChatMistralAI",
}
"""The classes of packages that convert answers, and chunks, in functions of the same names."""


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
