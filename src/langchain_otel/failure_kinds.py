"""Says of each failure and limit that `health` counts which kind it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from langchain_otel import health

OPTIONS: Final = frozenset(
    (
        *("redact", "completion_hook", "request_hook", "response_hook"),
        *("span_name", "run_filter", "cost"),
    )
)
"""The options that are functions of the user's."""


class Failure(NamedTuple):
    """Our own code failed."""

    place: str
    reason: str


class OptionFailure(NamedTuple):
    """A function of the user's failed, or gave what it may not."""

    option: str
    reason: str


class AttributeLeftOut(NamedTuple):
    """An attribute could not be written as OTLP."""

    reason: str


class Limit(NamedTuple):
    """A limit was met."""

    name: str


Kind = Failure | OptionFailure | AttributeLeftOut | Limit


def counted() -> Iterator[tuple[Kind, int]]:
    """Each kind of failure, and each limit, with how often it was counted."""
    for key, count in sorted(health.failures.copy().items()):
        yield _kind(key), count


def _kind(key: str) -> Kind:
    place, colon, reason = key.partition(":")
    if not colon:
        return Limit(key)
    if place == health.OTLP:
        return AttributeLeftOut(reason)
    return OptionFailure(place, reason) if place in OPTIONS else Failure(place, reason)
