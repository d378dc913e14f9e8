"""Describes searches outside retrievers: of a vector store, and by a reranker."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import SpanKind

from langchain_otel import semconv
from langchain_otel.content.documents import documents
from langchain_otel.content.json_data import MAX_ITEMS
from langchain_otel.content.values import EMPTY, Facts, integer, text
from langchain_otel.operations.embeddings import held
from langchain_otel.operations.provider import model_of, provider_of_class, server_of
from langchain_otel.operations.retriever import RETRIEVER
from langchain_otel.runs.run import Operation, Started

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

    if next(held(reranker, BaseDocumentCompressor), None) is not None:
        return None
    top_n = getattr(reranker, "__dict__", EMPTY).get("top_n")
    options = {"k": top_n, "documents": arguments.get("documents")}
    return Started(None, arguments.get("query"), None, None, options, reranker)


def is_search_recorded(store: object, around: "Run | None", call: "Run | None") -> bool:
    """Whether a retriever's run, or the span of another search of the store, records this one."""
    if around is not None and around.operation is RETRIEVER:
        return True
    return call is not None and call.operation is SEARCH and call.owner is store


def is_reranking_recorded(reranker: object, _: "Run | None", call: "Run | None") -> bool:
    """Whether the span of another call of the reranker records this one."""
    return call is not None and call.operation is RERANKING and call.owner is reranker


def _search_request(started: Started, _: "Run | None") -> Facts:
    from langchain_core.embeddings import Embeddings

    facts = _request(started)
    # As a retriever's metadata say it (`ls_vector_store_provider`).
    facts[semconv.GEN_AI_PROVIDER_NAME] = type(started.owner).__name__
    model = model_of(next(held(started.owner, Embeddings), None))
    return facts if model is None else facts | {semconv.GEN_AI_REQUEST_MODEL: model}


def _reranking_request(started: Started, _: "Run | None") -> Facts:
    owner = started.owner
    facts = _request(started) | server_of(owner)
    provider = provider_of_class(type(owner), facts.get(semconv.SERVER_ADDRESS))
    if provider is not None:
        facts[semconv.GEN_AI_PROVIDER_NAME] = provider
    model = model_of(owner)
    return facts if model is None else facts | {semconv.GEN_AI_REQUEST_MODEL: model}


def _request(started: Started) -> Facts:
    facts: Facts = {semconv.GEN_AI_OPERATION_NAME: semconv.RETRIEVAL}
    top_k = integer(started.options["k"])
    return facts if top_k is None else facts | {semconv.GEN_AI_RETRIEVAL_TOP_K: top_k}


def _title(started: Started) -> str:
    return f"{semconv.RETRIEVAL} {type(started.owner).__name__}"


def _request_content(started: Started) -> Facts:
    query = started.payload
    return {semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: query} if text(query) else {}


def _response_content(found: Any) -> Facts:
    return {semconv.GEN_AI_RETRIEVAL_DOCUMENTS: _documents(found)}


def _documents(found: Iterable[Any]) -> list[dict[str, Any]]:
    """Documents, each alone or with its score behind it."""
    entries = [item if isinstance(item, tuple) else (item,) for item in islice(found, MAX_ITEMS)]
    described = documents(entry[0] for entry in entries)
    for document, entry in zip(described, entries, strict=True):
        if len(entry) > 1 and isinstance(entry[1], (int, float)):
            document["score"] = float(entry[1])
    return described


SEARCH: Final = Operation(
    family="call",
    kind=SpanKind.CLIENT,
    title=_title,
    request=_search_request,
    request_content=_request_content,
    response_content=_response_content,
)
RERANKING: Final = Operation(
    family="call",
    kind=SpanKind.CLIENT,
    title=_title,
    request=_reranking_request,
    request_content=_request_content,
    response_content=_response_content,
)
