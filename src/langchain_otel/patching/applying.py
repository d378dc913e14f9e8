"""Wraps what one patch point names; gives what puts the original back, or why it is not wrapped."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

from langchain_otel.async_exceptions import let_through
from langchain_otel.patching.contract import has_form, keeps_contract
from langchain_otel.patching.points import ClosurePoint, PatchPoint, Point, State, SubclassPoint
from langchain_otel.patching.subclasses import Subclasses

Undo = Callable[[], None]
Originals = dict[int, Any]


def wrap_point(point: Point, module: ModuleType, originals: Originals) -> Undo | State:
    """Wrap what a point names in its module, which the application may be importing right now.

    A module that imports a function by its name may have got the wrapped one, which `originals`
    has by its id: it is not wrapped once more, and the original is put back in that module too.
    """
    try:
        if isinstance(point, PatchPoint):
            return _wrap_function(point, module, originals)
        if isinstance(point, ClosurePoint):
            return _wrap_variable(point, module)
        return _wrap_subclasses(point, module)
    except Exception as error:
        # What is there refuses it: a class written in C, a descriptor, a module of its own kind.
        let_through(error)
        return "refused"


def _wrap_function(point: PatchPoint, module: ModuleType, originals: Originals) -> Undo | State:
    owner, found = _found(point.path, module)
    if found is None:
        return "missing"
    name = point.path.rpartition(".")[2]
    original = originals.get(id(found), found)
    if not keeps_contract(point, original):
        return "changed"
    wrapped = point.wrap(original) if original is found else found
    setattr(owner, name, wrapped)
    originals[id(wrapped)] = original

    # A package that gives a name away when it is asked for keeps what it found.
    package = sys.modules.get(module.__name__.rpartition(".")[0])

    def undo() -> None:
        # What another package has wrapped in the meantime stays its own; ours inside is inert.
        for each in (owner, package):
            if each is not None and vars(each).get(name) is wrapped:
                setattr(each, name, original)

    return undo


def _found(path: str, module: ModuleType) -> tuple[Any, Any]:
    """What has the function, and the function; None where this version lacks it."""
    *parents, name = path.split(".")
    owner: Any = module
    for parent in parents:
        owner = getattr(owner, parent, None)
    return owner, getattr(owner, "__dict__", {}).get(name)


def _wrap_variable(point: ClosurePoint, module: ModuleType) -> Undo | State:
    function: Any = vars(module).get(point.path)
    if function is None:
        return "missing"
    names = function.__code__.co_freevars if type(function) is FunctionType else ()
    if point.variable not in names:
        return "changed"
    cell = function.__closure__[names.index(point.variable)]
    original = cell.cell_contents
    if type(original) is FunctionType and not has_form(original, point.form):
        return "changed"
    cell.cell_contents = wrapped = point.wrap(original)

    def undo() -> None:
        if cell.cell_contents is wrapped:
            cell.cell_contents = original

    return undo


def _wrap_subclasses(point: SubclassPoint, module: ModuleType) -> Undo | State:
    base = vars(module).get(point.path)
    if base is None:
        return "missing"
    if not isinstance(base, type):
        return "changed"
    return Subclasses(base, point.methods, point.wrap).undo
