"""Defines what a dialect is: functions from facts to the attributes of a span."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from opentelemetry.util.types import AttributeValue

from langchain_otel.content.values import Facts
from langchain_otel.runs.reported import Started
from langchain_otel.runs.run import Run

Attributes = dict[str, AttributeValue]
Structured = dict[str, Any]


class Dialect(NamedTuple):
    """Functions from facts to attributes, and what else of a run this dialect records.

    `started` and `ended` take the facts of a run's start and of its end (None: they are the
    attributes as they are), `content` what was permitted of its content. `request_content`, if
    any, finds content that no other dialect records; `copies` is how often a span repeats it. With
    `shows_roots` what goes into a step and comes out of it is content like messages, where nothing
    is around the step. `evaluation` says what the span of an evaluation has beside its facts.
    """

    started: Callable[[Facts, Run, Started], Attributes] | None
    ended: Callable[[Facts, Run], Attributes] | None
    content: Callable[[Facts, Run], Structured]
    request_content: Callable[[Run, Started], Facts] | None
    copies: int
    shows_roots: bool
    evaluation: Callable[[Facts], Attributes] | None = None
