"""Draws the traces that are under way as they are at this moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import IO

from opentelemetry.sdk.trace import ReadableSpan
from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from langchain_otel.exporters.drawing import in_order, printed
from langchain_otel.exporters.span_facts import Spans
from langchain_otel.exporters.span_labels import (
    Parts,
    head_parts,
    label_parts,
    line,
    open_label_parts,
)


def frame_of(
    traces: Sequence[Spans], chunks: Mapping[int, int], out: IO[str], columns: int, rows: int
) -> list[str]:
    """The lines of the traces: no wider and no more than the terminal has.

    What is not shown is not drawn either: that costs little, however much is under way.
    """
    if _height(traces) > rows:
        traces = list(map(_open_only, traces))
    height = _height(traces)
    if height <= rows:
        return _lines(traces, chunks, out, columns)
    first = [in_order(spans)[:rows] for spans in traces[:rows]]
    shown = _lines(first, chunks, out, columns)[: rows - 1]
    return [*shown, f"… {height - len(shown)} more lines"]


def _height(traces: Sequence[Spans]) -> int:
    return sum(len(spans) + 1 for spans in traces if spans)


def _lines(
    traces: Sequence[Spans], chunks: Mapping[int, int], out: IO[str], columns: int
) -> list[str]:
    parts: list[RenderableType] = []
    for spans in filter(None, traces):
        parts += [_one_line(head_parts(spans[0])), *_trees(spans, chunks)]
    return printed(Group(*parts), out, columns).splitlines() if parts else []


def _trees(spans: Spans, chunks: Mapping[int, int]) -> Iterator[Tree]:
    nodes = {span.context.span_id: Tree("", guide_style="dim") for span in spans}
    for span in in_order(spans):
        node = nodes[span.context.span_id]
        node.label = _one_line(_label(span, chunks))
        if span.parent and (parent := nodes.get(span.parent.span_id)):
            parent.children.append(node)
        else:
            yield node


def _label(span: ReadableSpan, chunks: Mapping[int, int]) -> Parts:
    if span.end_time is None:
        return open_label_parts(span, chunks.get(span.context.span_id, 0))
    return label_parts(span)


def _one_line(parts: Parts) -> Text:
    text = line(parts)
    text.no_wrap = True
    text.overflow = "ellipsis"
    return text


def _open_only(spans: Spans) -> Spans:
    """The spans that are open, and those above them."""
    by_id = {span.context.span_id: span for span in spans}
    kept: dict[int, ReadableSpan] = {}
    for span in spans:
        above: ReadableSpan | None = span if span.end_time is None else None
        while above is not None and above.context.span_id not in kept:
            kept[above.context.span_id] = above
            above = by_id.get(above.parent.span_id) if above.parent else None
    return list(kept.values())
