"""Makes plain values of what JSON holds, in whatever type, and of ids in either notation."""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import re
from datetime import UTC, datetime
from typing import Any, Final

TRACE_ID_LENGTH: Final = 32
SPAN_ID_LENGTH: Final = 16
# What fits into 64 bits, and into OpenTelemetry's own spans.
MAX_TIME: Final = 2**63 - 1
MAX_DIGITS: Final = 32
_HEX: Final = re.compile(r"[0-9a-fA-F]+")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def text_of(value: Any) -> str:
    """A text that can be encoded; nothing where there is none."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    return _SURROGATE.sub("\ufffd", text)


def integer_of(value: Any) -> int:
    """A number that JSON may hold as a text, as it does 64 bits; 0 for what is none."""
    if isinstance(value, str) and len(value) > MAX_DIGITS:
        return 0
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return 0


def time_of(value: Any) -> int:
    """A time in nanoseconds, within what a span can have."""
    return min(max(integer_of(value), 0), MAX_TIME)


def moment_of(value: Any) -> int:
    """The nanoseconds of a date and time as ISO 8601 writes it; 0 for what is none."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return 0
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return time_of((since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1_000)


def float_of(value: Any) -> float | str:
    """A number; where it is not finite its text, which JSON can hold."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return text_of(value)
    return number if math.isfinite(number) else str(number)


def dict_of(value: Any) -> dict[str, Any]:
    """A JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    """A JSON array, or an empty one."""
    return value if isinstance(value, list) else []


def id_of(value: Any, length: int) -> str | None:
    """An id in hex: OTLP writes hex, Protobuf's own JSON base64; None where there is none.

    What is neither is an id all the same: the same text gives the same one.
    """
    text = text_of(value)
    if not text.strip("0"):
        return None
    if len(text) <= length and _HEX.fullmatch(text):
        return text.lower().rjust(length, "0")
    return _decoded(text, length) or hashlib.sha256(text.encode()).hexdigest()[:length]


def _decoded(text: str, length: int) -> str | None:
    try:
        found = base64.b64decode(text, validate=True).hex()
    except (binascii.Error, ValueError):
        return None
    return found if len(found) == length else None
