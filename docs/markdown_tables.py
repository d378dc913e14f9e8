"""Writes names and tables as Markdown."""

from collections.abc import Iterable


def code(text: str) -> str:
    """Text as it stands in a program."""
    return f"`{text}`"


def codes(names: Iterable[str]) -> str:
    """Names as they stand in a program, one after the other."""
    return ", ".join(map(code, names))


def sentences(texts: Iterable[str]) -> str:
    """Texts that may have more than one line, as sentences of one."""
    return " ".join(" ".join(text.split()) for text in texts if text)


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table of Markdown."""
    lines = [heads, ("---",) * len(heads), *rows]
    cells = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n".replace("  ", " ") for line in cells)
