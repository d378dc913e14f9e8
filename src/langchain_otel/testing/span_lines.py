"""Writes a span in one line, and a call of a tool as a program writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from langchain_otel.exporters.harmless_text import one_line
from langchain_otel.testing.span_view import SpanView
from langchain_otel.viewing.reading import RETRIEVAL

LONGEST_VALUE: Final = 60
LONGEST_MESSAGE: Final = 200


class Shown(NamedTuple):
    """What a line has beside what ran and how it ended."""

    tokens: bool = False
    cost: bool = False
    times: bool = False
    ids: bool = False


def call_of(name: str, arguments: Mapping[str, Any]) -> str:
    """A call as a program writes it, in one line."""
    given = ", ".join(f"{key}={_short(value)}" for key, value in arguments.items())
    return one_line(f"{name}({given})")


def line_of(view: SpanView, shown: Shown, *, is_origin: bool) -> str:
    """The span in one line; `is_origin` says that a failure began here."""
    return "  ".join(_parts(view, shown, is_origin=is_origin))


def _parts(view: SpanView, shown: Shown, *, is_origin: bool) -> Iterator[str]:
    yield _head(view)
    tokens, cost = view.tokens, view.cost
    if shown.tokens and tokens.total:
        yield f"{tokens.input}→{tokens.output} tokens"
    if shown.cost and cost is not None:
        yield f"${cost:.6g}"
    if view.error is not None:
        text = one_line(view.error_message, LONGEST_MESSAGE) if is_origin else ""
        yield f"error {view.error}: {text}" if text else f"error {view.error}"
    if view.outcome is not None:
        yield view.outcome
    if view.is_open:
        yield "open"
    elif shown.times:
        yield f"{view.seconds:.3f} s"
    if shown.ids:
        yield f"{view.span.context.span_id:016x}"


def _head(view: SpanView) -> str:
    if view.arguments is not None:
        return call_of(one_line(view.name), view.arguments)
    if view.kind == RETRIEVAL and view.question:
        return f"{one_line(view.name)}({_short(view.question)})"
    return one_line(view.name)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."
