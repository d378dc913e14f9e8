"""Knows which functions of LangChain are wrapped: a row names one, and what is put around it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, NamedTuple

from langchain_otel import health
from langchain_otel.checkpoints import carries_origin, is_saving
from langchain_otel.configuration import configures, given_by
from langchain_otel.context import Family
from langchain_otel.frame import Frame, enter_body
from langchain_otel.framing import FrameFor, begins, begins_again, framed, runs_before_start
from langchain_otel.learned import learns_response_id
from langchain_otel.loops import follows_pause, follows_resume
from langchain_otel.mcp import TRANSPORTS, opens_transport, sends_request
from langchain_otel.observed import Call, observed
from langchain_otel.operations import embeddings, search
from langchain_otel.remote import REMOTE_METHODS
from langchain_otel.repair import repair_on_llm_start
from langchain_otel.run import RUNS
from langchain_otel.steps import tells_cached, tells_limit, tells_timeout

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]


def starts(family: Family, *, activates: bool = True) -> Wrap:
    """The run of this family that starts in the call has its body there too."""

    def frame_for(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Frame:
        given = given_by(args, kwargs)
        return Frame(family, args[0], activates=activates, given=given)

    return _framing(frame_for)


def body_of(position: int, name: str) -> Wrap:
    """The call is the body of the run whose manager (or list of managers) is this argument."""

    def frame_for(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Frame | None:
        manager = kwargs.get(name, args[position] if len(args) > position else None)
        if isinstance(manager, list):
            manager = manager[0] if manager else None
        run = None if manager is None else RUNS.head(manager.run_id)
        if run is None:
            return None
        if run.owner is None:
            run.owner = args[0]
        return Frame(None, args[0], run)

    return _framing(frame_for)


def _framing(frame_for: FrameFor) -> Wrap:
    return lambda original: framed(original, frame_for)


def copies_context(original: Callable[..., Any]) -> Callable[..., Any]:
    """The call prepares the copy of the context in which the body of `config`'s run will run."""

    @wraps(original)
    def call(config: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(config, *args, **kwargs)
        try:
            enter_body(config)
        except Exception as error:
            health.failed("context", error)
        return result

    return call


class PatchPoint(NamedTuple):
    """A function of LangChain, and what is put around it."""

    module: str
    path: str
    wrap: Wrap


class SubclassPoint(NamedTuple):
    """Methods of the subclasses of a class of LangChain, and what is put around each."""

    module: str
    base: str
    methods: Callable[[str], bool]
    wrap: Wrap


CHAIN_CLASSES: Final = ("langchain_classic.chains.base", "langchain.chains.base")

POINTS: Final = (
    PatchPoint("langchain_core.runnables.config", "_set_config_context", copies_context),
    PatchPoint("langgraph._internal._runnable", "_set_config_context", copies_context),
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
    *(
        PatchPoint("langchain_core.runnables.branch", f"RunnableBranch.{name}", starts("chain"))
        for name in ("invoke", "ainvoke", "stream", "astream")
    ),
    *(
        PatchPoint(f"langchain_core.runnables.{module}", path, starts("chain", activates=False))
        for module, path in (
            ("base", "Runnable._abatch_with_config"),
            ("base", "RunnableSequence.abatch"),
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
            ("PregelLoop.tick", tells_limit),
            ("SyncPregelLoop.match_cached_writes", tells_cached),
            ("AsyncPregelLoop.amatch_cached_writes", tells_cached),
        )
    ),
    PatchPoint("langgraph.pregel._retry", "_arun_with_timeout", tells_timeout),
    *(
        PatchPoint(module, f"Chain.{name}", wrap)
        for module in CHAIN_CLASSES
        for name, wrap in (
            ("invoke", starts("chain")),
            ("ainvoke", starts("chain")),
            ("prep_inputs", runs_before_start),
            ("aprep_inputs", runs_before_start),
        )
    ),
    PatchPoint(
        "langchain_openai.chat_models.base",
        "BaseChatOpenAI._convert_chunk_to_generation_chunk",
        learns_response_id(1),
    ),
    PatchPoint(
        "langchain_anthropic.chat_models",
        "ChatAnthropic._make_message_chunk_from_anthropic_event",
        learns_response_id(1),
    ),
    PatchPoint(  # before langchain-anthropic 1.1
        "langchain_anthropic.chat_models",
        "_make_message_chunk_from_anthropic_event",
        learns_response_id(0),
    ),
    PatchPoint("mcp.shared.session", "BaseSession.send_request", sends_request),
    *(
        PatchPoint("langchain_mcp_adapters.sessions", name, opens_transport(facts))
        for name, facts in TRANSPORTS.items()
    ),
    *(
        PatchPoint("langchain_core.callbacks.manager", f"{manager}.on_{what}_start", begins)
        for manager in ("CallbackManager", "AsyncCallbackManager")
        for what in ("chat_model", "llm", "chain", "tool", "retriever")
        if (manager, what) != ("AsyncCallbackManager", "llm")
    ),
    PatchPoint(
        "langchain_core.callbacks.manager",
        "AsyncCallbackManager.on_llm_start",
        lambda original: begins(repair_on_llm_start(original)),
    ),
)

SUBCLASS_POINTS: Final = (
    SubclassPoint(
        "langchain_core.embeddings.embeddings",
        "Embeddings",
        embeddings.METHODS.__contains__,
        observed(Call(embeddings.EMBEDDINGS, embeddings.started, embeddings.is_covered)),
    ),
    SubclassPoint(
        "langchain_core.vectorstores.base",
        "VectorStore",
        search.is_search,
        observed(Call(search.SEARCH, search.search_started, search.is_search_covered)),
    ),
    SubclassPoint(
        "langchain_core.documents.compressor",
        "BaseDocumentCompressor",
        search.RERANKINGS.__contains__,
        observed(Call(search.RERANKING, search.reranking_started, search.is_reranking_covered)),
    ),
    SubclassPoint("langgraph.checkpoint.base", "BaseCheckpointSaver", is_saving, carries_origin),
)
