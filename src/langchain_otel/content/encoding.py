"""Encodes any value as bounded, valid JSON."""

from __future__ import annotations

from typing import Any, Final

from langchain_otel.content.limits import Limits
from langchain_otel.content.policy import Policy

DEFAULT: Final = Policy()
EMPTY: Final = "null"


def to_json(value: Any) -> str:
    """The JSON of a value: valid, and within the limit that keeps a span under 1 MiB.

    The value is made plain first, always: orjson would follow one list a million times over, and
    call the properties of a dataclass.
    """
    fitted = Limits(DEFAULT, "").fitted(value)
    return EMPTY if fitted is None else fitted.json()
