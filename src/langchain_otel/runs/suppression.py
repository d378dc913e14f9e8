"""Marks the context of a model call, so that provider instrumentations below make no second span.

They look for a mark in the OpenTelemetry context. Those of opentelemetry-util-genai find an object
there, leave out their span, metrics and events, and report what they know of the call to it: see
`operations.provider_report`. `sources.provider_marks` adds a mark when the application imports what
defines it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from opentelemetry.context import create_key

from langchain_otel.runs.operation import Suppressed
from langchain_otel.runs.run import Run
from langchain_otel.runs.store import RUNS

marks: Final[dict[Suppressed, dict[str, Callable[[], Any]]]] = {}
"""By what they suppress: the keys of the marks, each with what makes its value."""

_OWN: Final = create_key("langchain-otel-marks")


def remove_marks(entries: dict[str, Any]) -> None:
    """Take the marks of an enclosing call out of the entries of a context."""
    for key, value in entries.pop(_OWN, {}).items():
        if entries.get(key) is value:
            del entries[key]


def add_marks(run: Run, entries: dict[str, Any]) -> None:
    """Put the marks of a run's call into the entries of the context of its body.

    A mark that somebody else has set stays, because they read what is reported to it. So do we.
    """
    suppressed = None if run.is_silent else run.operation.suppresses
    own: dict[str, Any] = {}
    for key, make in ({} if suppressed is None else marks.get(suppressed, {})).items():
        value = entries.get(key)
        if value is None:
            value = own[key] = entries[key] = make()
        if value is not True:
            for each in (RUNS.head(run.id) or run).recordings():
                each.provider_report = value
    if own:
        entries[_OWN] = own
