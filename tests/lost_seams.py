"""Takes seams away, one or all, in each way in which another version may lack them."""

import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from copy import copy
from importlib import import_module
from typing import Any, TypeVar

import pytest

from langchain_otel.patching.applying import _found
from langchain_otel.patching.points import PatchPoint, Point, PointTable, Seam, SubclassPoint, Wrap
from langchain_otel.sources.patch_points import PATCHER
from modes.probe import Probe
from wrapped_points import ALL_POINTS

P = TypeVar("P", bound=Point)
Replace = Callable[[Point, pytest.MonkeyPatch], Point]

SEAMS = list(dict.fromkeys(point.seam for point in ALL_POINTS))
OURS_TO_RUN = ("langchain_core.", "langgraph.", "langchain_classic.")


def import_all() -> None:
    """Import the modules of all patch points, as far as they are installed."""
    for module in dict.fromkeys(point.module for point in ALL_POINTS):
        with suppress(ImportError):
            import_module(module)


class ByRunId(Probe):
    """Checks the spans and their parents by run id; which span is current in a body is lost."""

    def _check_marks(self) -> None:
        return

    def _adopt(self, actual: Any) -> None:
        # Where LangChain names no parent, the current span would be it.
        for run_id in self.runs.order:
            if self.runs.parents[run_id] is None:
                self.runs.parents[run_id] = actual.parents[run_id]


def changed(point: P, **values: Any) -> P:
    """A point that differs in some values."""
    other = copy(point)
    for name, value in values.items():
        setattr(other, name, value)
    return other


def function_gone(point: Point, _: pytest.MonkeyPatch) -> Point:
    owner, dot, name = point.path.rpartition(".")
    return changed(point, path=f"{owner}{dot}{name}_of_another_version")


def class_gone(point: Point, _: pytest.MonkeyPatch) -> Point:
    return changed(point, path=f"Other{point.path}")


def module_gone(point: Point, _: pytest.MonkeyPatch) -> Point:
    return changed(point, module=f"{point.module}_of_another_version")


def refused(point: Point, _: pytest.MonkeyPatch) -> Point:
    def wrap(original: Any) -> Any:
        raise TypeError(original)

    if isinstance(point, SubclassPoint):
        return changed(point, path="__name__")
    return changed(point, wrap=wrap)


def signature_changed(point: Point, patch: pytest.MonkeyPatch) -> Point:
    """The function begins with one more parameter, whoever calls it; the application goes on."""
    if not isinstance(point, PatchPoint) or not point.parameters:
        return point
    module = sys.modules.get(point.module)
    owner, found = (None, None) if module is None else _found(point.path, module)
    if found is not None:
        wrapped = forwarding(found)
        first = inspect.Parameter("new", inspect.Parameter.POSITIONAL_ONLY)
        wrapped.__signature__ = inspect.Signature([first, first.replace(name="other")])
        patch.setattr(owner, point.path.rpartition(".")[2], wrapped)
    return point


def form_changed(point: Point, patch: pytest.MonkeyPatch) -> Point:
    """A plain function gives the coroutine or the generator."""
    if not isinstance(point, PatchPoint) or point.form == "function":
        return point
    module = sys.modules.get(point.module)
    owner, found = (None, None) if module is None else _found(point.path, module)
    if found is not None:

        def plain(*args: Any, **kwargs: Any) -> Any:
            return found(*args, **kwargs)

        patch.setattr(owner, point.path.rpartition(".")[2], plain)
    return point


WAYS: tuple[Replace, ...] = (
    function_gone,
    class_gone,
    module_gone,
    refused,
    signature_changed,
    form_changed,
)


def forwarding(original: Any) -> Any:  # noqa: C901 - a branch for each form
    """A function of the same form that passes on whatever it is called with."""
    if inspect.isasyncgenfunction(original):

        async def agenerate(*args: Any, **kwargs: Any) -> Any:
            async for item in original(*args, **kwargs):
                yield item

        return agenerate
    if inspect.isgeneratorfunction(original):

        def generate(*args: Any, **kwargs: Any) -> Any:
            return (yield from original(*args, **kwargs))

        return generate
    if inspect.iscoroutinefunction(original):

        async def acall(*args: Any, **kwargs: Any) -> Any:
            return await original(*args, **kwargs)

        return acall

    def call(*args: Any, **kwargs: Any) -> Any:
        return original(*args, **kwargs)

    return call


def counting(point: Point, called: set[Point]) -> Wrap:
    """What notes that a function is called; its form is kept."""

    def wrap(original: Any) -> Any:
        if inspect.isasyncgenfunction(original):

            async def agenerate(*args: Any, **kwargs: Any) -> Any:
                called.add(point)
                async for item in original(*args, **kwargs):
                    yield item

            return agenerate
        forward = forwarding(original)
        if inspect.isgeneratorfunction(original) or inspect.iscoroutinefunction(original):

            def begin(*args: Any, **kwargs: Any) -> Any:
                called.add(point)
                return forward(*args, **kwargs)

            return begin

        def call(*args: Any, **kwargs: Any) -> Any:
            called.add(point)
            return original(*args, **kwargs)

        return call

    return wrap


def take_away(seams: Iterable[Seam], way: Replace, patch: pytest.MonkeyPatch) -> None:
    """Let the patcher meet a version in which these seams are not as it needs them."""
    names = {seam.name for seam in seams}
    points = [way(point, patch) if point.seam.name in names else point for point in ALL_POINTS]
    patch.setattr(PATCHER, "tables", [table_of(points)])


def table_of(points: Sequence[Point]) -> PointTable:
    """A table of the points that are there already."""
    return PointTable(lambda: points, dict.fromkeys(point.module for point in points))
