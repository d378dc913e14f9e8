"""Reads the navigation of the documentation from its first page, which lists all others."""

import re
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[1]
HOME: Final = ROOT / "docs" / "README.md"
SECTION: Final = re.compile(r"^## (?P<title>.+)\n(?P<inside>(?:(?!## ).*\n?)*)", re.MULTILINE)
ENTRY: Final = re.compile(
    r"^- \[(?P<title>[^\]]+)\]\((?P<target>[^)]+)\): (?P<about>.+)$", re.MULTILINE
)
LINK: Final = re.compile(r"\[([^\]]+)\]\([^)]+\)")


class Entry(NamedTuple):
    """A page, with its title and what it is about."""

    title: str
    page: Path
    about: str


class Section(NamedTuple):
    """A heading of the navigation, with the pages below it."""

    title: str
    entries: tuple[Entry, ...]


def navigation(home: Path = HOME) -> tuple[Section, ...]:
    """The sections in their order; a line of a list that is no entry is an error."""
    text = re.sub(r"\n {2,}(?=\S)", " ", home.read_text(encoding="utf-8"))
    found = [
        Section(match["title"], tuple(_entries(match["inside"], home)))
        for match in SECTION.finditer(text)
    ]
    return tuple(section for section in found if section.entries)


def _entries(text: str, home: Path) -> list[Entry]:
    found = [
        Entry(match["title"], (home.parent / match["target"]).resolve(), about(match["about"]))
        for match in ENTRY.finditer(text)
    ]
    if len(found) != len(re.findall(r"^- ", text, re.MULTILINE)):
        raise ValueError(f"{home}: an entry is `- [title](page.md): what it is about.`")
    return found


def about(text: str) -> str:
    """What a page is about, as plain text."""
    return LINK.sub(r"\1", text)
