"""Builds span names as the conventions want them: the operation, then the name of its subject."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from langchain_otel.content.fields import fields_of, mapping_of
from langchain_otel.content.values import EMPTY, text
from langchain_otel.runs.reported import Started

MAX_WRAPPERS: Final = 16
# What LangChain calls runs of its own classes, where nobody named them; LangGraph's, likewise.
TYPE_NAMES: Final = frozenset(
    (
        *("Runnable", "RunnableSequence", "RunnableParallel", "RunnableMap"),
        *("RunnableLambda", "RunnableGenerator", "RunnableBranch", "RunnableEach"),
        *("RunnableWithFallbacks", "RunnableWithMessageHistory", "RunnableRetry"),
        *("RunnableBinding", "RunnablePassthrough", "RunnableAssign", "RunnablePick"),
        *("RouterRunnable", "RunnableCallable"),
        *("LangGraph", "StateGraph", "CompiledStateGraph", "Pregel"),
    )
)
"""Names that say what kind of thing runs, not which one."""


def titled(operation: str, subject: Callable[[Started], str | None]) -> Callable[[Started], str]:
    """A function that names a span: the operation alone where its subject has no name."""

    def title(started: Started) -> str:
        name = subject(started)
        return operation if name is None else f"{operation} {name}"

    return title


def own_name(owner: object) -> str | None:
    """The name that an object was given, or else that of its class; None where it is not known.

    LangChain calls a run so, unless a caller calls it otherwise, which may be at each request.
    """
    if owner is None:
        return None
    return text(getattr(owner, "name", None)) or type(owner).__name__


def given_name(started: Started) -> str | None:
    """The name that a caller gave to a run; None where it is called as what runs."""
    name = text(started.options.get("name"))
    if name is None or name == own_name(started.owner) or is_type_name(name, started.owner):
        return None
    return None if name == text((started.serialized or EMPTY).get("name")) else name


def chain_name(started: Started) -> str | None:
    """The name that somebody gave to a chain, or else to its run; None where nobody named it.

    What is put around a chain, for retries say, has no name but that of the chain.
    """
    runnable = started.owner
    for _ in range(MAX_WRAPPERS):
        if runnable is None:
            break
        name = text(getattr(runnable, "name", None))
        if name is not None and not is_type_name(name, started.owner):
            return name
        runnable = fields_of(runnable).get("bound")
    name = text(started.options.get("name")) or _group_name(started)
    return None if name is None or is_type_name(name, started.owner) else name


def _group_name(started: Started) -> str | None:
    """The name of a chain group (`trace_as_chain_group`), which is no object."""
    serialized = mapping_of(started.serialized)
    return None if started.owner is not None or "id" in serialized else text(serialized.get("name"))


def is_type_name(name: str, owner: object) -> bool:
    """Whether a name is that of a class: of LangChain's, of what runs, or that is called (`str`).

    LangChain adds the keys of what runs side by side: `RunnableParallel<first,second>`.
    """
    kind = name.partition("<")[0]
    if kind in TYPE_NAMES:
        return True
    for _ in range(MAX_WRAPPERS):
        if owner is None:
            return False
        if kind in [base.__name__ for base in type(owner).__mro__]:
            return True
        fields = fields_of(owner)
        function, owner = fields.get("func"), fields.get("bound")
        if isinstance(function, type) and function.__name__ == kind:
            return True
    return False
