"""Puts the spans of a test into trees, whose branches have the same order in every run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from langchain_otel.exporters.failures import origins
from langchain_otel.testing.order import arranged
from langchain_otel.testing.recorded_spans import Recorded
from langchain_otel.testing.snapshots import entry_of
from langchain_otel.testing.span_lines import Shown, line_of
from langchain_otel.testing.span_view import SpanView
from langchain_otel.testing.strands import Strand

INDENT: Final = "  "
NOTHING_MORE: Final = Shown()


class Forest:
    """The spans of a test as they are at one moment."""

    def __init__(self, spans: Sequence[Recorded], home: Strand) -> None:
        self._views = {each.span.context.span_id: SpanView(each, self) for each in spans}
        self._origins = origins([each.span for each in spans])
        self._children: dict[int | None, list[SpanView]] = {}
        for view in self._views.values():
            above = self.parent(view)
            self._children.setdefault(None if above is None else _id(above), []).append(view)
        self._contents: dict[int, str] = {}
        # From the leaves up: the order of siblings depends on what is below them.
        for view in reversed(list(self._from_roots())):
            self._arrange(view, home)
        self._arrange(None, home)

    def _from_roots(self) -> Iterator[SpanView]:
        waiting = list(self._children.get(None, ()))
        for view in waiting:
            yield view
            waiting.extend(self._children.get(_id(view), ()))

    def _arrange(self, view: SpanView | None, home: Strand) -> None:
        number = None if view is None else _id(view)
        strand = home if view is None else view._recorded.strand
        siblings = self._children.get(number, [])
        if len(siblings) > 1:
            self._children[number] = arranged(siblings, _recorded, self._content, strand)
        if view is not None:
            below = "".join(map(self._content, self._children.get(number, ())))
            own = json.dumps(entry_of(view), sort_keys=True, default=repr)
            self._contents[_id(view)] = f"{self.line(view)}{own}{below}"

    def _content(self, view: SpanView) -> str:
        return self._contents[_id(view)]

    def all(self) -> list[SpanView]:
        """Every span, a parent before its children."""
        return [each for root in self.roots() for each in (root, *root.descendants())]

    def roots(self) -> list[SpanView]:
        """The spans that have no parent here."""
        return self._children.get(None, [])

    def children(self, view: SpanView) -> list[SpanView]:
        """The spans directly below another one."""
        return list(self._children.get(_id(view), ()))

    def parent(self, view: SpanView) -> SpanView | None:
        """The span above another one."""
        parent = view.span.parent
        return None if parent is None else self._views.get(parent.span_id)

    def is_before(self, first: SpanView, second: SpanView) -> bool:
        """Whether the first had ended when the second began."""
        ended = first._recorded.ended
        return ended is not None and ended < second._recorded.began

    def is_origin(self, view: SpanView) -> bool:
        """Whether a failure began here, and was not passed on from below."""
        return _id(view) in self._origins

    def line(self, view: SpanView, shown: Shown = NOTHING_MORE) -> str:
        """A span in one line."""
        return line_of(view, shown, is_origin=self.is_origin(view))

    def text(self, shown: Shown) -> str:
        """All trees, one line a span."""
        return "\n".join(line for root in self.roots() for line in self._lines(root, shown, ""))

    def _lines(self, view: SpanView, shown: Shown, indent: str) -> Iterator[str]:
        yield indent + self.line(view, shown)
        for child in view.children:
            yield from self._lines(child, shown, indent + INDENT)


def _id(view: SpanView) -> int:
    return int(view.span.context.span_id)


def _recorded(view: SpanView) -> Recorded:
    return view._recorded
