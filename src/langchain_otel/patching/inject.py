"""Adds our handler to every callback manager that LangChain configures."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from types import ModuleType
from typing import Any, Final

from langchain_core.callbacks import BaseCallbackHandler

from langchain_otel import health
from langchain_otel.async_exceptions import let_through
from langchain_otel.patching.contract import keeps_contract
from langchain_otel.patching.imports import when_imported
from langchain_otel.patching.lost_seams import warn_of_lost
from langchain_otel.patching.points import PatchPoint, Seam, State

Undo = Callable[[], None]

NAME: Final = "langchain-otel-handler"
HOOKS_MODULE: Final = "langchain_core.tracers.context"
MANAGER_MODULE: Final = "langchain_core.callbacks.manager"
MANAGERS: Final = ("CallbackManager", "AsyncCallbackManager")

ENTRANCE: Final = PatchPoint(
    HOOKS_MODULE,
    "register_configure_hook",
    lambda original: original,
    Seam(
        "entrance",
        "LangChain adds the handler in a variable that `register_configure_hook` is called with to "
        "every callback manager that it configures.",
        "runs whose callback manager is not made by `configure`",
    ),
    parameters=("context_var", "inheritable"),
)


def inject(handler: BaseCallbackHandler) -> Undo:
    """Add `handler` to every callback manager that LangChain configures; gives what undoes it.

    The hook is public (`langchain_core.tracers.context.register_configure_hook`), its undoing is
    not: the hook is taken out of the list that the function put it in. The module brings langsmith
    with it, so we wait until LangChain imports it, at the first run. The variable has one value
    everywhere: the handler itself knows where it is not wanted.
    """
    variable: ContextVar[BaseCallbackHandler] = ContextVar(NAME, default=handler)
    afterwards: list[Undo] = []

    def register(module: ModuleType) -> None:
        state = _registered(module, variable)
        if state != "applied":
            warn_of_lost({ENTRANCE: state})
            afterwards.extend(_added_where_configured(handler))

    forget = when_imported(HOOKS_MODULE, register)

    def undo() -> None:
        forget()
        hooks = _hooks()
        if isinstance(hooks, list):
            hooks[:] = [hook for hook in hooks if hook[0] is not variable]
        while afterwards:
            afterwards.pop()()

    return undo


def _registered(module: ModuleType, variable: ContextVar[BaseCallbackHandler]) -> State:
    function = getattr(module, "register_configure_hook", None)
    if function is None:
        return "missing"
    try:
        if not keeps_contract(ENTRANCE, function):
            return "changed"
        function(variable, inheritable=True)
    except Exception as error:
        let_through(error)
        return "refused"
    return "applied"


def _hooks() -> Any:
    return getattr(sys.modules.get(HOOKS_MODULE), "_configure_hooks", [])


def _added_where_configured(handler: BaseCallbackHandler) -> list[Undo]:
    """Add the handler to what `configure` of a callback manager gives, where there is no hook."""
    managers = [getattr(sys.modules.get(MANAGER_MODULE), name, None) for name in MANAGERS]
    return [
        _adding(kind, handler) for kind in managers if "configure" in getattr(kind, "__dict__", ())
    ]


def _adding(kind: Any, handler: BaseCallbackHandler) -> Undo:
    original = vars(kind)["configure"]
    function = original.__func__

    @wraps(function)
    def configure(cls: Any, *args: Any, **kwargs: Any) -> Any:
        manager = function(cls, *args, **kwargs)
        try:
            manager.add_handler(handler, inherit=True)
        except Exception as error:
            health.failed("entrance", error)
        return manager

    ours = classmethod(configure)
    kind.configure = ours

    def undo() -> None:
        if vars(kind).get("configure") is ours:
            kind.configure = original

    return undo
