"""The pictures of docs/images: each is shown on a page, and none is heavy."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
PICTURES: Final = sorted((ROOT / "docs" / "images").glob("*.png"))
PAGES: Final = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").glob("*.md"),
    *ROOT.glob("collector-config/*.md"),
]
MAX_BYTES: Final = 250_000


def shown() -> set[Path]:
    """Every file that a page shows."""
    return {
        (page.parent / path).resolve()
        for page in PAGES
        for path in re.findall(r"!\[[^\]]+\]\(([^):]+)\)", page.read_text())
    }


def test_a_page_shows_what_there_is() -> None:
    assert all(file.exists() for file in shown())


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_picture_is_shown_and_small(picture: Path) -> None:
    assert picture.resolve() in shown()
    assert picture.stat().st_size < MAX_BYTES


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs").glob("seen*.md")), ids=lambda page: page.name
)
def test_each_kind_of_span_is_shown(page: Path) -> None:
    assert "](images/" in page.read_text()
