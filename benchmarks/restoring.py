"""Knows how to undo what an instrumentor has patched, also where it does not do so itself.

Without it the measurements of bare LangChain that come after would not be bare.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import Any, Final

PATCHED: Final = ("langchain_core", "langchain", "langgraph", "pydantic")


@contextmanager
def restored() -> Iterator[None]:
    """Put back every function that was replaced meanwhile, in modules and in their classes."""
    before = [
        (owner, name, value)
        for owner in _owners()
        for name, value in list(vars(owner).items())
        if isinstance(value, (FunctionType, classmethod, staticmethod))
    ]
    try:
        yield
    finally:
        for owner, name, value in before:
            if vars(owner).get(name) is not value:
                setattr(owner, name, value)


def _owners() -> Iterator[Any]:
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in PATCHED and isinstance(module, ModuleType):
            yield module
            yield from (
                value
                for value in list(vars(module).values())
                if isinstance(value, type) and value.__module__ == name
            )
