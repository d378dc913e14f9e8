"""Gives each span one budget of content: for attributes, events and the text of its status."""

from __future__ import annotations

from langchain_otel.content.policy import Budget, Policy
from langchain_otel.dialects.dialect import Dialect
from langchain_otel.runs.run import Run


def budget_of(run: Run, policy: Policy, dialect: Dialect) -> Budget:
    """How much content the span of a run has left; a dialect may say everything several times."""
    if run.budget is None:
        run.budget = Budget(policy, dialect.copies)
    return run.budget
