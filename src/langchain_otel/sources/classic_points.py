"""Lists the functions of the legacy chains and agents that are wrapped, with their contracts."""

from __future__ import annotations

from operator import attrgetter
from typing import Final

from langchain_otel.patching.points import (
    ASYNC_GENERATOR,
    COROUTINE,
    FUNCTION,
    GENERATOR,
    methods,
)
from langchain_otel.patching.wrapping import runs_before_start
from langchain_otel.sources import seams
from langchain_otel.sources.run_bodies import starts

CLASSIC: Final = {"langchain_classic": "", "langchain": "langchain < 1"}
"""The packages of the legacy chains and agents, now and before LangChain 1.0."""

POINTS: Final = tuple(
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
