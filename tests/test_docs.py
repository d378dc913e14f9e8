"""What the documentation says in tables is what the code does."""

import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import generate
import kinds
import tables
from conventions import KINDS
from generate import ROOT, outdated, rewritten
from langchain_otel import operations, semconv
from langchain_otel.config import OPTIONS
from langchain_otel.runs.operation import Operation
from registry import read_registry

PROGRAM = ROOT / "docs" / "generate.py"
PAGES = (ROOT / "docs" / "attributes.md", ROOT / "docs" / "metrics.md")


def section(name: str, inside: str = "") -> str:
    return f"before\n<!-- begin: {name} -->\n{inside}<!-- end: {name} -->\nafter\n"


def test_tables_are_up_to_date() -> None:
    """After a change of an option, a name or an operation: `make docs-tables`."""
    assert outdated() == []


def test_every_table_is_somewhere() -> None:
    """No table is made for nobody."""
    text = "".join(page.read_text() for page in generate.pages())
    assert [name for name in tables.SECTIONS if f"<!-- begin: {name} -->" not in text] == []


def test_a_section_is_rewritten() -> None:
    """What stands between the marks is replaced, and nothing else."""
    found = rewritten(section("settings", "| old |\n"))
    assert found == section("settings", tables.settings())
    assert rewritten(found) == found


@pytest.mark.parametrize(
    "text",
    [
        "<!-- begin: settings -->\n",
        "<!-- end: settings -->\n",
        "<!-- begin: settings -->\n<!-- end: spans -->\n",
        "<!-- begin: settings -->\n" + section("spans"),
    ],
)
def test_a_section_that_does_not_end(text: str) -> None:
    """Marks that do not belong together are an error, rather than a page that is cut."""
    with pytest.raises(ValueError, match="a section"):
        rewritten(text)


def test_an_unknown_section() -> None:
    """A name that no table has is an error."""
    with pytest.raises(KeyError, match="setings"):
        rewritten(section("setings"))


def test_the_program_says_what_is_out_of_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` names the pages and changes none; without it they are written anew."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text(section("settings"))
    (tmp_path / "docs" / "page.md").write_text("no section\n")
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    assert generate.main() == 1
    assert capsys.readouterr().out == "README.md is out of date\n"
    assert (tmp_path / "README.md").read_text() == section("settings")
    monkeypatch.setattr(sys, "argv", ["generate.py"])
    assert generate.main() == 0
    assert (tmp_path / "README.md").read_text() == section("settings", tables.settings())
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    assert generate.main() == 0


def test_the_program_runs_by_itself() -> None:
    """As `make docs-tables` runs it, from anywhere."""
    done = subprocess.run(
        [sys.executable, PROGRAM, "--check"], cwd="/", capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_operation_is_in_the_table_of_spans() -> None:
    """A new operation has a row."""
    modules = [
        importlib.import_module(f"{operations.__name__}.{module.name}")
        for module in pkgutil.iter_modules(operations.__path__)
    ]
    values = [value for module in modules for value in vars(module).values()]
    every = {id(value) for value in values if isinstance(value, Operation)}
    assert {id(row.operation) for row in tables.SPANS} == every


def test_every_name_is_on_a_page() -> None:
    """Each name that `semconv` has is on the page of attributes, or of metrics."""
    text = "".join(page.read_text() for page in PAGES)
    names = tables.dotted_names()
    assert [name for name in names if f"`{name.removesuffix('.')}" not in text] == []
    assert semconv.RUN_OUTCOME in names
    assert semconv.SCHEMA_URL not in names


def test_every_kind_of_span_is_on_the_page() -> None:
    """The attributes of a kind of span can be found by its name."""
    page = tables.conventions()
    assert [kind for kind in KINDS if f"`{kind}`" not in page] == []


def test_every_kind_of_span_has_its_tables() -> None:
    """A new kind has a page, and each group of our attributes is on a kind but two."""
    assert set(kinds.GROUPS) == {*KINDS, kinds.STEP}
    shown = {group for groups in kinds.GROUPS.values() for group in groups} | {kinds.RUN}
    nowhere = {"langchain.link", "langchain.redacted"}
    assert shown == set(read_registry().attribute_groups) - nowhere


@pytest.mark.parametrize("table", [tables.metrics, tables.previous_metrics], ids=["latest", "old"])
def test_every_metric_is_of_a_kind(table: Callable[[], str]) -> None:
    """The tables of kinds leave out no metric that the table of all metrics has."""
    text = "".join(kinds.metrics_of(kind) for kind in KINDS)
    names = [row.split("|")[1].strip() for row in table().splitlines()[2:]]
    assert [name for name in names if f"| {name} |" not in text] == []


def test_every_option_is_in_the_table() -> None:
    """The table of settings has a row for each option, with its variable and its default."""
    rows = [
        [cell.strip() for cell in row.strip("|").split("|")]
        for row in tables.settings().splitlines()[2:]
    ]
    assert [row[1] for row in rows] == [f"`{option.name}`" for option in OPTIONS]
    found = {row[1].strip("`"): (row[0].strip("`"), row[2].strip("`")) for row in rows}
    assert found["capture_tools"] == ("OTEL_INSTRUMENTATION_LANGCHAIN_CAPTURE_TOOLS", "true")
    assert found["max_open_runs"] == ("OTEL_INSTRUMENTATION_LANGCHAIN_MAX_OPEN_RUNS", "10000")
    assert found["redact"] == ("an argument only", "none")
