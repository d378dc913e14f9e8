"""Finds where failures came from: a failure that passes through several spans is one."""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

import langchain_otel
from langchain_otel import semconv
from langchain_otel.exporters.span_facts import value_of

EXCEPTIONS: Final = (semconv.EVENT_EXCEPTION, semconv.GEN_AI_CLIENT_OPERATION_EXCEPTION)
FRAME: Final = re.compile(r'^[ |]*File "(?P<file>.+)", line (?P<line>\d+)', re.MULTILINE)
INSTALLED: Final = re.compile(r"[\\/](?:site|dist)-packages[\\/]")
LANGCHAIN: Final = re.compile(r"[\\/](?:site|dist)-packages[\\/]lang(?:chain|graph|smith)")
OURS: Final = str(Path(langchain_otel.__file__).parent)
STANDARD_LIBRARY: Final = sysconfig.get_paths()["stdlib"]


class Failure(NamedTuple):
    """What is known of a failure: its text, and the line of code, where they are recorded."""

    text: str
    place: str


def has_failed(span: ReadableSpan) -> bool:
    """Whether the span has the status ERROR."""
    return span.status.status_code is StatusCode.ERROR


def origins(spans: Sequence[ReadableSpan]) -> set[int]:
    """The ids of the failed spans that did not only pass on what failed below them.

    A request that says no more than that it failed is a part of what made it.
    """
    failed = {span.context.span_id: span for span in spans if has_failed(span)}
    passing_on = {span.parent.span_id for span in failed.values() if span.parent}
    parts = set()
    for number, span in failed.items():
        above = failed.get(span.parent.span_id) if span.parent else None
        if above is None:
            continue
        if number not in passing_on and not _kinds(span) and not failure_of(span).text:
            parts.add(number)
        elif _may_be_same(_kinds(span), _kinds(above)):
            parts.add(above.context.span_id)
    return failed.keys() - parts


def failure_of(span: ReadableSpan) -> Failure:
    """What the span says of its failure."""
    event = next(_exceptions(span), {})
    message = event.get(semconv.EXCEPTION_MESSAGE) or span.status.description or ""
    stack = str(event.get(semconv.EXCEPTION_STACKTRACE) or "")
    return Failure(str(message), _place(stack, str(message)))


def _exceptions(span: ReadableSpan) -> Iterator[dict[str, object]]:
    """What events say of exceptions, the last one first: it is what ended the span."""
    for event in reversed(span.events):
        if event.name in EXCEPTIONS:
            yield dict(event.attributes or {})


def _kinds(span: ReadableSpan) -> set[object]:
    kinds = {value_of(span, semconv.ERROR_TYPE)}
    kinds |= {event.get(semconv.EXCEPTION_TYPE) for event in _exceptions(span)}
    # An HTTP status is no kind of an exception.
    return {str(kind) for kind in kinds if kind is not None and not str(kind).isdecimal()}


def _may_be_same(below: set[object], above: set[object]) -> bool:
    return not below or not above or bool(below & above)


def _place(stack: str, message: str) -> str:
    """The line of the application's own code, else of a library, that is nearest to the error."""
    # The last of several is the one that was raised; a message may look like frames.
    last = stack.rpartition("Traceback (most recent call last)")[2]
    text = last.rpartition(message)[0] if message and message in last else last
    frames = [(match["file"], match["line"]) for match in FRAME.finditer(text)]
    foreign = [frame for frame in frames if not _is_framework(frame[0])]
    own = [frame for frame in foreign if not _is_library(frame[0])]
    return next((f"{_short(file)}:{line}" for file, line in reversed(own or foreign)), "")


def _is_framework(file: str) -> bool:
    return file.startswith(OURS) or LANGCHAIN.search(file) is not None


def _is_library(file: str) -> bool:
    return file.startswith((STANDARD_LIBRARY, "<frozen")) or INSTALLED.search(file) is not None


def _short(file: str) -> str:
    """A path as it is written in the folder where the program runs."""
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except (OSError, ValueError):
        return file
