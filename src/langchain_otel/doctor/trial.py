"""Runs a small chain of LangChain's, traced as every chain is, and sends its spans."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

from opentelemetry import trace
from opentelemetry._logs import NoOpLoggerProvider
from opentelemetry.metrics import NoOpMeterProvider

from langchain_otel.doctor.empty_export import LIMIT
from langchain_otel.doctor.limits import untraced, within
from langchain_otel.doctor.witness import Witness, witnesses
from langchain_otel.inspection.providers import Provider

NAME: Final = "langchain-otel doctor"


class Trial:
    """One test run: the trace it made, and what each exporter did with its spans."""

    def __init__(self) -> None:
        self.span: trace.SpanContext = trace.INVALID_SPAN_CONTEXT
        self.witnesses: dict[int, Witness] = {}
        self.error = ""
        """The type of what went wrong; its text may hold anything."""

    @property
    def trace_id(self) -> str:
        """The id, as backends write it."""
        return trace.format_trace_id(self.span.trace_id)

    @property
    def spans(self) -> int:
        """How many spans came to an exporter."""
        return max((witness.spans for witness in self.witnesses.values()), default=0)

    def step(self, words: str) -> str:
        """The body of the chain's steps."""
        self.span = trace.get_current_span().get_span_context()
        return words


def trial_of(provider: Provider) -> Trial:
    """Run the chain with this provider of traces, and have it flushed."""
    trial = Trial()
    with (
        _patches_taken_back(),
        witnesses(provider.destinations, lambda: trial.span.trace_id) as trial.witnesses,
    ):
        try:
            within(LIMIT, lambda: _run(trial, provider.instance))
            within(LIMIT, lambda: untraced(lambda: _flush(provider.instance)))
        except TimeoutError:
            trial.error = "TimeoutError"
        except Exception as error:
            trial.error = type(error).__name__
    return trial


def _run(trial: Trial, tracer_provider: Any) -> None:
    from langchain_core.runnables import RunnableLambda

    from langchain_otel.handler import OpenTelemetryCallbackHandler

    # It is no model call of the user's: it counts in no metric and makes no log record.
    handler = OpenTelemetryCallbackHandler(
        tracer_provider,
        NoOpMeterProvider(),
        NoOpLoggerProvider(),
        capture_message_content="NO_CONTENT",
        detail="all",
    )
    first = RunnableLambda(trial.step).with_config(run_name="first step")
    second = RunnableLambda(trial.step).with_config(run_name="second step")
    with _without_langsmith():
        (first | second).invoke(NAME, {"callbacks": [handler], "run_name": NAME})


def _flush(tracer_provider: Any) -> None:
    flush = getattr(tracer_provider, "force_flush", None)
    if flush is not None:
        flush(int(LIMIT * 1_000))


@contextmanager
def _patches_taken_back() -> Iterator[None]:
    # The handler wraps functions of LangChain's, where the instrumentor has not done so before.
    from langchain_otel.sources.patch_points import PATCHER

    was_applied = PATCHER.applied
    try:
        yield
    finally:
        if not was_applied:
            PATCHER.undo()


def _without_langsmith() -> AbstractContextManager[Any]:
    # Its variables would send the test run to LangSmith too.
    try:
        from langsmith import tracing_context
    except ImportError:
        return nullcontext()
    return tracing_context(enabled=False)
