"""Checks names that an application gives: of a conversation, a user, a tenant."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from langchain_otel.content.values import text


def checked_identifier(name: str, value: Any) -> str:
    """The value of the argument `name` as a text.

    Raises:
        TypeError: It is no str, int or UUID.
        ValueError: It is empty.
    """
    if not isinstance(value, (str, int, UUID)) or isinstance(value, bool):
        raise TypeError(
            f"{name} must be a str, an int or a UUID; got {value!r}, a {type(value).__name__}"
        )
    identifier = text(value)
    if identifier is None or not identifier.strip():
        raise ValueError(f"{name} must not be empty; got {value!r}")
    return identifier
