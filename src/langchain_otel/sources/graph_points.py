"""Lists the functions of LangGraph that are wrapped, each with its contract."""

from __future__ import annotations

from typing import Final

from langchain_otel.patching.points import (
    ANYWHERE,
    ASYNC_GENERATOR,
    COROUTINE,
    FUNCTION,
    GENERATOR,
    PatchPoint,
    Point,
    SubclassPoint,
    methods,
)
from langchain_otel.sources import seams
from langchain_otel.sources.checkpoints import carries_origin, is_saving
from langchain_otel.sources.graph_loops import follows_pause, follows_resume
from langchain_otel.sources.graph_steps import reports_cached, reports_limit, reports_timeout
from langchain_otel.sources.remote_calls import REMOTE_METHODS, calls_remotely
from langchain_otel.sources.run_bodies import (
    copies_context,
    invokes_graph,
    starts,
    streams_graph,
)
from langchain_otel.sources.trace_policies import counts_as_tracer

RUNNABLE: Final = "langgraph._internal._runnable"
LOOP: Final = "langgraph.pregel._loop"
PREGEL: Final = "langgraph.pregel.main"
GRAPH_INPUT: Final = ("self", "input", "config")
STREAMS: Final = {"stream": GENERATOR, "astream": ASYNC_GENERATOR}
REMOTE_FORMS: Final = {
    **STREAMS,
    "get_state_history": GENERATOR,
    "aget_state_history": ASYNC_GENERATOR,
    **dict.fromkeys(("astream_events", "aget_state", "aupdate_state"), COROUTINE),
}
REMOTE_VERSIONS: Final = {"stream_events": "langgraph >= 1.2.4", "astream_events": ANYWHERE}

POINTS: Final[tuple[Point, ...]] = (
    # LangGraph's own copy of langchain-core's function keeps the same rule.
    PatchPoint(
        RUNNABLE,
        "_set_config_context",
        copies_context,
        seams.NODE_CONTEXT,
        parameters=("config",),
    ),
    PatchPoint(
        RUNNABLE,
        "_split_handlers",
        counts_as_tracer,
        seams.TRACE_POLICY,
        versions="langgraph >= 1.2.19",
    ),
    *(
        PatchPoint(PREGEL, f"Pregel.{name}", wrap, seams.GRAPH, form, GRAPH_INPUT)
        for name, wrap, form in (
            ("invoke", invokes_graph, FUNCTION),
            ("stream", streams_graph, GENERATOR),
            ("astream", starts("chain"), ASYNC_GENERATOR),
        )
    ),
    PatchPoint(LOOP, "PregelLoop._first", follows_resume, seams.RESUME, parameters=("self",)),
    PatchPoint(
        LOOP,
        "PregelLoop._suppress_interrupt",
        follows_pause,
        seams.PAUSE,
        parameters=("self", "exc_type", "exc_value"),
    ),
    *(
        PatchPoint(
            "langgraph.pregel.remote",
            f"RemoteGraph.{name}",
            wrap,
            seams.REMOTE_CALL if wrap is calls_remotely else seams.REMOTE_REQUEST,
            REMOTE_FORMS.get(name, FUNCTION),
            versions=REMOTE_VERSIONS.get(name, ""),
        )
        for name, wrap in REMOTE_METHODS.items()
    ),
    PatchPoint(LOOP, "PregelLoop.tick", reports_limit, seams.STEP_LIMIT, parameters=("self",)),
    *methods(
        f"{LOOP}:SyncPregelLoop",
        {"match_cached_writes": FUNCTION},
        reports_cached,
        seams.CACHED_NODES,
        ("self",),
    ),
    *methods(
        f"{LOOP}:AsyncPregelLoop",
        {"amatch_cached_writes": COROUTINE},
        reports_cached,
        seams.CACHED_NODES,
        ("self",),
    ),
    PatchPoint(
        "langgraph.pregel._retry",
        "_arun_with_timeout",
        reports_timeout,
        seams.NODE_TIMEOUT,
        COROUTINE,
        ("task",),
        "langgraph >= 1.2.0",
    ),
    SubclassPoint(
        "langgraph.checkpoint.base",
        "BaseCheckpointSaver",
        is_saving,
        carries_origin,
        seams.CHECKPOINTERS,
    ),
)
