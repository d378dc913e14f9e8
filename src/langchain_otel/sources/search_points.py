"""Lists the methods of vector stores, rerankers and embeddings that are wrapped."""

from __future__ import annotations

from typing import Final

from langchain_otel.operations import embeddings, search
from langchain_otel.patching.points import COROUTINE, FUNCTION, Point, SubclassPoint, methods
from langchain_otel.sources import seams
from langchain_otel.sources.unreported_calls import UnreportedCall, traced

VECTOR_STORES: Final = "langchain_core.vectorstores.base"

SEARCHES: Final = traced(
    UnreportedCall(search.SEARCH, search.search_started, search.search_recorded_by)
)

POINTS: Final[tuple[Point, ...]] = (
    *methods(  # the base's own, which makes scores of relevance of those that a store gives
        f"{VECTOR_STORES}:VectorStore",
        {
            "similarity_search_with_relevance_scores": FUNCTION,
            "asimilarity_search_with_relevance_scores": COROUTINE,
        },
        SEARCHES,
        seams.RELEVANCE,
    ),
    SubclassPoint(VECTOR_STORES, "VectorStore", search.is_search, SEARCHES, seams.VECTOR_STORES),
    SubclassPoint(
        "langchain_core.embeddings.embeddings",
        "Embeddings",
        embeddings.METHODS.__contains__,
        traced(UnreportedCall(embeddings.EMBEDDINGS, embeddings.started, embeddings.recorded_by)),
        seams.EMBEDDINGS,
    ),
    SubclassPoint(
        "langchain_core.documents.compressor",
        "BaseDocumentCompressor",
        search.RERANKINGS.__contains__,
        traced(
            UnreportedCall(search.RERANKING, search.reranking_started, search.reranking_recorded_by)
        ),
        seams.RERANKERS,
    ),
)
