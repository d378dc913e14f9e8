"""The licences of what comes along with the package: an application may have them all inside."""

from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

import pytest

import licences


@pytest.fixture
def package(tmp_path: Path) -> Distribution:
    """An installed package whose metadata a test writes."""
    folder = tmp_path / "example-1.0.dist-info"
    folder.mkdir()
    return PathDistribution(folder)


def described(package: Distribution, *lines: str) -> Distribution:
    place = Path(str(package.locate_file(""))) / "example-1.0.dist-info" / "METADATA"
    place.write_text("\n".join(("Metadata-Version: 2.4", "Name: example", *lines)) + "\n")
    return package


def test_all_are_allowed() -> None:
    """Those of the extras too, and of what they bring."""
    found = licences.dependencies_of(licences.PACKAGE, licences.EXTRAS)
    refused = {
        name: licences.licence_of(package)
        for name, package in found.items()
        if not licences.is_allowed(licences.licence_of(package))
    }
    assert refused == {}
    assert {"langchain-core", "langsmith", "rich", "pygments", "genai-prices"} <= found.keys()
    assert "pytest" not in found


def test_extras_count_only_where_they_are_wanted() -> None:
    """Nobody gets rich without asking for the terminal."""
    assert "rich" not in licences.dependencies_of(licences.PACKAGE)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["License-Expression: mit OR apache-2.0"], "MIT OR Apache-2.0"),
        (["License: BSD-3-Clause"], "BSD-3-Clause"),
        (["License: 3-Clause BSD License"], "BSD-3-Clause"),
        (["Classifier: License :: OSI Approved :: MIT License"], "MIT"),
        (["License: see the file", "Classifier: License :: OSI Approved :: MIT License"], "MIT"),
        (["License: do what you like"], None),
        ([], None),
    ],
    ids=["expression", "id", "spelling", "classifier", "words and classifier", "words", "none"],
)
def test_where_a_licence_stands(
    lines: list[str], expected: str | None, package: Distribution
) -> None:
    """In the expression, else in the field that was there before, else in a classifier."""
    assert licences.licence_of(described(package, *lines)) == expected


@pytest.mark.parametrize(
    "expression", [None, "GPL-3.0-only", "MIT AND GPL-3.0-only", "MIT OR GPL-3.0-only"]
)
def test_what_is_refused(expression: str | None) -> None:
    """One that is not known, and one that names a licence that nobody has allowed."""
    assert not licences.is_allowed(expression)


def test_the_command_says_what_it_refuses(
    package: Distribution, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends with 1, and names package and licence."""
    assert licences.main() == 0
    refused = {"example": described(package, "License-Expression: AGPL-3.0-only")}
    monkeypatch.setattr(licences, "dependencies_of", lambda *_: refused)
    capsys.readouterr()
    assert licences.main() == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split()[:2] == ["example", "AGPL-3.0-only"]
    assert "not allowed" in line
