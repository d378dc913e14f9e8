"""Lists the functions of LangGraph and of other packages that are wrapped, with their contracts."""

from __future__ import annotations

from operator import attrgetter
from typing import Final

from langchain_otel.patching.points import (
    ANYWHERE,
    ASYNC_GENERATOR,
    COROUTINE,
    FUNCTION,
    GENERATOR,
    PatchPoint,
    methods,
)
from langchain_otel.patching.wrapping import runs_before_start
from langchain_otel.sources import seams
from langchain_otel.sources.answer_identity import CONVERTED, reads_identity
from langchain_otel.sources.embedding_answers import (
    CLIENT_METHODS,
    MISTRAL,
    reads_answer,
    reads_answer_for,
)
from langchain_otel.sources.graph_loops import follows_pause, follows_resume
from langchain_otel.sources.graph_steps import reports_cached, reports_limit, reports_timeout
from langchain_otel.sources.mcp import TRANSPORTS, opens_transport, sends_request
from langchain_otel.sources.remote_calls import REMOTE_METHODS, calls_remotely
from langchain_otel.sources.run_bodies import invokes_graph, starts, streams_graph

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

GRAPH_POINTS: Final = (
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
)

CLASSIC: Final = {"langchain_classic": "", "langchain": "langchain < 1"}
"""The packages of the legacy chains and agents, now and before LangChain 1.0."""

CLASSIC_POINTS: Final = tuple(
    point
    for package, versions in CLASSIC.items()
    for point in (
        *methods(
            f"{package}.chains.base:Chain",
            {"invoke": FUNCTION, "ainvoke": COROUTINE},
            starts("chain"),
            seams.CLASSIC_CHAIN,
            ("self", "input", "config"),
            versions,
        ),
        *methods(
            f"{package}.chains.base:Chain",
            {"prep_inputs": FUNCTION, "aprep_inputs": COROUTINE},
            runs_before_start,
            seams.CLASSIC_INPUT,
            versions=versions,
        ),
        *methods(
            f"{package}.agents.agent_iterator:AgentExecutorIterator",
            {"__iter__": GENERATOR, "__aiter__": ASYNC_GENERATOR},
            starts("chain", owner=attrgetter("agent_executor")),
            seams.CLASSIC_AGENT,
            versions=versions,
        ),
    )
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

PROVIDER_POINTS: Final = (
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

TRANSPORT_VERSIONS: Final = {
    "streamable_http_client": "langchain-mcp-adapters >= 0.3.0",
    "streamablehttp_client": "langchain-mcp-adapters < 0.3.0",
}

MCP_POINTS: Final = (
    PatchPoint(
        "mcp.shared.session",
        "BaseSession.send_request",
        sends_request,
        seams.MCP_REQUEST,
        COROUTINE,
        ("self", "request"),
        # From 2 on the SDK sends the context itself.
        "mcp < 2",
    ),
    *(
        PatchPoint(
            "langchain_mcp_adapters.sessions",
            name,
            opens_transport(facts),
            seams.MCP_TRANSPORT,
            ASYNC_GENERATOR,
            versions=TRANSPORT_VERSIONS.get(name, ""),
        )
        for name, facts in TRANSPORTS.items()
    ),
)

PACKAGE_POINTS: Final = (
    *GRAPH_POINTS,
    *CLASSIC_POINTS,
    *ANSWER_POINTS,
    *PROVIDER_POINTS,
    *MCP_POINTS,
)
