"""Looks for a module without importing it, nor any package that it is in."""

from __future__ import annotations

from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any


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
        spec = PathFinder.find_spec(name, path)
        if spec is None:
            return True
        path = spec.submodule_search_locations
    return False
