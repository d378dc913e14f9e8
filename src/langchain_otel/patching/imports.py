"""Runs an action when, and only if, the application imports a module."""

import sys
from collections.abc import Callable
from threading import RLock
from types import ModuleType
from typing import Final

import wrapt

from langchain_otel.forks import fork_safe

_lock: Final = fork_safe(RLock())
_actions: Final[dict[str, list[Callable[[ModuleType], None]]]] = {}


def when_imported(module: str, action: Callable[[ModuleType], None]) -> Callable[[], None]:
    """Call `action` with `module`, now or when it is imported; gives what forgets the action."""
    with _lock:
        if module not in _actions:
            _actions[module] = []
            # Such a hook cannot be taken back: there is one for a module, for good.
            wrapt.register_post_import_hook(_imported, module)
        _actions[module].append(action)
        if module in sys.modules:
            action(sys.modules[module])

    def forget() -> None:
        with _lock:
            if action in _actions[module]:
                _actions[module].remove(action)

    return forget


def _imported(module: ModuleType) -> None:
    with _lock:
        for action in list(_actions[module.__name__]):
            action(module)
