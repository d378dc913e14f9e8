"""Records runs with functions that the user gives: a filter, names of spans, hooks of spans.

A recorder without such functions is a plain one, and pays nothing for this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from opentelemetry.trace import Span, SpanContext

from langchain_otel import health
from langchain_otel.config import Config
from langchain_otel.content.encodable import sound_attributes
from langchain_otel.content.values import EMPTY
from langchain_otel.recording.description import describe_request, title_of
from langchain_otel.recording.destinations import NOWHERE_ELSE, Destinations
from langchain_otel.recording.hooks import KEEP, LEAVE_OUT_TRACE, Hooks
from langchain_otel.recording.lineage import is_inside_observed
from langchain_otel.recording.recorder import Recorder
from langchain_otel.recording.run_view import RunView, Seen
from langchain_otel.runs.context import is_inherited, run_around
from langchain_otel.runs.reported import SpanEvent, Started
from langchain_otel.runs.run import Run
from langchain_otel.runs.store import RUNS


@dataclass(slots=True)
class Hooked(Seen):
    """What a recorder has come to with the user for one run.

    `is_left_out`: the user chose so. `is_shown`: its span was handed to the user, who set
    `attributes` there at the start.
    """

    is_left_out: bool = False
    is_shown: bool = False
    attributes: frozenset[str] = frozenset()


class HookedRecorder(Recorder):
    """A recorder that asks the user which runs have spans and how these are called.

    It hands the user each span of its own: after it has started, before anything starts inside,
    and as the last thing before it ends.
    """

    def __init__(
        self,
        config: Config,
        destinations: Destinations = NOWHERE_ELSE,
        base: Recorder | None = None,
    ) -> None:
        super().__init__(config, destinations, base)
        self._hooks = Hooks(config)
        self._has_request_hook = config.request_hook is not None
        self._leaves_out_by_detail = self._leaves_out
        self._leaves_out = self._chooses_to_leave_out
        self._title = self._chosen_title

    def _chooses_to_leave_out(self, started: Started, run: Run) -> bool:
        run.seen = hooked = Hooked(started, self._policy)
        if _is_in_silence(run):
            run.is_silent = True
            return True
        choice = self._hooks.choice(RunView(run, hooked))
        run.is_silent = choice == LEAVE_OUT_TRACE
        hooked.is_left_out = choice != KEEP
        by_detail = self._leaves_out_by_detail
        is_left_out = hooked.is_left_out or (by_detail is not None and by_detail(started, run))
        if is_left_out and not run.is_silent:
            self._observe(run, started)
        return is_left_out

    def _observe(self, run: Run, started: Started) -> None:
        """Find what metrics, and the sums of the runs around, need of a run without a span."""
        run.is_observed = is_inside_observed(run) or self._channels.listen()
        if run.is_observed:
            is_paid = self._costs is not None and run.operation.family == "model"
            run.asked = started if is_paid else None
            describe_request(run, started)

    def _chosen_title(self, run: Run, started: Started) -> str:
        hooked = run.seen
        name = self._hooks.name(RunView(run, hooked)) if isinstance(hooked, Hooked) else None
        return title_of(run, started) if name is None else name

    def _start(self, run: Run, parent: Run | SpanContext | None, started: Started) -> None:
        super()._start(run, parent, started)
        hooked = run.seen
        if run.has_span and not run.ended and isinstance(hooked, Hooked):
            hooked.is_shown = True
            if self._has_request_hook:
                before = _attributes_of(run.span)
                self._hooks.request(run.span, RunView(run, hooked))
                hooked.attributes = _changed(before, _attributes_of(run.span))

    def late_request(self, run: Run, inputs: Any) -> None:
        """Record what a run was asked, where only its end reports it, as of a streamed chain."""
        super().late_request(run, inputs)
        if isinstance(run.seen, Hooked):
            run.seen.ask_again(inputs)

    def event(self, run: Run, event: SpanEvent, reported: Any) -> None:
        """Add an event to the span of a run, or of the nearest one around that has a span."""
        around: Run | None = run
        while around is not None and not (around.has_span and around.recorder is self):
            around = around.enclosing
        if around is not None and not run.is_silent:
            super().event(around, event, reported)

    def _record_end(self, run: Run, result: Any, error: BaseException | None) -> None:
        hooked = run.seen
        if run.is_silent:
            return
        if not isinstance(hooked, Hooked):
            super()._record_end(run, result, error)
        elif hooked.is_left_out:
            self._record_end_without_span(run, result, error)
        else:
            before = _attributes_of(run.span) if hooked.attributes else EMPTY
            super()._record_end(run, result, error)
            if hooked.is_shown and getattr(run.span, "end_time", None) is None:
                hooked.finish(result, error)
                if hooked.attributes:
                    _give_back(run.span, {name: before.get(name) for name in hooked.attributes})
                self._hooks.response(run.span, RunView(run, hooked))

    def _record_end_without_span(self, run: Run, result: Any, error: BaseException | None) -> None:
        """Measure a run that the user left out, and add it to the sums of those around."""
        run.seconds = perf_counter() - run.started_at
        try:
            if run.is_observed and run.operation.request is not None:
                self._describe_end(run, result, error)
                # The run around records the exception, where it goes that far.
                self._channels.report_end(run, result, None)
        except Exception as failure:
            health.failed("end", failure)


def _is_in_silence(run: Run) -> bool:
    """Whether a run that starts belongs to one below which nothing is recorded."""
    recorder, parent = run.recorder, run.parent
    around = run_around(run.ambient)
    if around is not None and (run.parent_id is None or _is_body_of(parent, around)):
        own = RUNS.of_recorder(around.id, recorder)
        if own is not None and own.is_silent:
            return True
    if parent is not None:
        return parent.is_silent
    return run.parent_id is not None and RUNS.was_silent(run.parent_id, recorder)


def _is_body_of(parent: Run | None, around: Run) -> bool:
    # LangChain names the parent for all that is called inside, also in the body of another run.
    return parent is not None and is_inherited(parent, around)


def _give_back(span: Span, before: Mapping[str, Any]) -> None:
    """Set again what the user had set on a span, and its end has set to something else."""
    now = _attributes_of(span)
    changed = {name: value for name, value in before.items() if now.get(name) != value}
    if changed:
        span.set_attributes(sound_attributes(changed))


def _attributes_of(span: Span) -> Mapping[str, Any]:
    """What a span of the SDK has; nothing of one that does not record."""
    found = getattr(span, "attributes", None)
    return dict(found) if isinstance(found, Mapping) else EMPTY


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(name for name, value in after.items() if before.get(name) is not value)
