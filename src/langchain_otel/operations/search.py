"""Describes searches outside retrievers: of a vector store, and by a reranker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import SpanKind

from langchain_otel import semconv
from langchain_otel.content.fields import fields_of, held
from langchain_otel.content.values import Facts, integer, text
from langchain_otel.operations.data_source import class_fact, data_source_of, search_facts
from langchain_otel.operations.provider import model_of, provider_of_class, server_of
from langchain_otel.operations.retriever import RETRIEVER, found_content, inner_content
from langchain_otel.operations.span_names import titled
from langchain_otel.runs.operation import Operation
from langchain_otel.runs.reported import Started

if TYPE_CHECKING:
    from langchain_otel.runs.run import Run

SEARCHES: Final = (
    "similarity_search",
    "asimilarity_search",
    "max_marginal_relevance_search",
    "amax_marginal_relevance_search",
)
RERANKINGS: Final = frozenset(("compress_documents", "acompress_documents"))


def is_search(method: str) -> bool:
    """Whether a vector store's method of this name searches: there are many, by what they give."""
    return method.startswith(SEARCHES)


def search_started(store: object, arguments: Mapping[str, Any]) -> Started:
    """What a search of a vector store starts with."""
    options = {"k": arguments.get("k")}
    return Started(None, arguments.get("query"), None, None, options, store)


def reranking_started(reranker: object, arguments: Mapping[str, Any]) -> Started | None:
    """What a reranker's call starts with; None where it only hands the documents to others."""
    from langchain_core.documents import BaseDocumentCompressor

    if held(reranker, BaseDocumentCompressor) is not None:
        return None
    top_n = fields_of(reranker).get("top_n")
    options = {"k": top_n, "documents": arguments.get("documents")}
    return Started(None, arguments.get("query"), None, None, options, reranker)


def search_recorded_by(store: object, around: Run | None, call: Run | None) -> Run | None:
    """The retriever's run, or that of another search of the store, whose span records this one."""
    if around is not None and around.operation is RETRIEVER:
        return around
    return call if call is not None and call.operation is SEARCH and call.owner is store else None


def reranking_recorded_by(reranker: object, _: Run | None, call: Run | None) -> Run | None:
    """The run of another call of the reranker whose span records this one."""
    is_part = call is not None and call.operation is RERANKING and call.owner is reranker
    return call if is_part else None


def _search_request(started: Started, _: Run | None) -> Facts:
    # As a retriever's metadata say it (`ls_vector_store_provider`).
    provider = {semconv.GEN_AI_PROVIDER_NAME: type(started.owner).__name__}
    return _request(started) | search_facts(started.owner) | provider


def _reranking_request(started: Started, _: Run | None) -> Facts:
    owner = started.owner
    facts = _request(started) | class_fact(owner) | server_of(owner)
    provider = provider_of_class(type(owner), facts.get(semconv.SERVER_ADDRESS))
    if provider is not None:
        facts[semconv.GEN_AI_PROVIDER_NAME] = provider
    model = model_of(owner)
    return facts if model is None else facts | {semconv.GEN_AI_REQUEST_MODEL: model}


def _request(started: Started) -> Facts:
    facts: Facts = {semconv.GEN_AI_OPERATION_NAME: semconv.RETRIEVAL}
    top_k = integer(started.options["k"])
    return facts if top_k is None else facts | {semconv.GEN_AI_RETRIEVAL_TOP_K: top_k}


def _request_content(started: Started) -> Facts:
    query = started.payload
    return {semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: query} if text(query) else {}


SEARCH: Final = Operation(
    family="call",
    kind=SpanKind.CLIENT,
    title=titled(semconv.RETRIEVAL, lambda started: data_source_of(started.owner)),
    request=_search_request,
    request_content=_request_content,
    response_content=found_content,
    inner_content=inner_content,
)
RERANKING: Final = Operation(
    family="call",
    kind=SpanKind.CLIENT,
    title=lambda _: semconv.RETRIEVAL,
    request=_reranking_request,
    request_content=_request_content,
    response_content=found_content,
)
