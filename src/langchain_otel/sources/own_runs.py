"""Puts a frame around methods that start a run by hand, of whatever class that runs.

Most methods leave it to LangChain's own to start a run and to report its end. One that calls a
callback manager itself often reports ordinary exceptions only.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, Final

from langchain_otel.runs.operation import Family
from langchain_otel.sources.run_bodies import starts, starts_group

STARTS: Final[dict[str, Family]] = {
    "on_chain_start": "chain",
    "on_tool_start": "tool",
    "on_chat_model_start": "model",
    "on_llm_start": "model",
}
"""The methods of a callback manager; those of retrievers are all wrapped."""

LISTED: Final = ("langchain_core.", "langgraph.")
"""The packages whose methods have rows of their own, or report every end."""

SEVERAL: Final = ("batch", "abatch", "generate", "agenerate")
"""Methods each call of which has several runs."""


def is_entry(name: str) -> bool:
    """Whether a method may be what users call, and is not a part of another one."""
    return not name.startswith("_")


def starts_by_hand(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function in a frame, if its code names a method that starts runs; else as it is."""
    if type(function) is not FunctionType or f"{function.__module__}.".startswith(LISTED):
        return function
    families = {STARTS[name] for name in function.__code__.co_names if name in STARTS}
    if len(families) != 1:
        return function
    family = families.pop()
    wrap = starts_group(family) if function.__name__ in SEVERAL else starts(family)
    return wrap(function)
