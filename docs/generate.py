"""Writes the tables of the documentation from the code and the registry, so that both agree.

    python docs/generate.py            rewrites what stands between the marks of a section
    python docs/generate.py --check    only says which files are out of date

A section begins with `<!-- begin: NAME -->` and ends with `<!-- end: NAME -->`, each on a line of
its own, in README.md or in a page of this folder; `tables.SECTIONS` has the names.
"""

import argparse
import re
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "docs"), str(ROOT / "tests")]

from tables import SECTIONS  # noqa: E402

SECTION: Final = re.compile(
    r"^(?P<begin><!-- begin: (?P<name>[\w-]+) -->\n).*?^(?P<end><!-- end: (?P=name) -->)$",
    re.MULTILINE | re.DOTALL,
)
MARK: Final = re.compile(r"^<!-- (?:begin|end): ", re.MULTILINE)


def rewritten(text: str) -> str:
    """A page with its sections as they have to be."""
    if len(MARK.findall(text)) != 2 * len(SECTION.findall(text)):
        raise ValueError("a section does not end, or ends without a beginning")
    return SECTION.sub(_section, text)


def _section(match: re.Match[str]) -> str:
    return match["begin"] + SECTIONS[match["name"]]() + match["end"]


def pages() -> list[Path]:
    """The pages that may have sections."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def outdated() -> list[Path]:
    """The pages whose sections are not as they have to be."""
    return [page for page in pages() if rewritten(page.read_text()) != page.read_text()]


def main() -> int:
    """Rewrite the pages, or say which have to be."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="only say which are out of date")
    is_check = parser.parse_args().check
    found = outdated()
    for page in found:
        print(f"{page.relative_to(ROOT)} {'is out of date' if is_check else 'is written anew'}")
        if not is_check:
            page.write_text(rewritten(page.read_text()))
    return 1 if found and is_check else 0


if __name__ == "__main__":
    sys.exit(main())
