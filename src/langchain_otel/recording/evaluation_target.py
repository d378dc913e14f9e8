"""Finds what an evaluation is about: a run, a span, or a whole trace, however it is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple
from uuid import UUID

from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, TraceFlags

from langchain_otel.recording.recorder_choice import recorder_here
from langchain_otel.runs.run import Run, RunRecorder
from langchain_otel.runs.run_id import Key, as_uuid
from langchain_otel.runs.store import RUNS, EndedRun
from langchain_otel.runs.traceparent import span_context_in

EXPECTED: Final = (
    "record_evaluation() takes the id of a run, a span or its context, a W3C traceparent or the id "
    "of a trace (32 hexadecimal digits)"
)
_TRACE_ID: Final = re.compile("[0-9a-fA-F]{32}")
_MAX_TRACE_ID: Final = 2**128 - 1


class Target(NamedTuple):
    """A span that is judged, as one recorder has it; `run` is the one that it is of, if open."""

    recorder: RunRecorder
    span: Span
    response_id: str | None = None
    run: Run | None = None


def targets_of(named: object) -> list[Target]:
    """What is named, once for each recorder that has it; nothing where no such run is known.

    Raises:
        TypeError: It is nothing that names a run, a span or a trace.
        ValueError: It is a text or a number that names none.
    """
    known = _of_run(named)
    if known or named is None or isinstance(named, UUID):
        return known
    if isinstance(named, SpanContext):
        return _of_span(NonRecordingSpan(named))
    if isinstance(named, Span):
        return _of_span(named)
    if isinstance(named, str):
        return _of_text(named.strip())
    if isinstance(named, int) and not isinstance(named, bool):
        return _of_trace(named, named)
    raise TypeError(f"{EXPECTED}; got {named!r}, a {type(named).__name__}")


def _of_run(run_id: object) -> list[Target]:
    head = RUNS.head(run_id)  # type: ignore[arg-type]  # LangChain takes anything for a run id
    if head is not None:
        return [_open(run) for run in head.recordings() if _is_recorded(run)]
    ended = RUNS.ended(run_id)  # type: ignore[arg-type]
    recorded = [] if ended is None else ended.recordings()
    return [_ended(each) for each in recorded if not each.is_silent]


def _is_recorded(run: Run) -> bool:
    return run.span.get_span_context().is_valid and not run.is_silent


def _of_text(text: str) -> list[Target]:
    run_id = as_uuid(text)
    known = [] if run_id is None else _of_run(run_id)
    if known:
        return known
    if _TRACE_ID.fullmatch(text):
        # Without dashes a run's id looks the same; one of this process would be known.
        return _of_trace(int(text, 16), text)
    if run_id is not None:
        return []
    span_context = span_context_in(text.lower())
    if span_context is None:
        raise ValueError(f"{EXPECTED}; got {text!r}")
    return _of_span(NonRecordingSpan(span_context))


def _of_span(span: Span) -> list[Target]:
    wanted = span.get_span_context()
    if not wanted.is_valid:
        return []
    found = [
        target
        for _, target, _ in _recorded()
        if _ids(target.span.get_span_context()) == _ids(wanted)
    ]
    return found[:1] or _of_no_run(span)


def _of_trace(trace_id: int, named: object) -> list[Target]:
    """The first run of a trace, if this process had it, and only one; else the trace alone."""
    if not 0 < trace_id <= _MAX_TRACE_ID:
        raise ValueError(f"{EXPECTED}; got {named!r}")
    roots: dict[Key, list[Target]] = {}
    for key, target, is_root in _recorded():
        if is_root and target.span.get_span_context().trace_id == trace_id:
            roots.setdefault(key, []).append(target)
    if len(roots) == 1:
        return next(iter(roots.values()))
    # Whoever names a trace has seen it in a backend, or in a log.
    context = SpanContext(trace_id, 0, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return _of_no_run(NonRecordingSpan(context))


def _of_no_run(span: Span) -> list[Target]:
    recorder = recorder_here()
    return [] if recorder is None else [Target(recorder, span)]


def _recorded() -> Iterator[tuple[Key, Target, bool]]:
    """The runs that this process knows: key, span, and whether no other run was around it."""
    for run in RUNS.open_runs():
        if run.has_span:
            yield run.key, _open(run), run.is_root and run.enclosing is None
    for key, ended in RUNS.ended_runs():
        yield key, _ended(ended), ended.is_root


def _open(run: Run) -> Target:
    return Target(run.recorder, run.span, None, run)


def _ended(ended: EndedRun) -> Target:
    return Target(ended.recorder, NonRecordingSpan(ended.span_context), ended.response_id)


def _ids(span_context: SpanContext) -> tuple[int, int]:
    return span_context.trace_id, span_context.span_id
