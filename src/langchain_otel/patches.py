"""Knows which functions of LangChain are wrapped, and how each is put back.

A row of `POINTS` names a function and what is put around it. A module that the application has not
imported is patched when it is. `apply` gives back what undoes it: the very objects that were there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from threading import RLock
from types import ModuleType
from typing import Any, Final

from langchain_otel import collecting, covering, health
from langchain_otel.context import (
    Family,
    Frame,
    enter_body,
)
from langchain_otel.frames import FrameFor, begins, framed, runs_before_start
from langchain_otel.imports import when_imported
from langchain_otel.learned import learns_response_id
from langchain_otel.observed import Call, observed
from langchain_otel.operations import embeddings, search
from langchain_otel.repair import repair_on_llm_start
from langchain_otel.run import RUNS
from langchain_otel.subclasses import Subclasses
from langchain_otel.supported import is_supported

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]
Undo = Callable[[], None]


def starts(family: Family, *, activates: bool = True) -> Wrap:
    """The run of this family that starts in the call has its body there too."""

    def frame_for(args: tuple[Any, ...], _: dict[str, Any]) -> Frame:
        return Frame(family, args[0], activates=activates)

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


@dataclass(frozen=True, slots=True)
class PatchPoint:
    """A function of LangChain, and what is put around it."""

    module: str
    path: str
    wrap: Wrap


@dataclass(frozen=True, slots=True)
class CallPoint:
    """Methods of the subclasses of a class of LangChain, and what their calls are told as."""

    module: str
    base: str
    methods: Callable[[str], bool]
    call: Call


CHAIN_CLASSES: Final = ("langchain_classic.chains.base", "langchain.chains.base")

POINTS: Final = (
    PatchPoint("langchain_core.runnables.config", "_set_config_context", copies_context),
    PatchPoint("langgraph._internal._runnable", "_set_config_context", copies_context),
    *(
        PatchPoint("langchain_core.language_models.chat_models", f"BaseChatModel.{name}", wrap)
        for name, wrap in (
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
    PatchPoint("langchain_core.language_models.chat_models", "_normalize_messages", begins),
    *(
        PatchPoint("langchain_core.language_models.llms", f"BaseLLM.{name}", wrap)
        for name, wrap in (
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
        learns_response_id,
    ),
    PatchPoint(
        "langchain_anthropic.chat_models",
        "ChatAnthropic._make_message_chunk_from_anthropic_event",
        learns_response_id,
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

CALLS: Final = (
    CallPoint(
        "langchain_core.embeddings.embeddings",
        "Embeddings",
        embeddings.METHODS.__contains__,
        Call(embeddings.EMBEDDINGS, embeddings.started, embeddings.is_covered),
    ),
    CallPoint(
        "langchain_core.vectorstores.base",
        "VectorStore",
        search.is_search,
        Call(search.SEARCH, search.search_started, search.is_search_covered),
    ),
    CallPoint(
        "langchain_core.documents.compressor",
        "BaseDocumentCompressor",
        search.RERANKINGS.__contains__,
        Call(search.RERANKING, search.reranking_started, search.is_reranking_covered),
    ),
)


class Patches:
    """The patch points as applied: once for the whole process, however many ask for them."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._forget: list[Undo] = []
        self._undo: list[Undo] = []

    @property
    def applied(self) -> bool:
        """Whether functions are wrapped, or will be when they are imported."""
        return bool(self._forget)

    def apply(self) -> Undo:
        """Wrap what is imported, and the rest when the application imports it."""
        if self.applied or not is_supported():
            return self.undo
        with self._lock:
            if not self.applied:
                modules = dict.fromkeys(point.module for point in POINTS)
                modules.update(dict.fromkeys(point.module for point in CALLS))
                self._undo += [collecting.watch(), covering.watch()]
                self._forget = [when_imported(module, self._apply_to) for module in modules]
        return self.undo

    def undo(self) -> None:
        """Put every wrapped function back, the latest first."""
        with self._lock:
            while self._forget:
                self._forget.pop()()
            while self._undo:
                self._undo.pop()()

    def _apply_to(self, module: ModuleType) -> None:
        with self._lock:
            for point in POINTS:
                if point.module == module.__name__:
                    undo = _patch(point, module)
                    if undo is not None:
                        self._undo.append(undo)
            for row in CALLS:
                if row.module == module.__name__:
                    base = getattr(module, row.base)
                    self._undo.append(Subclasses(base, row.methods, observed(row.call)).undo)


def _patch(point: PatchPoint, module: ModuleType) -> Undo | None:
    """Wrap one function; None where this version of LangChain does not have it."""
    *parents, name = point.path.split(".")
    owner: Any = module
    for parent in parents:
        owner = getattr(owner, parent, None)
    original = None if owner is None else vars(owner).get(name)
    if original is None:
        return None
    wrapped = point.wrap(original)
    setattr(owner, name, wrapped)

    def undo() -> None:
        # What another package has wrapped in the meantime stays its own; ours inside is inert.
        if vars(owner).get(name) is wrapped:
            setattr(owner, name, original)

    return undo


PATCHES: Final = Patches()
