"""Checks the functions of LangChain that are followed: which are, wait, or are missing."""

import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Final, NamedTuple

from langchain_otel.doctor.finding import NOTE, OK, Finding
from langchain_otel.doctor.scene import Scene

TOPIC: Final = "patch points"
# The doctor's own process imports these: an application without them runs no chain.
IMPORTED: Final = ("langchain_core.", "langgraph.")


class Loss(NamedTuple):
    """What is lost without the functions of a module whose names have this in them."""

    module: str
    part: str
    lost: str


LOST: Final = (
    Loss("langchain_core.callbacks.manager", "on_llm_start", "other handlers' events of models"),
    Loss("langchain_core.callbacks.manager", "", "the owner of a run that is cancelled"),
    Loss("langchain_core.runnables.config", "", "the current span inside chains and tools"),
    Loss("langgraph._internal._runnable", "_split", "what a node's trace policy says"),
    Loss("langgraph._internal._runnable", "", "the current span inside graph nodes"),
    Loss("langchain_core.language_models", "v2_events", "the current span in stream_events"),
    Loss("langchain_core.language_models", "_generate", "the current span inside model calls"),
    Loss("langchain_core.language_models", "", "the current span inside model calls"),
    Loss("langchain_core.tools", "", "the end of tools that are cancelled"),
    Loss("langchain_core.retrievers", "", "the current span inside retrievers"),
    Loss("langchain_core.vectorstores", "", "spans of searches by relevance"),
    Loss("langchain_core.embeddings", "", "spans of embeddings"),
    Loss("langchain_core.documents", "", "spans of rerankers"),
    Loss(
        "langchain_core.runnables",
        "",
        "the end of runs that are cancelled, in batches and branches",
    ),
    Loss("langgraph.pregel.main", "", "the end of graphs that are cancelled"),
    Loss("langgraph.pregel.remote", "", "spans of remote graphs"),
    Loss("langgraph.pregel._retry", "", "nodes that ran out of time"),
    Loss("langgraph.pregel._loop", "_suppress_interrupt", "links of resumed graphs"),
    Loss("langgraph.pregel._loop", "_first", "links of resumed graphs"),
    Loss("langgraph.pregel._loop", "cached", "events of cached nodes"),
    Loss("langgraph.pregel._loop", "tick", "the mark of a graph that ran out of steps"),
    Loss("langgraph.checkpoint", "", "links of resumed graphs"),
    Loss("mcp", "", "the trace context that MCP servers are sent"),
    Loss("langchain_mcp_adapters", "", "facts about MCP servers"),
    Loss("langchain_openai", "", "response ids of streams"),
    Loss("langchain_anthropic", "", "response ids of streams"),
)


def patches(scene: Scene) -> Iterator[Finding]:
    """How many functions are followed, which wait, and what those that are missing cost."""
    from langchain_otel.sources.patch_points import PATCHER

    if not PATCHER.applied:
        return
    if scene.is_own:
        _import({point.module for point, _ in PATCHER.states()})
    states = [(point, state) for point, state in PATCHER.states() if _is_installed(point.module)]
    applied = sum(state == "applied" for _, state in states)
    waiting = sorted({point.module.split(".")[0] for point, state in states if state == "waiting"})
    later = f"; the rest waits for {', '.join(waiting)}" if waiting else ""
    yield Finding(
        TOPIC, OK, f"{applied} of {len(states)} functions of LangChain are followed{later}."
    )
    missing = [point for point, state in states if state == "missing"]
    for lost in dict.fromkeys(_lost(point.module, point.path) for point in missing):
        names = [point.path for point in missing if _lost(point.module, point.path) == lost]
        yield Finding(
            TOPIC,
            NOTE,
            f"This version has no {', '.join(names)}: what may be lost is {lost}.",
            "If you miss it, bring LangChain and langchain-otel up to date.",
        )


def _is_installed(module: str) -> bool:
    top = module.split(".", maxsplit=1)[0]
    return top in sys.modules or find_spec(top) is not None


def _lost(module: str, path: str) -> str:
    for row in LOST:
        if module.startswith(row.module) and row.part in path:
            return row.lost
    return "a detail of some spans"


def _import(modules: set[str]) -> None:
    for module in sorted(modules):
        try:
            if module.startswith(IMPORTED) and find_spec(module.split(".")[0]) is not None:
                import_module(module)
        except Exception:  # noqa: S112 - this version has no such module: the point goes on waiting
            continue
