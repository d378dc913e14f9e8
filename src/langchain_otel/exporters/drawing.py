"""Draws the spans of a trace as a tree of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final

from rich.console import Console, Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from langchain_otel.exporters.failures import origins
from langchain_otel.exporters.harmless_text import all_lines, harmless, one_line
from langchain_otel.exporters.span_details import Around, Detail, details_of
from langchain_otel.exporters.span_facts import Spans
from langchain_otel.exporters.span_labels import head_parts, label_parts, line, totals_parts

# Rich crops what is wider than its console, and a deep tree is wider than any terminal.
_WIDE: Final = 1_000_000
_ASCII: Final = str.maketrans({"→": "->", "µ": "u", "…": "..."})
WIDTH_OF_NO_TERMINAL: Final = 100
LEAST_WIDTH: Final = 40
STEP: Final = 4
INDENT: Final = "  "


def drawn(spans: Spans, note: str, out: IO[str], mode: str, *, is_plain: bool = False) -> str:
    """The whole block as text, with colours if `out` is a terminal that has them."""
    trees = _trees(spans, mode, width_of(out))
    block = Group(line(head_parts(spans[0], note)), *trees, line(totals_parts(spans)), "")
    return printed(block, out, is_plain=is_plain)


def printed(
    what: RenderableType, out: IO[str], width: int = _WIDE, *, is_plain: bool = False
) -> str:
    """What is printed as text that can be written to `out`."""
    console = Console(
        file=out,
        width=width,
        highlight=False,
        force_jupyter=False,
        # Jupyter's variables ask for colours everywhere.
        force_terminal=False if is_plain else None,
    )
    with console.capture() as captured:
        console.print(what)
    text = captured.get().translate(_ASCII if console.options.ascii_only else {})
    return text.encode(console.encoding, "backslashreplace").decode(console.encoding)


def width_of(out: IO[str]) -> int:
    """How many columns `out` has; what is no terminal is taken to have a hundred."""
    return Console(file=out).width if out.isatty() else WIDTH_OF_NO_TERMINAL


def around_of(spans: Spans) -> Around:
    """What each of the spans may say of the others."""
    return Around({span.context.span_id: span.name for span in spans}, origins(spans))


def _trees(spans: Spans, mode: str, width: int) -> Iterator[Tree]:
    """One tree for each span whose parent is not among the spans."""
    around = around_of(spans)
    nodes = {span.context.span_id: Tree("", guide_style="dim") for span in spans}
    depths: dict[int, int] = {}
    for span in in_order(spans):
        node = nodes[span.context.span_id]
        if span.parent and (parent := nodes.get(span.parent.span_id)):
            parent.children.append(node)
            depths[span.context.span_id] = depths.get(span.parent.span_id, 0) + 1
        else:
            yield node
        room = width - STEP * depths.get(span.context.span_id, 0)
        details = details_of(span, around, mode)
        node.label = Text("\n").join(
            [
                line(label_parts(span)),
                *(each for detail in details for each in _lines(detail, room)),
            ]
        )


def in_order(spans: Spans) -> Spans:
    """The spans in the order in which they began."""
    return sorted(spans, key=lambda span: span.start_time or 0)


def _lines(detail: Detail, room: int) -> Iterator[Text]:
    if detail.is_whole:
        yield from _whole(detail)
        return
    shown = Text(INDENT)
    shown.append(detail.word, "dim")
    shown.append(f"  {one_line(detail.text)}", detail.style)
    shown.truncate(max(room, LEAST_WIDTH), overflow="ellipsis")
    yield shown


def _whole(detail: Detail) -> Iterator[Text]:
    first, *more = all_lines(detail.text)
    shown = Text(INDENT)
    shown.append(harmless(detail.word), "dim")
    if more:
        yield shown
        yield from (Text(f"{INDENT * 2}{each}", detail.style) for each in (first, *more))
    else:
        shown.append(f"  {first}", detail.style)
        yield shown
