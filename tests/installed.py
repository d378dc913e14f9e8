"""Finds which provider packages are here: what needs another one is not collected."""

from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any


def installed(package: str) -> bool:
    """Whether a package can be imported, as far as can be said without importing it."""
    return find_spec(package) is not None


def of_installed(rows: Iterable[Any]) -> list[Any]:
    """The rows whose package is here."""
    return [row for row in rows if installed(row.package)]
