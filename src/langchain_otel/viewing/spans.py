"""Describes a span as it was recorded, whatever it is read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

Attributes = Mapping[str, Any]

UNSET: Final = "unset"
OK: Final = "ok"
ERROR: Final = "error"
STATUSES: Final = (UNSET, OK, ERROR)
KINDS: Final = ("unspecified", "internal", "server", "client", "producer", "consumer")


class SourceError(Exception):
    """What is to be shown cannot be read; the text says why, to whoever gave the command."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened during a span."""

    name: str
    time: int
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Link:
    """Another span, in this trace or in another."""

    trace_id: str
    span_id: str
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Span:
    """A span: ids in hex, times in nanoseconds, attributes as plain values."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: str
    start: int
    end: int
    status: str
    status_message: str
    attributes: Attributes
    events: tuple[Event, ...]
    links: tuple[Link, ...]
    resource: Attributes
    scope: str
    scope_version: str = ""
