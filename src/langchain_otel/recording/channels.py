"""Passes a run on to the channels beside its span: logs, metrics, its agent, its content.

No channel costs another one anything: each fails for itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from langchain_otel import health
from langchain_otel.config import Config
from langchain_otel.dialects.dialect import Dialect
from langchain_otel.recording.exceptions import Exceptions
from langchain_otel.recording.lineage import add_to_totals
from langchain_otel.recording.log_records import LogRecords
from langchain_otel.recording.metrics import Metrics
from langchain_otel.recording.model_calls import WHOLE, share_of
from langchain_otel.runs.outcome import outcome_of
from langchain_otel.runs.run import Run
from langchain_otel.runs.tool_call_links import note_tool_calls

if TYPE_CHECKING:
    from langchain_otel.recording.capture import Capture


class Channels:
    """The channels of one recorder."""

    def __init__(
        self, metrics: Metrics, log: LogRecords, exceptions: Exceptions, capture: Capture | None
    ) -> None:
        self._metrics: Final = metrics
        self._log: Final = log
        self._exceptions: Final = exceptions
        self._capture: Final = capture

    def listen(self) -> bool:
        """Whether a channel takes what is known of a run that does not record."""
        return self._metrics.instruments() is not None or self._log.emits_details

    def report_end(self, run: Run, result: Any, error: BaseException | None) -> None:
        """Pass on a run that has ended: to logs, to metrics, to its relatives."""
        if error is not None and outcome_of(error) is None:
            try:
                self._exceptions.record(run, error)
            except Exception as failure:
                health.failed("exception", failure)
        share = WHOLE
        if run.model is not None or run.has_inner_call or run.has_inner_tokens:
            share = share_of(run)
        try:
            self._metrics.record(run, tokens=share.tokens)
        except Exception as failure:
            health.failed("metrics", failure)
        try:
            if run.agent is not None:
                add_to_totals(run, run.agent, share)
            if run.reported is not None and run.has_span:
                note_tool_calls(run, run.reported)
        except Exception as failure:
            health.failed("relatives", failure)

    def report_content(self, run: Run, result: Any) -> None:
        """Pass on the content of a run that has ended: to its span, to its log record."""
        try:
            if self._capture is not None and self._capture.takes(run):
                self._capture.response(run, result)
        except Exception as failure:
            health.failed("content", failure)
        if run.operation.family == "model" and self._log.emits_details:
            try:
                content = {} if self._capture is None else self._capture.on_event(run)
                self._log.details(run, content)
            except Exception as failure:
                health.failed("details", failure)


def capture_of(config: Config, dialect: Dialect) -> Capture | None:
    """What takes content; where nobody wants any, nothing is imported for it."""
    policy = config.policy
    if not (policy.on_spans or policy.on_events or config.completion_hook is not None):
        return None
    from langchain_otel.recording.capture import Capture

    capture = Capture(config, dialect)
    return capture if capture.is_wanted else None
