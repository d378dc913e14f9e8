"""Knows how the functions of LangChain are wrapped, and how each is put back.

A module that the application has not imported is patched when it is. `apply` gives back what undoes
it: the very objects that were there.
"""

from collections.abc import Callable
from threading import RLock
from types import ModuleType
from typing import Any, Final

from langchain_otel import collecting, covering
from langchain_otel.forks import freed
from langchain_otel.imports import when_imported
from langchain_otel.points import POINTS, SUBCLASS_POINTS, PatchPoint
from langchain_otel.subclasses import Subclasses
from langchain_otel.supported import is_supported

Undo = Callable[[], None]


class Patches:
    """The patch points as applied: once for the whole process, however many ask for them."""

    def __init__(self) -> None:
        self._lock = freed(RLock())
        self._forget: list[Undo] = []
        self._undo: list[Undo] = []

    @property
    def applied(self) -> bool:
        """Whether functions are wrapped, or will be when they are imported."""
        return bool(self._forget)

    def apply(self) -> Undo:
        """Wrap what is imported, and the rest when the application imports it."""
        if self.applied or not is_supported():
            return self.undo
        with self._lock:
            if not self.applied:
                modules = dict.fromkeys(point.module for point in POINTS)
                modules.update(dict.fromkeys(point.module for point in SUBCLASS_POINTS))
                self._undo += [collecting.watch(), covering.watch()]
                self._forget = [when_imported(module, self._apply_to) for module in modules]
        return self.undo

    def undo(self) -> None:
        """Put every wrapped function back, the latest first."""
        with self._lock:
            while self._forget:
                self._forget.pop()()
            while self._undo:
                self._undo.pop()()

    def _apply_to(self, module: ModuleType) -> None:
        with self._lock:
            for point in POINTS:
                if point.module == module.__name__:
                    undo = _patch(point, module)
                    if undo is not None:
                        self._undo.append(undo)
            for row in SUBCLASS_POINTS:
                if row.module == module.__name__:
                    base = getattr(module, row.base)
                    self._undo.append(Subclasses(base, row.methods, row.wrap).undo)


def _patch(point: PatchPoint, module: ModuleType) -> Undo | None:
    """Wrap one function; None where this version of LangChain does not have it."""
    *parents, name = point.path.split(".")
    owner: Any = module
    for parent in parents:
        owner = getattr(owner, parent, None)
    original = None if owner is None else vars(owner).get(name)
    if original is None:
        return None
    wrapped = point.wrap(original)
    setattr(owner, name, wrapped)

    def undo() -> None:
        # What another package has wrapped in the meantime stays its own; ours inside is inert.
        if vars(owner).get(name) is wrapped:
            setattr(owner, name, original)

    return undo


PATCHES: Final = Patches()
