"""Shows a trace below the cell of a notebook that made it: as HTML that opens, and as text."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from html import escape
from typing import Any, Final

from opentelemetry.sdk.trace import ReadableSpan

from langchain_otel.exporters.drawing import around_of, drawn, in_order
from langchain_otel.exporters.harmless_text import all_lines, harmless, one_line
from langchain_otel.exporters.span_details import Detail, details_of
from langchain_otel.exporters.span_facts import Spans
from langchain_otel.exporters.span_labels import head_parts, label_parts, totals_parts

ALL_OPEN: Final = 50  # spans: of more, only the upper ones are open at first
OPEN_DEPTH: Final = 2
BLOCK: Final = "font-family:monospace;font-size:13px;line-height:1.5;text-align:left"
INSIDE: Final = "margin-left:1.4em"
ONE_LINE: Final = "white-space:nowrap;overflow:hidden;text-overflow:ellipsis"
WHOLE: Final = "white-space:pre-wrap;overflow-wrap:anywhere"
GAP: Final = "\u2002"
STYLES: Final = {
    "": "",
    "bold": "font-weight:bold",
    "dim": "opacity:.65",
    "cyan": "color:#0891b2",
    "green": "color:#16a34a",
    "red": "color:#dc2626",
    "yellow": "color:#ca8a04",
    "magenta": "color:#c026d3",
}


def notebook_display() -> Callable[[object], object] | None:
    """What shows an object below the cell, where this process is the kernel of a notebook."""
    # What is not imported is not in use: nothing is imported to find out.
    ipython: Any = sys.modules.get("IPython")
    module: Any = sys.modules.get("IPython.display")
    get_ipython = getattr(ipython, "get_ipython", None)
    if module is None or get_ipython is None:
        return None
    is_kernel = getattr(get_ipython(), "kernel", None) is not None
    return module.display if is_kernel else None


class ShownTrace:
    """A trace that a notebook shows; nothing in it runs, and nothing of its content is markup."""

    def __init__(self, spans: Spans, note: str, mode: str) -> None:
        self._spans: Final = spans
        self._note: Final = note
        self._mode: Final = mode

    def __repr__(self) -> str:
        """The tree as text."""
        text = drawn(self._spans, self._note, io.StringIO(), self._mode, is_plain=True)
        return text.rstrip("\n")

    def _repr_html_(self) -> str:
        head = _line(head_parts(self._spans[0], self._note))
        totals = _line(totals_parts(self._spans))
        body = "".join(_tree(self._spans, self._mode))
        return f'<div style="{BLOCK}"><div>{head}</div>{body}<div>{totals}</div></div>'


def _tree(spans: Spans, mode: str) -> Iterator[str]:
    """The spans from the top down, however deep they are."""
    around = around_of(spans)
    children: dict[int | None, Spans] = {}
    for span in in_order(spans):
        above = span.parent.span_id if span.parent else None
        children.setdefault(above if above in around.names else None, []).append(span)
    waiting: list[ReadableSpan | str] = [*reversed(children.pop(None, []))]
    depth = 0
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            depth -= 1
            yield item
            continue
        below = children.pop(item.context.span_id, [])
        inside = "".join(map(_detail, details_of(item, around, mode)))
        is_open = len(spans) <= ALL_OPEN or depth < OPEN_DEPTH
        begin, end = _tags(item, is_leaf=not inside and not below, is_open=is_open)
        yield begin + inside
        depth += 1
        waiting += [end, *reversed(below)]


def _tags(span: ReadableSpan, *, is_leaf: bool, is_open: bool) -> tuple[str, str]:
    """What stands before and behind that which is inside a span."""
    label = _line(label_parts(span))
    if is_leaf:
        return f'<div style="{INSIDE}">{label}', "</div>"
    summary = f'<summary style="cursor:pointer">{label}</summary>'
    return f'<details{" open" * is_open}>{summary}<div style="{INSIDE}">', "</div></details>"


def _detail(detail: Detail) -> str:
    lines = all_lines(detail.text) if detail.is_whole else [one_line(detail.text)]
    # A text of several lines begins below its word.
    text = escape("\n".join(["", *lines] if len(lines) > 1 else lines))
    word = _styled(detail.word, "dim")
    style = WHOLE if detail.is_whole else ONE_LINE
    return f'<div style="{style}">{word} <span style="{STYLES[detail.style]}">{text}</span></div>'


def _line(parts: list[tuple[str, str]]) -> str:
    return GAP.join(_styled(text, style) for text, style in parts if text)


def _styled(text: str, style: str) -> str:
    return f'<span style="{STYLES[style]}">{escape(harmless(text))}</span>'
