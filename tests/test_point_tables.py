"""A table of patch points is imported with the first of its modules, and costs nobody a module."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from langchain_otel import health
from langchain_otel.patching.patcher import Patcher
from langchain_otel.patching.points import PatchPoint, Point, PointTable, Seam

SEAM = Seam("a seam", "We rely on it.", "nothing")
NUMBERS = count()


class Names(NamedTuple):
    """A package that no other test imports, and modules of it; there is no `lacking`."""

    package: str
    first: str
    second: str
    lacking: str


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    """A package with a function in each of two modules."""
    package = f"package_of_tables_{next(NUMBERS)}"
    folder = tmp_path / package
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    for name in ("first", "second"):
        (folder / f"{name}.py").write_text(f"def function():\n    return {name!r}\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield Names(package, f"{package}.first", f"{package}.second", f"{package}.lacking")
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


def louder(original: Callable[..., str]) -> Callable[..., str]:
    return lambda: original().upper()


def point(module: str) -> PatchPoint:
    return PatchPoint(module, "function", louder, SEAM)


class Table:
    """The points in these modules; `asked` is how often somebody wanted them."""

    def __init__(self, *modules: str) -> None:
        self.asked = 0
        self.known = [point(module) for module in modules]

    def points(self) -> Sequence[Point]:
        self.asked += 1
        return self.known


def called(module: str) -> str:
    function: Any = import_module(module).function
    found: str = function()
    return found


def test_points_are_asked_for_with_their_module(names: Names) -> None:
    """Not before; and every module of the table is wrapped when it comes."""
    table = Table(names.first, names.second)
    patcher = Patcher([PointTable(table.points, (names.first, names.second))])
    undo = patcher.apply(checked=True)
    import_module(names.package)
    assert table.asked == 0
    assert called(names.first) == "FIRST"
    assert dict(patcher.states()) == {table.known[0]: "applied", table.known[1]: "waiting"}
    assert called(names.second) == "SECOND"
    undo()
    assert (called(names.first), called(names.second)) == ("first", "second")


def test_what_is_imported_already_is_wrapped_at_once(names: Names) -> None:
    """A table of which nothing is there is not asked for, though another one's module is."""
    import_module(names.first)
    here, elsewhere = Table(names.first), Table(names.second)
    tables = [
        PointTable(here.points, (names.first,)),
        PointTable(elsewhere.points, (names.second,)),
    ]
    undo = Patcher(tables).apply(checked=True)
    assert elsewhere.asked == 0
    assert called(names.first) == "FIRST"
    undo()
    assert called(names.first) == "first"


def test_two_tables_wrap_functions_of_one_module(names: Names) -> None:
    """Each table has its own functions there."""
    (one, other) = Table(names.first), Table()
    other.known = [PatchPoint(names.first, "absent", louder, SEAM, versions="anywhere")]
    tables = [PointTable(table.points, (names.first,)) for table in (one, other)]
    patcher = Patcher(tables)
    undo = patcher.apply(checked=True)
    assert called(names.first) == "FIRST"
    assert dict(patcher.states()) == {one.known[0]: "applied", other.known[0]: "absent"}
    undo()


def test_a_module_that_will_never_come_is_found(names: Names) -> None:
    """The table says what is lost with it, when its package is there."""
    table = Table(names.lacking)
    table.known[0].versions = "anywhere"
    patcher = Patcher([PointTable(table.points, (names.lacking,))])
    undo = patcher.apply(checked=True)
    assert dict(patcher.states()) == {table.known[0]: "waiting"}
    import_module(names.package)
    assert dict(patcher.states()) == {table.known[0]: "absent"}
    undo()


def test_a_table_that_cannot_be_imported_is_counted(
    names: Names, failures: Mapping[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The application's import goes on, and other tables do their work."""

    def failing() -> Sequence[Point]:
        raise RecursionError

    monkeypatch.setattr(health, "strict", False)
    whole = Table(names.second)
    tables = [
        PointTable(failing, (names.first, names.lacking)),
        PointTable(whole.points, (names.second,)),
    ]
    undo = Patcher(tables).apply(checked=True)
    assert (called(names.first), called(names.second)) == ("first", "SECOND")
    assert failures == {"instrument:RecursionError": 2}
    undo()
