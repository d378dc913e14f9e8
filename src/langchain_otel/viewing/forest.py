"""Puts the spans of each trace into trees, whatever is wrong with their ids and parents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from langchain_otel.viewing.evaluations import with_evaluations
from langchain_otel.viewing.spans import Span

NO_PARENT: Final = "its parent is not here"
CYCLE: Final = "its parents lead back to it"
DUPLICATE: Final = "another span has the same id"
BACKWARDS: Final = "it ends before it begins"
NO_TIME: Final = "nobody knows when it began"


@dataclass(frozen=True, slots=True)
class Node:
    """A span in its tree; its parent's place in the list, and what is wrong with it."""

    span: Span
    parent: int | None
    depth: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """The spans of a trace: a parent stands before its children, these in order of time."""

    trace_id: str
    nodes: tuple[Node, ...]

    @property
    def start(self) -> int:
        """When the first span began."""
        return min(node.span.start for node in self.nodes)

    @property
    def end(self) -> int:
        """When the last span ended."""
        return max(max(node.span.start, node.span.end) for node in self.nodes)


def traces_of(spans: Iterable[Span]) -> list[Trace]:
    """Every trace, in the order in which they began."""
    by_trace: dict[str, list[Span]] = {}
    for span in spans:
        by_trace.setdefault(span.trace_id, []).append(span)
    traces = [
        Trace(trace, _in_order(with_evaluations(_told_apart(spans))))
        for trace, spans in by_trace.items()
    ]
    return sorted(traces, key=lambda trace: trace.start)


def _told_apart(spans: list[Span]) -> dict[str, tuple[Span, tuple[str, ...]]]:
    """Spans by ids of their own; the same span twice, as retries send it, is one."""
    found: dict[str, tuple[Span, tuple[str, ...]]] = {}
    earliest = min((span.start for span in spans if span.start), default=0)
    ids = {span.span_id for span in spans}
    number = 0
    for each in spans:
        span, notes = _with_time(each, earliest)
        if span.span_id not in found:
            found[span.span_id] = span, notes
        elif found[span.span_id][0] != span:
            while (span_id := f"{number:016x}") in ids or number == 0:
                number += 1
            ids.add(span_id)
            found[span_id] = replace(span, span_id=span_id), (*notes, DUPLICATE)
    return found


def _with_time(span: Span, earliest: int) -> tuple[Span, tuple[str, ...]]:
    """A span that has no time stands where its trace begins, or the others would be too small."""
    if span.start or not earliest:
        return span, ()
    return replace(span, start=earliest, end=max(span.end, earliest)), (NO_TIME,)


def _in_order(spans: dict[str, tuple[Span, tuple[str, ...]]]) -> tuple[Node, ...]:
    children: dict[str | None, list[str]] = {}
    for span_id in sorted(spans, key=lambda span_id: spans[span_id][0].start):
        above = spans[span_id][0].parent_id
        children.setdefault(above if above in spans else None, []).append(span_id)
    nodes: list[Node] = []
    left = dict.fromkeys(spans)
    for root in _roots(children, left, spans):
        waiting: list[tuple[str, int | None, int]] = [(root, None, 0)]
        while waiting:
            span_id, parent, depth = waiting.pop()
            if span_id not in left:
                continue
            del left[span_id]
            span, notes = spans[span_id]
            notes += _notes(span, is_root=parent is None, has_parent=span.parent_id in spans)
            nodes.append(Node(span, parent, depth, notes))
            below = ((child, len(nodes) - 1, depth + 1) for child in children.get(span_id, ()))
            waiting.extend(reversed(list(below)))
    return tuple(nodes)


def _roots(
    children: dict[str | None, list[str]],
    left: dict[str, None],
    spans: dict[str, tuple[Span, tuple[str, ...]]],
) -> Iterator[str]:
    """Spans that have no parent here; then of each circle of parents the span that began first."""
    yield from children.get(None, ())
    for span_id in sorted(left, key=lambda span_id: spans[span_id][0].start):
        if span_id in left:
            yield span_id


def _notes(span: Span, *, is_root: bool, has_parent: bool) -> tuple[str, ...]:
    found = []
    if is_root and span.parent_id is not None:
        found.append(CYCLE if has_parent else NO_PARENT)
    if span.end < span.start:
        found.append(BACKWARDS)
    return tuple(found)
