"""Defines what a dialect is: functions from facts to the attributes of a span."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.util.types import AttributeValue

from langchain_otel.content.policy import Budget, Policy
from langchain_otel.content.values import Facts
from langchain_otel.runs.reported import Started
from langchain_otel.runs.run import Run

Attributes = dict[str, AttributeValue]
Structured = dict[str, Any]


class Dialect:
    """Functions from facts to attributes, and what else of a run this dialect records.

    `content` takes what was permitted of a run's content, `started` and `ended` the facts of its
    start and of its end (None: they are the attributes as they are). `request_content`, if
    any, finds content that no other dialect records; `copies` is how often a span repeats it. With
    `shows_roots` what goes into a step and comes out of it is content like messages, where nothing
    is around the step. `evaluation` says what the span of an evaluation has beside its facts.
    """

    def __init__(
        self,
        content: Callable[[Facts, Run], Structured],
        *,
        started: Callable[[Facts, Run, Started], Attributes] | None = None,
        ended: Callable[[Facts, Run], Attributes] | None = None,
        request_content: Callable[[Run, Started], Facts] | None = None,
        copies: int = 1,
        shows_roots: bool = False,
        evaluation: Callable[[Facts], Attributes] | None = None,
    ) -> None:
        self.content = content
        self.started = started
        self.ended = ended
        self.request_content = request_content
        self.copies = copies
        self.shows_roots = shows_roots
        self.evaluation = evaluation

    def budget_of(self, run: Run, policy: Policy) -> Budget:
        """How much content the span of a run has left, where all is said `copies` times."""
        if run.budget is None:
            run.budget = Budget(policy, self.copies)
        return run.budget
