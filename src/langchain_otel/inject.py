"""Knows how our handler gets into every callback manager that LangChain configures."""

from collections.abc import Callable
from typing import Any, cast

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers import context as tracers_context

from langchain_otel.context import current, is_suppressed


class _InjectedHandler:
    """What LangChain asks, as if it were a ContextVar, each time it configures a manager."""

    def __init__(self, handler: BaseCallbackHandler) -> None:
        self._handler = handler

    def get(self) -> BaseCallbackHandler | None:
        return None if is_suppressed(current()) else self._handler


def inject(handler: BaseCallbackHandler) -> Callable[[], None]:
    """Add `handler` to every callback manager that LangChain configures; gives what undoes it.

    The hook is public (`langchain_core.tracers.context.register_configure_hook`), its undoing is
    not: the hook is taken out of the list that the function put it in.
    """
    variable = _InjectedHandler(handler)
    tracers_context.register_configure_hook(cast("Any", variable), inheritable=True)

    def undo() -> None:
        hooks = tracers_context._configure_hooks
        hooks[:] = [hook for hook in hooks if cast("Any", hook[0]) is not variable]

    return undo
