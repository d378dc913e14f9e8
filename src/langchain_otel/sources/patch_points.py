"""Collects the patch points: functions, and the subclasses whose methods are wrapped."""

from __future__ import annotations

from typing import Final

from langchain_otel.operations import embeddings, search
from langchain_otel.patching import output_taps
from langchain_otel.patching.patcher import Patcher
from langchain_otel.patching.points import (
    COROUTINE,
    FUNCTION,
    PatchPoint,
    Point,
    SubclassPoint,
    methods,
)
from langchain_otel.runs import garbage_collector
from langchain_otel.sources import provider_marks, seams
from langchain_otel.sources.checkpoints import carries_origin, is_saving
from langchain_otel.sources.core_points import CORE_POINTS
from langchain_otel.sources.own_runs import is_entry, starts_by_hand
from langchain_otel.sources.package_points import PACKAGE_POINTS
from langchain_otel.sources.run_bodies import starts
from langchain_otel.sources.unreported_calls import UnreportedCall, traced

VECTOR_STORES: Final = "langchain_core.vectorstores.base"

SEARCHES: Final = traced(
    UnreportedCall(search.SEARCH, search.search_started, search.search_recorded_by)
)

SEARCH_POINTS: Final = tuple(
    methods(  # the base's own, which makes scores of relevance of those that a store gives
        f"{VECTOR_STORES}:VectorStore",
        {
            "similarity_search_with_relevance_scores": FUNCTION,
            "asimilarity_search_with_relevance_scores": COROUTINE,
        },
        SEARCHES,
        seams.RELEVANCE,
    )
)

SUBCLASS_POINTS: Final = (
    SubclassPoint(
        "langchain_core.embeddings.embeddings",
        "Embeddings",
        embeddings.METHODS.__contains__,
        traced(UnreportedCall(embeddings.EMBEDDINGS, embeddings.started, embeddings.recorded_by)),
        seams.EMBEDDINGS,
    ),
    SubclassPoint(VECTOR_STORES, "VectorStore", search.is_search, SEARCHES, seams.VECTOR_STORES),
    SubclassPoint(
        "langchain_core.documents.compressor",
        "BaseDocumentCompressor",
        search.RERANKINGS.__contains__,
        traced(
            UnreportedCall(search.RERANKING, search.reranking_started, search.reranking_recorded_by)
        ),
        seams.RERANKERS,
    ),
    SubclassPoint(
        "langgraph.checkpoint.base",
        "BaseCheckpointSaver",
        is_saving,
        carries_origin,
        seams.CHECKPOINTERS,
    ),
    SubclassPoint(
        "langchain_core.retrievers",
        "BaseRetriever",
        ("invoke", "ainvoke").__contains__,
        starts("retriever"),
        seams.RETRIEVERS,
    ),
    SubclassPoint(
        "langchain_core.runnables.base",
        "Runnable",
        is_entry,
        starts_by_hand,
        seams.RUNS_BY_HAND,
    ),
)

ALL_POINTS: Final[tuple[Point, ...]] = (
    *CORE_POINTS,
    *SEARCH_POINTS,
    *PACKAGE_POINTS,
    *SUBCLASS_POINTS,
)

POINTS: Final = tuple(point for point in ALL_POINTS if isinstance(point, PatchPoint))
"""The functions that are wrapped where they are."""

WATCHES: Final = (garbage_collector.watch, provider_marks.watch, output_taps.watch)

PATCHER: Final = Patcher(ALL_POINTS, WATCHES)
"""The patch points as applied: once for the whole process, however many ask for them."""
