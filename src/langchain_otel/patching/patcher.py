"""Wraps functions of other packages by a table of patch points, and puts each back.

A module that the application has not imported yet is patched when it is. `apply` returns what puts
back the very objects that were there.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from threading import RLock
from types import FunctionType, ModuleType
from typing import Any, Literal, NamedTuple

from langchain_otel.forks import fork_safe
from langchain_otel.patching.imports import when_imported
from langchain_otel.patching.subclasses import Subclasses
from langchain_otel.patching.supported import is_supported

Undo = Callable[[], None]
State = Literal["applied", "waiting", "missing"]
Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]


class PatchPoint(NamedTuple):
    """A function of LangChain, and what is put around it: `wrap` gives back the wrapped one."""

    module: str
    path: str
    wrap: Wrap


class ClosurePoint(NamedTuple):
    """A function that a function of LangChain has in a variable of its own.

    So the wrapped one is called also by those who imported the function before it was patched.
    """

    module: str
    name: str
    variable: str
    wrap: Wrap


class SubclassPoint(NamedTuple):
    """Methods of the subclasses of a class of LangChain, and what is put around each."""

    module: str
    base: str
    methods: Callable[[str], bool]
    wrap: Wrap


class Patcher:
    """Applies patch points once, however many ask for it.

    `watches` are functions that begin to observe something of the process while functions are
    wrapped, each of which gives back what ends that.
    """

    def __init__(
        self,
        points: Sequence[PatchPoint],
        closure_points: Sequence[ClosurePoint],
        subclass_points: Sequence[SubclassPoint],
        watches: Sequence[Callable[[], Undo]] = (),
    ) -> None:
        self._points = points
        self._closure_points = closure_points
        self._subclass_points = subclass_points
        self._watches = watches
        self._lock = fork_safe(RLock())
        self._forget: list[Undo] = []
        self._undo: list[Undo] = []
        self._originals: dict[int, Any] = {}
        self._is_asked_for = False
        self._holds = 0

    @property
    def applied(self) -> bool:
        """Whether functions are wrapped, or will be when they are imported."""
        return bool(self._forget)

    def apply(self, *, checked: bool = False) -> Undo:
        """Wrap what is imported, and the rest when the application imports it.

        `checked` says that the version of langchain-core need not be looked at any more.
        """
        if self._is_asked_for or not (checked or is_supported()):
            return self.undo
        with self._lock:
            self._is_asked_for = True
            self._wrap()
        return self.undo

    def hold(self) -> Undo:
        """Wrap, and keep wrapped until what is given is called, whoever else calls `undo`.

        Afterwards functions are wrapped only if somebody else has asked for it meanwhile.
        """
        if not is_supported():
            return lambda: None
        with self._lock:
            self._holds += 1
            self._wrap()
        return self._release

    def _release(self) -> None:
        with self._lock:
            self._holds -= 1
            self._unwrap()

    def _wrap(self) -> None:
        if not self.applied:
            modules = dict.fromkeys(point.module for point in self._points)
            modules.update(dict.fromkeys(row.module for row in self._closure_points))
            modules.update(dict.fromkeys(row.module for row in self._subclass_points))
            self._undo += [watch() for watch in self._watches]
            self._forget = [when_imported(module, self._apply_to) for module in modules]

    def states(self) -> Iterator[tuple[PatchPoint, State]]:
        """Each function, and whether it is wrapped, waits for its module, or is missing in it."""
        for point in self._points:
            module = sys.modules.get(point.module)
            found = None if module is None else _found(point, module)[1]
            if module is None:
                yield point, "waiting"
            else:
                yield point, "missing" if found is None else "applied"

    def undo(self) -> None:
        """Put every wrapped function back, the latest first, or once nobody holds them."""
        with self._lock:
            self._is_asked_for = False
            self._unwrap()

    def _unwrap(self) -> None:
        if self._is_asked_for or self._holds:
            return
        while self._forget:
            self._forget.pop()()
        while self._undo:
            self._undo.pop()()
        self._originals.clear()

    def _apply_to(self, module: ModuleType) -> None:
        with self._lock:
            self._undo.extend(filter(None, self._patched_in(module)))

    def _patched_in(self, module: ModuleType) -> Iterator[Undo | None]:
        name = module.__name__
        for point in self._points:
            if point.module == name:
                yield _patch(point, module, self._originals)
        for closure in self._closure_points:
            if closure.module == name:
                yield _patch_closure(closure, module)
        for row in self._subclass_points:
            if row.module == name:
                yield Subclasses(getattr(module, row.base), row.methods, row.wrap).undo


def _patch(point: PatchPoint, module: ModuleType, originals: dict[int, Any]) -> Undo | None:
    """Wrap one function; None where this version of LangChain does not have it.

    A module that imports a function by its name may have got the wrapped one, which `originals`
    has by its id: it is not wrapped once more, and the original is put back in that module too.
    """
    owner, found = _found(point, module)
    if found is None:
        return None
    name = point.path.rpartition(".")[2]
    original = originals.get(id(found), found)
    wrapped = point.wrap(original) if original is found else found
    originals[id(wrapped)] = original
    setattr(owner, name, wrapped)

    # A package that gives a name away when it is asked for keeps what it found.
    package = sys.modules.get(module.__name__.rpartition(".")[0])

    def undo() -> None:
        # What another package has wrapped in the meantime stays its own; ours inside is inert.
        for each in (owner, package):
            if each is not None and vars(each).get(name) is wrapped:
                setattr(each, name, original)

    return undo


def _found(point: PatchPoint, module: ModuleType) -> tuple[Any, Any]:
    """What has the function, and the function; None where this version lacks it."""
    *parents, name = point.path.split(".")
    owner: Any = module
    for parent in parents:
        owner = getattr(owner, parent, None)
    return owner, None if owner is None else vars(owner).get(name)


def _patch_closure(point: ClosurePoint, module: ModuleType) -> Undo | None:
    """Wrap the function in one variable, likewise."""
    function: Any = getattr(module, point.name, None)
    names = function.__code__.co_freevars if type(function) is FunctionType else ()
    if point.variable not in names:
        return None
    cell = function.__closure__[names.index(point.variable)]
    original = cell.cell_contents
    cell.cell_contents = wrapped = point.wrap(original)

    def undo() -> None:
        if cell.cell_contents is wrapped:
            cell.cell_contents = original

    return undo
