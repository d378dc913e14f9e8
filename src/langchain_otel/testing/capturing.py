"""Captures what LangChain runs: for a while, nobody else records it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Unpack

from opentelemetry import trace as otel_trace

from langchain_otel.patching.inject import inject
from langchain_otel.recording.arguments import Options
from langchain_otel.recording.recorder import Recorder
from langchain_otel.recording.registry import RECORDERS
from langchain_otel.runs.store import RUNS
from langchain_otel.sources.patch_points import PATCHER
from langchain_otel.sources.recording_handler import RecordingHandler
from langchain_otel.testing.capture import Capture
from langchain_otel.testing.foreign_spans import redirect
from langchain_otel.testing.options import checked
from langchain_otel.testing.trace import Trace


@contextmanager
def captured_trace(**options: Unpack[Options]) -> Iterator[Trace]:
    """Capture every LangChain and LangGraph run of the process inside a `with` block.

    The application may be instrumented already, or become so inside: what it has set up sees
    nothing of these runs, and is as before afterwards. Inside another capture, the inner one sees
    them. Content is captured unless `capture_message_content` says otherwise.

    Args:
        options: Those of `instrument()`.

    Raises:
        TypeError: There is no such option, or its value is of the wrong type.
        ValueError: An option has no valid value.
    """
    before = RECORDERS.capturing, RUNS.max_open
    capture = Capture(checked(options))
    with ExitStack() as afterwards:
        afterwards.callback(_restore, *before)
        RECORDERS.capturing = capture.recorder
        handler = RecordingHandler(capture.recorder)
        afterwards.callback(PATCHER.hold())
        afterwards.callback(handler.stop)
        afterwards.callback(inject(handler))
        for provider in _providers_of_the_application():
            afterwards.callback(redirect(provider, capture.spans))
        yield Trace(capture)


def _restore(recorder: Recorder | None, max_open_runs: int) -> None:
    RECORDERS.capturing, RUNS.max_open = recorder, max_open_runs


def _providers_of_the_application() -> list[object]:
    """The global tracer provider and the instrumentor's; a proxy leads to nobody's."""
    active = RECORDERS.active
    found = [otel_trace.get_tracer_provider(), *([active.tracer_provider] if active else ())]
    return list(dict.fromkeys(found))
