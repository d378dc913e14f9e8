"""Reads what providers' clients answer to embeddings calls: LangChain keeps only the vectors."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any, Final

from langchain_otel import health
from langchain_otel.forks import fork_safe
from langchain_otel.operations.embedding_answer import add_answer, answer_facts
from langchain_otel.operations.embeddings import EMBEDDINGS
from langchain_otel.patching.wrapping import unbound
from langchain_otel.runs.current_frame import call_around
from langchain_otel.runs.run import Run
from langchain_otel.runs.store import RUNS

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]

CLIENT_METHODS: Final = (
    ("openai.resources.embeddings", "Embeddings.create"),
    ("openai.resources.embeddings", "AsyncEmbeddings.create"),
    ("cohere.client", "Client.embed"),
    ("cohere.client", "AsyncClient.embed"),
    ("cohere.v2.client", "V2Client.embed"),
    ("cohere.v2.client", "AsyncV2Client.embed"),
    ("voyageai.client", "Client.embed"),
    ("voyageai.client", "Client.contextualized_embed"),
    ("voyageai.client_async", "AsyncClient.embed"),
    ("voyageai.client_async", "AsyncClient.contextualized_embed"),
    ("google.genai.models", "Models.embed_content"),
    ("google.genai.models", "AsyncModels.embed_content"),
    ("ollama._client", "Client.embed"),
    ("ollama._client", "AsyncClient.embed"),
    ("langchain_aws.embeddings.bedrock", "BedrockEmbeddings._invoke_model"),
)
"""What gives an answer to one request, and is not made of others that are listed here."""

MISTRAL: Final = "langchain_mistralai.embeddings"
"""It has no client between itself and HTTP: the JSON is read where it reads it."""

_lock: Final = fork_safe(Lock())


def reads_answer(original: Callable[..., Any]) -> Callable[..., Any]:
    """The call returns the answer of a provider to a request of an embeddings call."""
    return _reading(original, None)


def reads_answer_for(module: str) -> Wrap:
    """The same, for the embeddings of one module: others use the function too."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        return _reading(original, module)

    return wrap


def _reading(original: Callable[..., Any], module: str | None) -> Callable[..., Any]:
    method = unbound(original)
    if inspect.iscoroutinefunction(original):

        @wraps(original)
        async def acall(*args: Any, **kwargs: Any) -> Any:
            answer = await method(*args, **kwargs)
            _note(answer, module)
            return answer

        return acall

    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        answer = method(*args, **kwargs)
        _note(answer, module)
        return answer

    return call


def _note(answer: Any, module: str | None) -> None:
    run = call_around()
    if run is None or run.ended or run.operation is not EMBEDDINGS:
        return
    try:
        if module is None or _is_from(module, type(run.owner)):
            _add(answer_facts(answer), run)
    except Exception as error:
        health.failed("source_facts", error)


def _is_from(module: str, kind: type) -> bool:
    return any(each.__module__ == module for each in kind.__mro__)


def _add(facts: dict[str, Any], run: Run) -> None:
    # Requests of one call are made in several threads by some providers.
    with _lock:
        for each in (RUNS.head(run.id) or run).recordings():
            each.source_facts = add_answer(each.source_facts, facts)
