"""The pages about other packages: each row holds where both run the same programs.

Every package runs in an environment of its own, once; the rows are those of `docs/migration`.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from asking import found, series
from migrating import (
    OURSELVES,
    Compared,
    Recorded,
    expected,
    recorded,
)
from migration.openinference import KEPT
from migration.rows import Package, Query, Row
from migration.tables import PACKAGES
from migration.values import NONE, SAME
from peer import PeerError
from required import unavailable

PAGES: Final = Path(__file__).parents[1] / "docs"
DIALECT: Final = "OTEL_INSTRUMENTATION_LANGCHAIN_DIALECT"
EVERY: Final = [pytest.param(package, id=name) for name, package in PACKAGES.items()]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("migration")]


def of_all(choose: Callable[[Package], tuple[Any, ...]]) -> list[Any]:
    """Each row of each package, for a test of its own."""
    return [
        pytest.param(package, each, id=f"{name}-{number}")
        for name, package in PACKAGES.items()
        for number, each in enumerate(choose(package))
    ]


@pytest.fixture(scope="session")
def everything() -> dict[str, Recorded]:
    """What each package recorded; without the registry skipped, or failed where it is required."""
    try:
        with ThreadPoolExecutor(2) as pool:
            names = (OURSELVES, *PACKAGES)
            return dict(zip(names, pool.map(recorded, names), strict=True))
    except PeerError as error:
        unavailable(error)


@pytest.fixture(scope="session")
def compare(everything: dict[str, Recorded]) -> Callable[[Package], Compared]:
    @cache
    def compared(name: str) -> Compared:
        return Compared(PACKAGES[name], everything[name], everything[OURSELVES])

    return lambda package: compared(package.name)


@pytest.mark.parametrize(("package", "row"), of_all(lambda package: package.rows))
def test_a_row_holds(package: Package, row: Row, compare: Callable[[Package], Compared]) -> None:
    """Wherever theirs is recorded, ours is too, and compares as the row says."""
    values = compare(package).values(row)
    assert values, f"{row.theirs} is on no such span"
    assert [pair for pair in values if not row.how.holds(*pair)] == [], row


@pytest.mark.parametrize("package", EVERY)
def test_every_attribute_has_a_row(
    package: Package, compare: Callable[[Package], Compared]
) -> None:
    """Nothing that they record is forgotten."""
    assert compare(package).without_row() == []


@pytest.mark.parametrize("package", EVERY)
def test_what_has_no_counterpart_has_a_reason(package: Package) -> None:
    """A reader is told why."""
    assert [row.theirs for row in package.rows if row.ours is None and not row.note] == []


@pytest.mark.parametrize("package", EVERY)
def test_spans_have_the_names_and_kinds_of_the_page(
    package: Package, compare: Callable[[Package], Compared]
) -> None:
    """Each of theirs belongs to one of ours, and each row is about some."""
    compared = compare(package)
    assert compared.unpaired == []
    assert {pair.described for pair in compared.pairs} == {
        span for span in package.spans if span.name is not None
    }
    for pair in compared.pairs:
        assert pair.theirs["kind"] == pair.described.kind
    for program, spans in compared.ours.spans.items():
        for span in spans:
            assert (span["name"], span["kind"]) == expected(span, program)


@pytest.mark.parametrize("package", EVERY)
def test_a_failure_is_shown_as_the_page_says(
    package: Package, compare: Callable[[Package], Compared]
) -> None:
    """The status of what succeeds differs; that of what fails does not."""
    compared = compare(package)
    for pair in compared.pairs:
        failed = pair.ours["status"] == "ERROR"
        assert pair.theirs["status"] == ("ERROR" if failed else package.succeeded)
        assert pair.ours["status"] in {"ERROR", "UNSET"}
    failing = [pair for pair in compared.pairs if pair.ours in compared.ours.spans["failing_model"]]
    assert package.exceptions == tuple(
        pair.described.key for pair in failing if "exception" in pair.theirs["events"]
    )
    assert [pair.described.key for pair in failing if "exception" in pair.ours["events"]] == [
        "model"
    ]


@pytest.mark.parametrize(("package", "query"), of_all(lambda package: package.queries))
def test_a_query_finds_the_same_runs(
    package: Package, query: Query, compare: Callable[[Package], Compared]
) -> None:
    """Asked of their spans as before and of ours as it is now."""
    compared = compare(package)
    if query.language == "promql":
        before, labels = series(query.before, compared.theirs.metrics)
        now, named = series(query.after, compared.ours.metrics)
        assert labels <= {name.replace(".", "_") for name in before["attributes"]}
        assert named <= {name.replace(".", "_") for name in now["attributes"]}
        return
    theirs = found(query, query.before, [pair.theirs for pair in compared.pairs])
    ours = found(query, query.after, [pair.ours for pair in compared.pairs])
    assert theirs
    wanted = {pair.ours["id"] for pair in compared.pairs if pair.theirs in theirs}
    assert {span["id"] for span in ours} == wanted


@pytest.mark.parametrize("package", EVERY)
def test_metrics_are_those_of_the_page(
    package: Package, compare: Callable[[Package], Compared]
) -> None:
    """Each of theirs has a row; ours has its unit, and at least its attributes."""
    compared = compare(package)
    assert {metric.theirs for metric in package.metrics} == compared.theirs.metrics.keys()
    for metric in package.metrics:
        theirs = compared.theirs.metrics[metric.theirs]
        ours = compared.ours.metrics[metric.ours]
        assert theirs["unit"] == (metric.unit or ours["unit"])
        assert theirs["unit"] != ours["unit"] or not metric.unit
        assert set(theirs["attributes"]) <= set(ours["attributes"])


@pytest.fixture(scope="session")
def kept(everything: dict[str, Recorded]) -> Compared:
    """OpenInference beside ours with its names; `both` says which run is which, too."""
    ours = recorded(OURSELVES, **{DIALECT: "both"})
    package = replace(PACKAGES["OpenInference"], rows=KEPT)
    return Compared(package, everything["OpenInference"], ours)


@pytest.mark.parametrize("row", KEPT, ids=lambda row: row.theirs)
def test_a_row_holds_with_the_names_of_openinference(row: Row, kept: Compared) -> None:
    """The values that differ do so as the page says."""
    values = kept.values(row)
    assert [pair for pair in values if not row.how.holds(*pair)] == []
    assert row.at or [pair for pair in values if not SAME.holds(*pair)], "it does not differ"


def test_other_values_with_the_names_of_openinference_are_the_same(kept: Compared) -> None:
    """What no row is about has the same name and the same value."""
    without = set(kept.without_row())
    assert without
    for pair in kept.pairs:
        for name, theirs in pair.theirs["attributes"].items():
            if (pair.described.key, name) in without:
                assert SAME.holds(theirs, pair.ours["attributes"].get(name)), name


def test_a_forgotten_row_is_found(compare: Callable[[Package], Compared]) -> None:
    """An attribute that loses its row is named."""
    compared = compare(PACKAGES["official"])
    rows = tuple(row for row in compared.package.rows if row.theirs != "gen_ai.response.id")
    package = replace(compared.package, rows=rows)
    shorter = Compared(package, compared.theirs, compared.ours)
    assert set(shorter.without_row()) == {("model", "gen_ai.response.id")}


def test_a_wrong_row_is_found(compare: Callable[[Package], Compared]) -> None:
    """The comparison does object: to another value, to nothing, and to what is there."""
    compared = compare(PACKAGES["official"])
    for ours, how in (
        ("gen_ai.response.model", SAME),
        ("gen_ai.nothing", SAME),
        (None, NONE),
    ):
        row = Row("gen_ai.request.model", ours, how, ("model",))
        assert not all(how.holds(*pair) for pair in compared.values(row))
