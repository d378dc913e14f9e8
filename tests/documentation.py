"""Reads the blocks, the headings and the links of the documentation."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT: Final = Path(__file__).parent.parent
PAGES: Final = (
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "collector-config" / "README.md",
    *sorted((ROOT / "examples").glob("*.md")),
)
EXAMPLES: Final = tuple(sorted((ROOT / "examples").glob("*.py")))
SHELL: Final = "sh"
PROGRAM: Final = "python"
OUTPUT: Final = "text"
_MARKDOWN: Final = MarkdownIt("commonmark").enable("table")
_NAME: Final = re.compile(r"# ([\w.-]+\.(?:py|yaml|toml))\n")
_MARKS: Final = re.compile(r"[^\w\- ]")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code with the section that it stands in."""

    page: Path
    line: int
    section: str
    language: str
    text: str

    @property
    def place(self) -> str:
        """Where it is, for a message."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def file(self) -> str | None:
        """The name of the file that it is, if its first line says one."""
        found = _NAME.match(self.text)
        return found and found[1]


@cache
def blocks_of(page: Path) -> tuple[Block, ...]:
    """The blocks of a page, or of the docstring of an example, fenced or indented, in order."""
    return tuple(_blocks(page))


def _blocks(page: Path) -> Iterator[Block]:
    section = ""
    tokens = _tokens(page)
    for position, token in enumerate(tokens):
        if token.type == "heading_open":
            section = tokens[position + 1].content
        if token.type in {"fence", "code_block"}:
            language = token.info or (SHELL if page in EXAMPLES else "")
            yield Block(page, (token.map or [0])[0] + 1, section, language, token.content)


def _tokens(page: Path) -> list[Token]:
    text = page.read_text(encoding="utf-8")
    if page in EXAMPLES:
        text = ast.get_docstring(ast.parse(text)) or ""
    return _MARKDOWN.parse(text)


def links_of(page: Path) -> list[str]:
    """Where its links and pictures lead."""
    inline = [each for token in _tokens(page) for each in token.children or ()]
    found = [str(each.attrGet("href") or each.attrGet("src") or "") for each in inline]
    return [link for link in found if link]


def anchors_of(page: Path) -> set[str]:
    """The names of its headings, as GitHub makes them."""
    tokens = _tokens(page)
    headings = [
        tokens[position + 1].content
        for position, token in enumerate(tokens)
        if token.type == "heading_open"
    ]
    return {_MARKS.sub("", heading.lower()).replace(" ", "-") for heading in headings}
