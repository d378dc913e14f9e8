"""Makes texts of applications and models harmless: nothing in them may steer the terminal."""

from __future__ import annotations

from typing import Final

# More than any terminal shows in a line: what is behind it need not be looked at.
LONGEST_LINE: Final = 2_000
TAB: Final = 4


def harmless(text: str) -> str:
    """The text with what is not printed written out: control characters, line ends, overrides."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def one_line(text: str, longest: int = LONGEST_LINE) -> str:
    """The beginning of the text, without its line ends."""
    return harmless(" ".join(text[: longest * 2].split())[:longest])


def all_lines(text: str) -> list[str]:
    """The whole text, each line of it for itself."""
    lines = text.replace("\r\n", "\n").split("\n")
    return [harmless(line.expandtabs(TAB)) for line in lines]
