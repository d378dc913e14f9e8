"""Knows JSON: of any value, bounded, whatever is in it."""

from typing import Any, Final

import orjson

from langchain_otel.content.limits import Limits
from langchain_otel.content.policy import Policy

# What is not plain data is made so by `plain`, not by orjson, which would call its properties.
OPTIONS: Final = (
    orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
)
DEFAULT: Final = Policy()
NOTHING: Final = "null"


def to_json(value: Any) -> str:
    """The JSON of a value: valid, and within the limit that keeps a span under 1 MiB."""
    try:
        encoded = orjson.dumps(value, option=OPTIONS)
    except (TypeError, ValueError):
        encoded = b""
    if 0 < len(encoded) <= DEFAULT.max_span_bytes:
        return encoded.decode()
    fitted = Limits(DEFAULT, "").fitted(value)
    return NOTHING if fitted is None else orjson.dumps(fitted).decode()
