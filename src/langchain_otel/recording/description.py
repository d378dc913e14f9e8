"""Finds the facts of a run at its start and at its end; a failure costs facts, never the span."""

from typing import Any

from langchain_otel import health, semconv
from langchain_otel.content.values import Facts
from langchain_otel.recording.lineage import inherited_facts
from langchain_otel.runs.run import Run, Started


def title_of(run: Run, started: Started) -> str:
    """The name of a run's span, from its operation."""
    try:
        return run.operation.title(started)
    except Exception as error:
        health.failed("title", error)
        return run.operation.family


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


def response_facts(run: Run, result: Any) -> Facts:
    """What the result of a run says, an error that it stands for too."""
    operation = run.operation
    facts: Facts = {}
    try:
        if operation.response is not None:
            facts = operation.response(result, run)
        failure = None if operation.failure is None else operation.failure(result)
        if failure is not None:
            facts[semconv.ERROR_TYPE] = failure
    except Exception as error:
        health.failed("response", error)
    return facts
