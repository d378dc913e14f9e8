"""Lists the functions that are wrapped: a row names one, and what is put around it."""

from operator import attrgetter
from typing import Final

from langchain_otel.operations import embeddings, search
from langchain_otel.patching.inline import repair_on_llm_start
from langchain_otel.patching.patcher import ClosurePoint, Patcher, PatchPoint, SubclassPoint
from langchain_otel.patching.run_events import MANAGER_MODULE, begins, begins_one, ends
from langchain_otel.patching.wrapping import begins_again, runs_before_start
from langchain_otel.runs import garbage_collector
from langchain_otel.sources import provider_marks
from langchain_otel.sources.answer_identity import ANSWERS, reads_identity
from langchain_otel.sources.chain_groups import current_in_async_block, current_in_block
from langchain_otel.sources.checkpoints import carries_origin, is_saving
from langchain_otel.sources.configurable import COMPLETE_CONFIG, configures
from langchain_otel.sources.embedding_answers import (
    CLIENT_METHODS,
    MISTRAL,
    reads_answer,
    reads_answer_for,
)
from langchain_otel.sources.graph_loops import follows_pause, follows_resume
from langchain_otel.sources.graph_steps import reports_cached, reports_limit, reports_timeout
from langchain_otel.sources.mcp import TRANSPORTS, opens_transport, sends_request
from langchain_otel.sources.own_runs import is_entry, starts_by_hand
from langchain_otel.sources.remote_calls import REMOTE_METHODS
from langchain_otel.sources.run_bodies import body_of, copies_context, starts
from langchain_otel.sources.trace_policies import counts_as_tracer
from langchain_otel.sources.unreported_calls import UnreportedCall, traced

CLASSIC: Final = ("langchain_classic", "langchain")
"""The packages of the legacy chains and agents, now and before LangChain 1.0."""

SEARCHES: Final = traced(
    UnreportedCall(search.SEARCH, search.search_started, search.search_recorded_by)
)

POINTS: Final = (
    PatchPoint("langchain_core.runnables.config", "_set_config_context", copies_context),
    PatchPoint("langgraph._internal._runnable", "_set_config_context", copies_context),
    PatchPoint("langgraph._internal._runnable", "_split_handlers", counts_as_tracer),
    *(PatchPoint(module, "ensure_config", wrap) for module, wrap in COMPLETE_CONFIG.items()),
    *(
        PatchPoint("langchain_core.language_models.chat_models", f"BaseChatModel.{name}", wrap)
        for name, wrap in (
            ("invoke", configures),
            ("ainvoke", configures),
            ("generate", starts("model", activates=False)),
            ("agenerate", starts("model", activates=False)),
            ("_generate_with_cache", body_of(3, "run_manager")),
            ("_agenerate_with_cache", body_of(3, "run_manager")),
            ("stream", starts("model")),
            ("astream", starts("model")),
            ("_iter_v2_events", body_of(2, "run_manager")),
            ("_aiter_v2_events", body_of(2, "run_manager")),
        )
    ),
    PatchPoint("langchain_core.language_models.chat_models", "_normalize_messages", begins_again),
    *(
        PatchPoint("langchain_core.language_models.llms", f"BaseLLM.{name}", wrap)
        for name, wrap in (
            *((name, configures) for name in ("invoke", "ainvoke", "batch", "abatch")),
            ("generate", starts("model", activates=False)),
            ("agenerate", starts("model", activates=False)),
            ("_generate_helper", body_of(3, "run_managers")),
            ("_agenerate_helper", body_of(3, "run_managers")),
            ("stream", starts("model")),
            ("astream", starts("model")),
        )
    ),
    *(
        PatchPoint("langchain_core.tools.base", f"BaseTool.{name}", starts("tool"))
        for name in ("run", "arun")
    ),
    *(
        PatchPoint("langchain_core.retrievers", f"BaseRetriever.{name}", starts("retriever"))
        for name in ("invoke", "ainvoke")
    ),
    *(  # the base's own, which makes scores of relevance of those that a store gives
        PatchPoint("langchain_core.vectorstores.base", f"VectorStore.{name}", SEARCHES)
        for name in (
            "similarity_search_with_relevance_scores",
            "asimilarity_search_with_relevance_scores",
        )
    ),
    *(
        PatchPoint("langchain_core.runnables.branch", f"RunnableBranch.{name}", starts("chain"))
        for name in ("invoke", "ainvoke", "stream", "astream")
    ),
    *(
        PatchPoint(f"langchain_core.runnables.{module}", path, starts("chain", activates=False))
        for module, path in (
            ("base", "Runnable._batch_with_config"),
            ("base", "Runnable._abatch_with_config"),
            ("base", "RunnableSequence.batch"),
            ("base", "RunnableSequence.abatch"),
            ("fallbacks", "RunnableWithFallbacks.batch"),
            ("fallbacks", "RunnableWithFallbacks.abatch"),
        )
    ),
    *(
        PatchPoint(
            "langchain_core.runnables.fallbacks", f"RunnableWithFallbacks.{name}", starts("chain")
        )
        for name in ("stream", "astream")
    ),
    *(
        PatchPoint("langgraph.pregel.main", f"Pregel.{name}", starts("chain"))
        for name in ("stream", "astream")
    ),
    PatchPoint("langgraph.pregel._loop", "PregelLoop._first", follows_resume),
    PatchPoint("langgraph.pregel._loop", "PregelLoop._suppress_interrupt", follows_pause),
    *(
        PatchPoint("langgraph.pregel.remote", f"RemoteGraph.{name}", wrap)
        for name, wrap in REMOTE_METHODS.items()
    ),
    *(
        PatchPoint("langgraph.pregel._loop", path, wrap)
        for path, wrap in (
            ("PregelLoop.tick", reports_limit),
            ("SyncPregelLoop.match_cached_writes", reports_cached),
            ("AsyncPregelLoop.amatch_cached_writes", reports_cached),
        )
    ),
    PatchPoint("langgraph.pregel._retry", "_arun_with_timeout", reports_timeout),
    *(
        PatchPoint(f"{package}.chains.base", f"Chain.{name}", wrap)
        for package in CLASSIC
        for name, wrap in (
            ("invoke", starts("chain")),
            ("ainvoke", starts("chain")),
            ("prep_inputs", runs_before_start),
            ("aprep_inputs", runs_before_start),
        )
    ),
    *(
        PatchPoint(
            f"{package}.agents.agent_iterator",
            f"AgentExecutorIterator.{name}",
            starts("chain", owner=attrgetter("agent_executor")),
        )
        for package in CLASSIC
        for name in ("__iter__", "__aiter__")
    ),
    *(PatchPoint(module, path, reads_identity(position)) for module, path, position in ANSWERS),
    *(PatchPoint(module, path, reads_answer) for module, path in CLIENT_METHODS),
    PatchPoint(MISTRAL, "Response.json", reads_answer_for(MISTRAL)),
    PatchPoint("mcp.shared.session", "BaseSession.send_request", sends_request),
    *(
        PatchPoint("langchain_mcp_adapters.sessions", name, opens_transport(facts))
        for name, facts in TRANSPORTS.items()
    ),
    *(
        PatchPoint(MANAGER_MODULE, f"{manager}.on_{what}_start", wrap)
        for manager in ("CallbackManager", "AsyncCallbackManager")
        for what, wrap in (
            ("chat_model", begins),
            ("chain", begins_one),
            ("tool", begins_one),
            ("retriever", begins_one),
        )
    ),
    PatchPoint(MANAGER_MODULE, "CallbackManager.on_llm_start", begins),
    PatchPoint(
        MANAGER_MODULE,
        "AsyncCallbackManager.on_llm_start",
        lambda original: begins(repair_on_llm_start(original)),
    ),
    *(
        PatchPoint(MANAGER_MODULE, f"{manager}For{kind}Run.on_{kind.lower()}_{end}", ends)
        for manager in ("CallbackManager", "AsyncCallbackManager")
        for kind in ("LLM", "Chain", "Tool", "Retriever")
        for end in ("end", "error")
    ),
)

CLOSURE_POINTS: Final = (
    ClosurePoint(MANAGER_MODULE, "trace_as_chain_group", "func", current_in_block),
    ClosurePoint(MANAGER_MODULE, "atrace_as_chain_group", "func", current_in_async_block),
)

SUBCLASS_POINTS: Final = (
    SubclassPoint(
        "langchain_core.embeddings.embeddings",
        "Embeddings",
        embeddings.METHODS.__contains__,
        traced(UnreportedCall(embeddings.EMBEDDINGS, embeddings.started, embeddings.recorded_by)),
    ),
    SubclassPoint(
        "langchain_core.vectorstores.base",
        "VectorStore",
        search.is_search,
        SEARCHES,
    ),
    SubclassPoint(
        "langchain_core.documents.compressor",
        "BaseDocumentCompressor",
        search.RERANKINGS.__contains__,
        traced(
            UnreportedCall(search.RERANKING, search.reranking_started, search.reranking_recorded_by)
        ),
    ),
    SubclassPoint("langgraph.checkpoint.base", "BaseCheckpointSaver", is_saving, carries_origin),
    SubclassPoint(
        "langchain_core.retrievers",
        "BaseRetriever",
        ("invoke", "ainvoke").__contains__,
        starts("retriever"),
    ),
    SubclassPoint("langchain_core.runnables.base", "Runnable", is_entry, starts_by_hand),
)

PATCHER: Final = Patcher(
    POINTS, CLOSURE_POINTS, SUBCLASS_POINTS, (garbage_collector.watch, provider_marks.watch)
)
"""The patch points as applied: once for the whole process, however many ask for them."""
