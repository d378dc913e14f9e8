"""Runs an action when, and only if, the application imports a module; says whether it never can."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.machinery import PathFinder
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any, Final

from langchain_otel.forks import fork_safe

Action = Callable[[ModuleType], None]

_lock: Final = fork_safe(RLock())
_waiting: Final[dict[str, list[_Once]]] = {}


class _Once:
    """An action, which is run once for a module, whoever comes first of the threads that can."""

    def __init__(self, action: Action) -> None:
        self._action = action
        self._module: ModuleType | None = None

    def run(self, module: ModuleType) -> None:
        with _lock:
            if self._module is module:
                return
            self._module = module
        # Without the lock: an action may wait for a thread that waits for it.
        self._action(module)


def when_imported(module: str, action: Action) -> Callable[[], None]:
    """Call `action` with `module`, now or when it is imported; gives what forgets the action."""
    # Who imports the package, and patches nothing, does without it.
    from wrapt import register_post_import_hook

    once = _Once(action)
    with _lock:
        if module not in _waiting:
            _waiting[module] = []
            # Such a hook cannot be taken back: there is one for a module, for good.
            register_post_import_hook(_imported, module)
        _waiting[module].append(once)
    if module in sys.modules:
        once.run(sys.modules[module])

    def forget() -> None:
        with _lock:
            if once in _waiting[module]:
                _waiting[module].remove(once)

    return forget


def _imported(module: ModuleType) -> None:
    with _lock:
        waiting = list(_waiting[module.__name__])
    for once in waiting:
        once.run(module)


def is_gone(module: str, root: ModuleType) -> bool:
    """Whether a module cannot be imported, for there is no file of it; `root` is imported.

    False where the package is no folder of files. Other finders than that of files are not asked:
    those that wrap loaders import the packages on the way.
    """
    if not Path(getattr(root, "__file__", None) or "").is_file():
        return False
    path: Any = root.__path__
    name, *parts = root.__name__, *module.removeprefix(f"{root.__name__}.").split(".")
    for part in parts:
        name = f"{name}.{part}"
        imported = getattr(sys.modules.get(name), "__spec__", None)
        spec = imported or PathFinder.find_spec(name, path)
        if spec is None:
            return True
        path = spec.submodule_search_locations
    return False
