"""The pages of the documentation: each can be reached, and each link leads somewhere."""

from pathlib import Path
from typing import Final

import pytest

from documentation import PAGES, ROOT, anchors_of, links_of

EVERY: Final = tuple(dict.fromkeys((*PAGES, *sorted(ROOT.glob("*.md")))))


def targets(page: Path) -> list[tuple[Path, str]]:
    """The file and the heading that each link to the checkout names."""
    parted = [link.partition("#") for link in links_of(page) if "://" not in link]
    return [((page.parent / path).resolve() if path else page, name) for path, _, name in parted]


@pytest.mark.parametrize("page", EVERY, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """To a file or folder of the checkout, and to a heading that it has."""
    lost = [
        f"{path}#{name}"
        for path, name in targets(page)
        if not path.exists() or (name and name not in anchors_of(path))
    ]
    assert lost == []


def test_every_page_can_be_reached() -> None:
    """From the README, link by link."""
    reached = [ROOT / "README.md"]
    for page in reached:
        found = {path for path, _ in targets(page) if path.suffix == ".md"}
        reached.extend(sorted(found.difference(reached)))
    assert set(EVERY) <= set(reached)


def test_every_picture_is_shown() -> None:
    """None is kept for nobody."""
    shown = {path for page in EVERY for path, _ in targets(page)}
    assert set((ROOT / "docs" / "images").iterdir()) <= shown


def test_the_readme_is_short() -> None:
    """What takes longer has a page of its own."""
    assert len((ROOT / "README.md").read_text().splitlines()) < 100
