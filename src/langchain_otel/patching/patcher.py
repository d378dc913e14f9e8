"""Wraps functions of other packages by tables of patch points, and puts each back.

A module that the application has not imported yet is patched when it is, and a table is imported
with the first of its modules. `apply` returns what puts back the very objects that were there. What
cannot be wrapped is left as it is, and said once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from threading import RLock
from types import ModuleType
from typing import Any

from langchain_otel import health
from langchain_otel.async_exceptions import let_through
from langchain_otel.forks import fork_safe
from langchain_otel.patching.applying import Undo, wrap_point
from langchain_otel.patching.imports import is_gone, when_imported
from langchain_otel.patching.lost_seams import warn_of_lost
from langchain_otel.patching.points import LOST, Point, PointTable, State, is_expected, root_of
from langchain_otel.patching.supported import is_supported


class Patcher:
    """Applies the patch points of tables once, however many ask for it.

    `watches` are functions that begin to observe something of the process while functions are
    wrapped, each of which gives back what ends that.
    """

    def __init__(
        self,
        tables: Sequence[PointTable],
        watches: Sequence[Callable[[], Undo]] = (),
    ) -> None:
        self.tables = tables
        self._watches = watches
        self._states: dict[Point, State] = {}
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
            self._undo += [watch() for watch in self._watches]
            self._forget = [
                when_imported(module, partial(self._apply_to, table, module))
                for table in self.tables
                for module in table.modules
            ]
            self._forget += [
                when_imported(root, partial(self._look_below, table, root))
                for table in self.tables
                for root in dict.fromkeys(map(root_of, table.modules))
            ]

    def states(self) -> Iterator[tuple[Point, State]]:
        """Each patch point, and what has become of it."""
        for table in self.tables:
            for point in table.points():
                yield point, self._states.get(point, "waiting")

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
            _undone(self._undo.pop())
        self._originals.clear()
        self._states.clear()

    def _apply_to(self, table: PointTable, name: str, module: ModuleType) -> None:
        points = _points_in(table, {name})
        with self._lock:
            self._note({point: self._applied(point, module) for point in points})

    def _applied(self, point: Point, module: ModuleType) -> State:
        result = wrap_point(point, module, self._originals)
        if not callable(result):
            return result
        self._undo.append(result)
        return "applied"

    def _look_below(self, table: PointTable, name: str, root: ModuleType) -> None:
        """Find the modules that will never be imported: this version of the package has none."""
        absent = [module for module in table.modules if module not in sys.modules]
        gone = {module for module in absent if root_of(module) == name and is_gone(module, root)}
        points = _points_in(table, gone)
        with self._lock:
            self._note(dict.fromkeys(points, "missing"))

    def _note(self, found: dict[Point, State]) -> None:
        """Keep what has become of some points, and warn where that loses something."""
        for point, state in found.items():
            is_absent = state in LOST and not is_expected(point)
            self._states[point] = "absent" if is_absent else state
        warn_of_lost({point: self._states[point] for point in found})


def _points_in(table: PointTable, modules: Collection[str]) -> list[Point]:
    """The points of a table in some modules; it is imported where there are any."""
    try:
        return [point for point in table.points() if point.module in modules] if modules else []
    except Exception as error:
        health.failed("instrument", error)
        return []


def _undone(undo: Undo) -> None:
    try:
        undo()
    except Exception as error:
        let_through(error)
        health.failed("uninstrument", error)
