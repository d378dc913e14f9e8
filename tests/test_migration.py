"""The pages about other packages: each row holds where both run the same programs.

Every package runs in an environment of its own, once; the rows are those of `docs/migration`.
"""

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from asking import found, series
from langchain_otel.config import OPTIONS
from migrating import (
    CONTENT,
    OURSELVES,
    Compared,
    Recorded,
    expected,
    interpreter_of,
    recorded,
    variables_of,
)
from migration.openinference import KEPT
from migration.rows import Package, Query, Row
from migration.tables import PACKAGES
from migration.values import NONE, SAME
from peer import PeerError
from required import unavailable
from servers.otlp_sink import Sink, running_sink

PAGES: Final = Path(__file__).parents[1] / "docs"
DIALECT: Final = "OTEL_INSTRUMENTATION_LANGCHAIN_DIALECT"
EVERY: Final = [pytest.param(package, id=name) for name, package in PACKAGES.items()]

pytestmark = [pytest.mark.xdist_group("migration")]


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


@pytest.mark.parametrize("package", EVERY)
def test_settings_exist(package: Package, everything: dict[str, Recorded]) -> None:
    """Their package reads what the page names, and ours what it is replaced by."""
    folder = Path(interpreter_of(package.name)).parents[1]
    files = [
        text
        for pattern in ("openinference", "opentelemetry", "langsmith")
        for path in folder.glob(f"lib/python*/site-packages/{pattern}/**/*.py")
        if (text := path.read_text(encoding="utf-8"))
    ]
    everywhere = "\n".join(files)
    for switch in package.switches:
        # The SDK of LangSmith puts the first word before each name.
        assert switch.theirs.removeprefix("LANGSMITH_") in everywhere, switch.theirs
    known = {option.variable for option in OPTIONS}
    ours = {switch.ours for switch in package.switches if switch.ours}
    assert {name for name in ours - known if "INSTRUMENTATION" in name} == set()


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


@pytest.mark.parametrize("package", EVERY)
def test_content_is_recorded_by_default_as_the_page_says(
    package: Package, everything: dict[str, Recorded]
) -> None:
    """Where nothing is said, ours records none."""
    theirs = recorded(package.name, "chain", **{CONTENT: ""})
    assert ("Why is the sky blue?" in str(theirs.spans)) is package.has_content


def test_ours_has_no_content_by_default(everything: dict[str, Recorded]) -> None:
    """As all pages say."""
    assert "Why is the sky blue?" in str(everything[OURSELVES].spans["chain"])
    assert "Why is the sky blue?" not in str(recorded(OURSELVES, "chain", **{CONTENT: ""}).spans)


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


OFFLINE: Final = """
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers.langchain import get_client, wait_for_all_tracers
from opentelemetry import trace

get_client()


def shout(text):
    with trace.get_tracer("application").start_as_current_span("inside"):
        return text.upper()


RunnableLambda(shout).with_config(run_name="shout").invoke("sunny")
wait_for_all_tracers()
get_client().flush()
trace.get_tracer_provider().force_flush()
"""


def langsmith(**variables: str) -> Sink:
    """What a receiver got of a chain that LangSmith's SDK recorded."""
    try:
        interpreter = interpreter_of("LangSmith")
    except PeerError as error:
        unavailable(error)
    with running_sink() as sink:
        everywhere = {"LANGSMITH_ENDPOINT": sink.url, "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url}
        done = subprocess.run(
            [interpreter, "-c", OFFLINE],
            capture_output=True,
            text=True,
            check=False,
            env=variables_of("") | {"LANGSMITH_TRACING": "true"} | everywhere | variables,
        )
        assert done.returncode == 0, done.stderr
        (span,) = sink.wait_for(1, "shout")
        assert span.attributes["langsmith.span.kind"] == "chain"
        return sink


@pytest.mark.parametrize(
    "variables",
    [
        {"LANGSMITH_TRACING_MODE": "otel"},
        {"LANGSMITH_OTEL_ENABLED": "true", "LANGSMITH_OTEL_ONLY": "true"},
    ],
    ids=",".join,
)
def test_langsmith_sends_otlp_without_a_key(variables: dict[str, str]) -> None:
    """To any receiver, and nowhere else; spans of the application are in other traces."""
    sink = langsmith(**variables)
    assert {request.path for request in sink.requests} == {"/v1/traces"}
    assert len({span.trace_id for span in sink.spans}) == 2


def test_langsmith_sends_to_both_where_otlp_is_only_enabled() -> None:
    """To LangSmith as well, and its key to the receiver, which the page says."""
    sink = langsmith(LANGSMITH_OTEL_ENABLED="true", LANGSMITH_API_KEY="key")
    assert any(request.path.startswith("/runs") for request in sink.requests)
    sent = [request for request in sink.requests if request.path == "/v1/traces"]
    assert {request.headers["x-api-key"] for request in sent} == {"key"}


@pytest.mark.parametrize("package", EVERY)
def test_the_page_names_the_version_that_is_compared(
    package: Package, everything: dict[str, Recorded]
) -> None:
    """The one that is installed, and how it is switched on."""
    folder = Path(interpreter_of(package.name)).parents[1]
    name = package.distribution.replace("-", "_")
    (installed,) = folder.glob(f"lib/python*/site-packages/{name}-*.dist-info")
    version = installed.name.removesuffix(".dist-info").rpartition("-")[2]
    page = (PAGES / package.page).read_text()
    assert f"`{package.distribution}` {version}" in page
    if package.name != "LangSmith":
        assert f"pip uninstall -y {package.distribution}\n" in page
        assert "\nlangchain = " in (installed / "entry_points.txt").read_text()
