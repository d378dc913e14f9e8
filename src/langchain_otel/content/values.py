"""Turns single values of LangChain into what an attribute holds: names, numbers, lists of texts."""

from typing import Any, Final

Facts = dict[str, Any]
"""What is known of a run, keyed by the conventions' names, as plain Python values."""

EMPTY: Final[dict[str, Any]] = {}
"""What is not there, as a dict that is shared: it is replaced, never changed."""

MAX_TEXT: Final = 1_024
MAX_ITEMS: Final = 64


def text(value: Any) -> str | None:
    """A name or an identifier, bounded."""
    return value[:MAX_TEXT] if isinstance(value, str) and value else None


def number(value: Any) -> float | None:
    """A double; a bool is no number."""
    return float(value) if isinstance(value, (int, float)) and type(value) is not bool else None


def integer(value: Any) -> int | None:
    """An integer, also from an integral float; a bool is no number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and type(value) is not bool else None


def texts(value: Any) -> list[str] | None:
    """A list of short texts, also from a single one."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, (list, tuple)):
        return None
    return [item[:MAX_TEXT] for item in value[:MAX_ITEMS] if isinstance(item, str)] or None
