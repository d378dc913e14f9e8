"""Copies the pages to where the site is made from, with every link leading to a page of the site.

The pages link to files of the checkout, as GitHub shows them. On the site such a file is a page
of its own, below `files`; a folder is one page with all its files.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
DOCS: Final = ROOT / "docs"
FILES: Final = "files"
LANGUAGES: Final = {
    ".json": "json",
    ".py": "python",
    ".toml": "toml",
    ".yaml": "yaml",
    ".yml": "yaml",
}
PICTURES: Final = frozenset((".png", ".svg"))
FENCE: Final = "````"
LINK: Final = re.compile(r"(?<=\]\()(?P<target>[^)#\s]+)(?P<anchor>#[^)\s]*)?(?=\))")
FENCED: Final = re.compile(r"^ *(?P<fence>`{3,}|~{3,})")
PADS: Final = {2: "  ", 3: " "}
"""What is below a point or a number of a list is indented by four, as the site's Markdown wants."""
MARKER: Final = re.compile(r"- |\d+\. ")


class Staging:
    """The sources of the site: which pages there are, and where each of them stands."""

    def __init__(self, pages: Iterable[Path]) -> None:
        """Begin with the pages of the navigation; what they link to is added."""
        self._texts: dict[Path, str] = {}
        self.pictures: set[Path] = set()
        self._named = {page: _name(page) for page in pages}
        for page in self._named:
            self._add(page)

    @property
    def files(self) -> list[Path]:
        """The pages that are no part of the navigation, in the order of their names."""
        return sorted(self._texts.keys() - self._named.keys())

    def place(self, source: Path) -> Path:
        """Where a page or a picture stands, below the folder of the site's sources."""
        if source in self._named:
            return self._named[source]
        if source.is_relative_to(DOCS) and source.suffix in {".md", *PICTURES}:
            return source.relative_to(DOCS)
        # A folder whose name begins with a point is no part of a site.
        path = Path(*(part.lstrip(".") for part in source.relative_to(ROOT).parts))
        return Path(FILES) / (path if path.suffix == ".md" else f"{path}.md")

    def text(self, source: Path) -> str:
        """A page as the site is made from it."""
        return self._texts[source]

    def contents(self) -> dict[Path, bytes]:
        """Every page and picture, by where it stands."""
        contents = {self.place(page): text.encode() for page, text in self._texts.items()}
        return contents | {self.place(picture): picture.read_bytes() for picture in self.pictures}

    def _add(self, source: Path) -> None:
        if source in self._texts or source in self.pictures:
            return
        if source.suffix in PICTURES:
            self.pictures.add(source)
        elif source.suffix == ".md":
            self._texts[source] = ""
            self._texts[source] = "".join(self._rewritten(source))
        else:
            self._texts[source] = _listing(source)

    def _rewritten(self, page: Path) -> Iterator[str]:
        before = ""
        is_nested = False
        for line, pad, is_code in _lines(page.read_text(encoding="utf-8")):
            if is_nested and not is_code and MARKER.match(line):
                is_nested = False
                yield "\n"
            is_nested = is_nested or bool(pad and not before.strip())
            yield pad + (line if is_code else LINK.sub(lambda link: self._link(page, link), line))
            before = line

    def _link(self, page: Path, link: re.Match[str]) -> str:
        if ":" in link["target"]:
            return link[0]
        target = (page.parent / link["target"]).resolve()
        if not target.exists():
            raise FileNotFoundError(f"{page} links to {link['target']}, which does not exist")
        self._add(target)
        path = Path(os.path.relpath(self.place(target), self.place(page).parent))
        return path.as_posix() + (link["anchor"] or "")


def _name(page: Path) -> Path:
    """Where a page of the navigation stands: beside all others, wherever it is in the checkout."""
    if page == DOCS / "README.md":
        return Path("index.md")
    if page.is_relative_to(DOCS):
        return page.relative_to(DOCS)
    parts = page.relative_to(ROOT).with_suffix("").parts
    return Path("-".join(part.lower() for part in parts if part != "README") + ".md")


def _lines(text: str) -> Iterator[tuple[str, str, bool]]:
    """The lines, each with what it is indented by, and whether it belongs to a block of code."""
    fence = pad = ""
    for line in text.splitlines(keepends=True):
        mark = FENCED.match(line)
        if not fence:
            pad = PADS.get(len(line) - len(line.lstrip(" ")), "")
        yield line, pad, bool(fence or mark)
        if mark and (not fence or mark["fence"].startswith(fence)):
            fence = "" if fence else mark["fence"]


def _listing(source: Path) -> str:
    """A page that shows a file, or all files of a folder."""
    path = source.relative_to(ROOT)
    if source.is_file():
        return f"# {path}\n\n{_block(source)}"
    files = sorted(each for each in source.iterdir() if each.suffix in LANGUAGES)
    return f"# {path}\n" + "".join(f"\n## {file.name}\n\n{_block(file)}" for file in files)


def _block(file: Path) -> str:
    language = LANGUAGES.get(file.suffix, "text")
    return f"{FENCE}{language}\n{file.read_text(encoding='utf-8').rstrip()}\n{FENCE}\n"


def write(folder: Path, contents: Mapping[Path, bytes]) -> None:
    """Make a folder have these files and no others; one that is as it should be is not touched."""
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if path.relative_to(folder) not in contents:
            path.unlink()
    for place, content in contents.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
