"""Collects the tables of patch points, and says in which modules those of each package are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from langchain_otel.patching import output_taps
from langchain_otel.patching.patcher import Patcher
from langchain_otel.patching.points import Point, PointTable
from langchain_otel.runs import garbage_collector
from langchain_otel.sources import core_points, provider_marks


def _search_points() -> Sequence[Point]:
    from langchain_otel.sources.search_points import POINTS

    return POINTS


def _graph_points() -> Sequence[Point]:
    from langchain_otel.sources.graph_points import POINTS

    return POINTS


def _classic_points() -> Sequence[Point]:
    from langchain_otel.sources.classic_points import POINTS

    return POINTS


def _provider_points() -> Sequence[Point]:
    from langchain_otel.sources.provider_points import POINTS

    return POINTS


def _mcp_points() -> Sequence[Point]:
    from langchain_otel.sources.mcp_points import POINTS

    return POINTS


TABLES: Final = (
    PointTable(
        lambda: core_points.POINTS, dict.fromkeys(point.module for point in core_points.POINTS)
    ),
    PointTable(
        _search_points,
        (
            "langchain_core.vectorstores.base",
            "langchain_core.embeddings.embeddings",
            "langchain_core.documents.compressor",
        ),
    ),
    PointTable(
        _graph_points,
        (
            "langgraph._internal._runnable",
            "langgraph.pregel.main",
            "langgraph.pregel._loop",
            "langgraph.pregel.remote",
            "langgraph.pregel._retry",
            "langgraph.checkpoint.base",
        ),
    ),
    PointTable(
        _classic_points,
        (
            "langchain_classic.chains.base",
            "langchain_classic.agents.agent_iterator",
            "langchain.chains.base",
            "langchain.agents.agent_iterator",
        ),
    ),
    PointTable(
        _provider_points,
        (
            "langchain_openai.chat_models.base",
            "langchain_anthropic.chat_models",
            "langchain_google_genai.chat_models",
            "langchain_fireworks.chat_models",
            "langchain_groq.chat_models",
            "langchain_huggingface.chat_models.huggingface",
            "langchain_mistralai.chat_models",
            "langchain_mistralai.embeddings",
            "langchain_aws.embeddings.bedrock",
            "openai.resources.embeddings",
            "cohere.client",
            "cohere.v2.client",
            "voyageai.client",
            "voyageai.client_async",
            "google.genai.models",
            "ollama._client",
        ),
    ),
    PointTable(_mcp_points, ("mcp.shared.session", "langchain_mcp_adapters.sessions")),
)

WATCHES: Final = (garbage_collector.watch, provider_marks.watch, output_taps.watch)

PATCHER: Final = Patcher(TABLES, WATCHES)
"""The patch points as applied: once for the whole process, however many ask for them."""
