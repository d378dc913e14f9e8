"""Lists the functions of langchain-core that are wrapped, each with its contract."""

from __future__ import annotations

from typing import Final

from langchain_otel.patching.inline import repair_on_llm_start
from langchain_otel.patching.points import (
    ANYWHERE,
    ASYNC_GENERATOR,
    COROUTINE,
    FUNCTION,
    GENERATOR,
    ClosurePoint,
    PatchPoint,
    Point,
    SubclassPoint,
    methods,
)
from langchain_otel.patching.run_events import MANAGER_MODULE, begins, begins_one, ends
from langchain_otel.patching.wrapping import begins_again
from langchain_otel.sources import seams
from langchain_otel.sources.chain_groups import current_in_async_block, current_in_block
from langchain_otel.sources.configurable import COMPLETE_CONFIG, configures
from langchain_otel.sources.run_bodies import (
    body_of,
    copies_context,
    is_entry,
    starts,
    starts_by_hand,
    starts_group,
)
from langchain_otel.sources.stream_frame import StreamFrame

CONFIG: Final = "langchain_core.runnables.config"
MODELS: Final = "langchain_core.language_models.chat_models"
COMPLETIONS: Final = "langchain_core.language_models.llms"
RETRIEVERS: Final = "langchain_core.retrievers"
RUNNABLES: Final = "langchain_core.runnables"

WITH_CONFIG: Final = ("self", "", "config")
CALLS: Final = {"invoke": FUNCTION, "ainvoke": COROUTINE}
BATCHES: Final = {"batch": FUNCTION, "abatch": COROUTINE}
STREAMS: Final = {"stream": GENERATOR, "astream": ASYNC_GENERATOR}
GENERATIONS: Final = {"generate": FUNCTION, "agenerate": COROUTINE}
KINDS: Final = ("chat_model", "chain", "tool", "retriever")

CONTEXT_POINTS: Final = (
    PatchPoint(
        CONFIG,
        "_set_config_context",
        copies_context,
        seams.STEP_CONTEXT,
        parameters=("config",),
    ),
    *(  # the other modules import it from there, if they need it
        PatchPoint(
            module,
            "ensure_config",
            wrap,
            seams.CONFIGURATION,
            versions="" if module == CONFIG else ANYWHERE,
        )
        for module, wrap in COMPLETE_CONFIG.items()
    ),
)

MODEL_POINTS: Final = (
    *methods(f"{MODELS}:BaseChatModel", CALLS, configures, seams.MODEL_CONFIGURATION, WITH_CONFIG),
    *methods(
        f"{MODELS}:BaseChatModel",
        GENERATIONS,
        starts_group("model", is_configured=False),
        seams.MODEL_CALL,
    ),
    *methods(
        f"{MODELS}:BaseChatModel",
        {"_generate_with_cache": FUNCTION, "_agenerate_with_cache": COROUTINE},
        body_of(3, "run_manager"),
        seams.MODEL_BODY,
        ("self", "", "", "run_manager"),
    ),
    *methods(
        f"{MODELS}:BaseChatModel",
        STREAMS,
        starts("model", kind=StreamFrame),
        seams.MODEL_STREAM,
        WITH_CONFIG,
    ),
    *methods(
        f"{MODELS}:BaseChatModel",
        {"_iter_v2_events": GENERATOR, "_aiter_v2_events": ASYNC_GENERATOR},
        body_of(2, "run_manager"),
        seams.MODEL_EVENTS,
        ("self", "", "run_manager"),
        versions="langchain-core >= 1.3.2",
    ),
    PatchPoint(MODELS, "_normalize_messages", begins_again, seams.MODEL_INPUT),
    *methods(
        f"{COMPLETIONS}:BaseLLM",
        CALLS | BATCHES,
        configures,
        seams.MODEL_CONFIGURATION,
        WITH_CONFIG,
    ),
    *methods(
        f"{COMPLETIONS}:BaseLLM",
        GENERATIONS,
        starts_group("model", is_configured=False),
        seams.MODEL_CALL,
    ),
    *methods(
        f"{COMPLETIONS}:BaseLLM",
        {"_generate_helper": FUNCTION, "_agenerate_helper": COROUTINE},
        body_of(3, "run_managers"),
        seams.MODEL_BODY,
        ("self", "", "", "run_managers"),
    ),
    *methods(f"{COMPLETIONS}:BaseLLM", STREAMS, starts("model"), seams.MODEL_STREAM, WITH_CONFIG),
)

OTHER_RUN_POINTS: Final = (
    *methods(
        "langchain_core.tools.base:BaseTool",
        {"run": FUNCTION, "arun": COROUTINE},
        starts("tool"),
        seams.TOOL_CALL,
    ),
    *methods(
        f"{RETRIEVERS}:BaseRetriever",
        CALLS,
        starts("retriever"),
        seams.RETRIEVAL,
        WITH_CONFIG,
    ),
    *methods(
        f"{RUNNABLES}.branch:RunnableBranch",
        CALLS | STREAMS,
        starts("chain"),
        seams.BRANCH,
        WITH_CONFIG,
    ),
    *methods(
        f"{RUNNABLES}.base:Runnable",
        {"_batch_with_config": FUNCTION, "_abatch_with_config": COROUTINE},
        starts_group("chain"),
        seams.BATCH,
    ),
    *(
        point
        for owner in ("base:RunnableSequence", "fallbacks:RunnableWithFallbacks")
        for point in methods(
            f"{RUNNABLES}.{owner}",
            BATCHES,
            starts_group("chain"),
            seams.BATCH,
            WITH_CONFIG,
        )
    ),
    *methods(
        f"{RUNNABLES}.fallbacks:RunnableWithFallbacks",
        STREAMS,
        starts("chain"),
        seams.FALLBACKS,
        WITH_CONFIG,
    ),
)

EVENT_POINTS: Final[tuple[Point, ...]] = (
    *(
        point
        for manager, form in (
            ("CallbackManager", FUNCTION),
            ("AsyncCallbackManager", COROUTINE),
        )
        for kind in KINDS
        for point in methods(
            f"{MANAGER_MODULE}:{manager}",
            {f"on_{kind}_start": form},
            begins if kind == "chat_model" else begins_one,
            seams.RUN_START,
            ("self", "serialized", "", "run_id"),
        )
    ),
    PatchPoint(MANAGER_MODULE, "CallbackManager.on_llm_start", begins, seams.RUN_START),
    PatchPoint(
        MANAGER_MODULE,
        "AsyncCallbackManager.on_llm_start",
        lambda original: begins(repair_on_llm_start(original)),
        seams.OTHER_HANDLERS,
        COROUTINE,
        ("self", "serialized", "prompts"),
    ),
    *(
        point
        for manager, form in (
            ("CallbackManager", FUNCTION),
            ("AsyncCallbackManager", COROUTINE),
        )
        for kind in ("LLM", "Chain", "Tool", "Retriever")
        for point in methods(
            f"{MANAGER_MODULE}:{manager}For{kind}Run",
            {f"on_{kind.lower()}_{end}": form for end in ("end", "error")},
            ends,
            seams.RUN_END,
            ("self", ""),
        )
    ),
    ClosurePoint(
        MANAGER_MODULE, "trace_as_chain_group", "func", current_in_block, seams.GROUP, GENERATOR
    ),
    ClosurePoint(
        MANAGER_MODULE,
        "atrace_as_chain_group",
        "func",
        current_in_async_block,
        seams.GROUP,
        ASYNC_GENERATOR,
    ),
)

SUBCLASS_POINTS: Final = (
    SubclassPoint(
        RETRIEVERS, "BaseRetriever", CALLS.__contains__, starts("retriever"), seams.RETRIEVERS
    ),
    SubclassPoint(f"{RUNNABLES}.base", "Runnable", is_entry, starts_by_hand, seams.RUNS_BY_HAND),
)

POINTS: Final[tuple[Point, ...]] = (
    *CONTEXT_POINTS,
    *MODEL_POINTS,
    *OTHER_RUN_POINTS,
    *EVENT_POINTS,
    *SUBCLASS_POINTS,
)
