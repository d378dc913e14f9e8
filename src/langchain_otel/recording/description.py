"""Finds the facts of a run at its start and at its end; a failure costs facts, never the span."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_otel import health, semconv
from langchain_otel.content.encodable import sound_attributes
from langchain_otel.content.policy import Policy
from langchain_otel.content.redaction import redacted_annotations
from langchain_otel.content.values import Facts, sound
from langchain_otel.dialects.dialect import Attributes, Dialect
from langchain_otel.operations.annotations import annotations_of
from langchain_otel.recording.lineage import inherited_facts, totals_of
from langchain_otel.recording.own_attributes import OwnAttributes
from langchain_otel.runs.attempts import failed_attempt
from langchain_otel.runs.outcome import error_facts, outcome_of
from langchain_otel.runs.reported import Started
from langchain_otel.runs.run import Run

if TYPE_CHECKING:
    from langchain_otel.recording.costs import Costs


def title_of(run: Run, started: Started) -> str:
    """The name of a run's span, from its operation."""
    try:
        title = run.operation.title(started)
    except Exception as error:
        health.failed("title", error)
        return run.operation.family
    return title if title.isascii() else sound(title)


def describe_request(run: Run, started: Started) -> None:
    """Find the facts of a run that starts."""
    request = run.operation.request
    if request is None:
        return
    try:
        run.facts = request(started, run.parent)
        stop = run.facts.get(semconv.GEN_AI_REQUEST_STOP_SEQUENCES)
        if stop is not None:
            del run.facts[semconv.GEN_AI_REQUEST_STOP_SEQUENCES]
            run.facts |= run.recorder.redacted({semconv.GEN_AI_REQUEST_STOP_SEQUENCES: stop})
        run.facts.update(inherited_facts(run))
    except Exception as error:
        health.failed("request", error)


def attributes_at_start(
    run: Run, started: Started, policy: Policy, dialect: Dialect, own: OwnAttributes
) -> Attributes:
    """The attributes with which the span of a run starts; what is recorded wins over its own."""
    if run.operation.request is not None:
        describe_request(run, started)
    try:
        said = annotations_of(started, run)
        if policy.redact is not None:
            said = redacted_annotations(said, policy)
    except Exception as error:
        health.failed("annotations", error)
        said = {}
    facts = run.facts | said if run.facts else said
    try:
        attributes = facts if dialect.started is None else dialect.started(facts, run, started)
        if run.own_attributes or own.reads_baggage:
            attributes = {**own.of(run), **attributes}
        return sound_attributes(attributes) if attributes else attributes
    except Exception as error:
        health.failed("dialect", error)
        return {}


def end_facts(
    run: Run, result: Any, error: BaseException | None, costs: Costs | None = None
) -> Facts:
    """What the span of a run says of its end, with what it cost where there are prices."""
    facts = _response_facts(run, result)
    if error is not None:
        facts = run.operation.unfinished | facts | _failure_facts(run, error)
    if run.totals is not None:
        facts.update(totals_of(run.totals))
    if costs is not None:
        facts.update(costs.facts(run, facts, error))
    return facts


def _failure_facts(run: Run, error: BaseException) -> Facts:
    outcome = outcome_of(error)
    if outcome is not None:
        return {semconv.RUN_OUTCOME: outcome}
    return error_facts(error) | failed_attempt(run)


def _response_facts(run: Run, result: Any) -> Facts:
    """What the result of a run says, an error that it stands for too."""
    response = run.operation.response
    try:
        return {} if response is None else response(result, run)
    except Exception as error:
        health.failed("response", error)
        return {}
