"""Adds our handler to every callback manager that LangChain configures."""

import sys
from collections.abc import Callable
from contextvars import ContextVar
from types import ModuleType
from typing import Any, Final

from langchain_core.callbacks import BaseCallbackHandler

from langchain_otel.patching.imports import when_imported

NAME: Final = "langchain-otel-handler"
HOOKS_MODULE: Final = "langchain_core.tracers.context"


def inject(handler: BaseCallbackHandler) -> Callable[[], None]:
    """Add `handler` to every callback manager that LangChain configures; gives what undoes it.

    The hook is public (`langchain_core.tracers.context.register_configure_hook`), its undoing is
    not: the hook is taken out of the list that the function put it in. The module brings langsmith
    with it, so we wait until LangChain imports it, at the first run. The variable has one value
    everywhere: the handler itself knows where it is not wanted.
    """
    variable: ContextVar[BaseCallbackHandler] = ContextVar(NAME, default=handler)

    def register(module: ModuleType) -> None:
        module.register_configure_hook(variable, inheritable=True)

    forget = when_imported(HOOKS_MODULE, register)

    def undo() -> None:
        forget()
        hooks = _hooks()
        hooks[:] = [hook for hook in hooks if hook[0] is not variable]

    return undo


def _hooks() -> list[tuple[Any, ...]]:
    hooks: list[tuple[Any, ...]] = getattr(sys.modules.get(HOOKS_MODULE), "_configure_hooks", [])
    return hooks
