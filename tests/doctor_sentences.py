"""Reads the sentences of the doctor from its source, with `…` for what differs."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parents[1] / "src" / "langchain_otel"
ROOMS: Final = ("doctor", "inspection", "notices")
GAP: Final = "…"


@cache
def sentences() -> frozenset[str]:
    """Every text that these rooms write; several gaps in a row are one."""
    files = [file for room in ROOMS for file in sorted((PACKAGE / room).rglob("*.py"))]
    return frozenset(text for file in files for text in _texts(ast.parse(file.read_text())))


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [_part(value) for value in node.values]
            yield "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _part(value: ast.expr) -> str:
    return str(value.value) if isinstance(value, ast.Constant) else GAP
