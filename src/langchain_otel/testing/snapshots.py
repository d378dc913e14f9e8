"""Makes plain data of spans that is the same in every run: for syrupy, inline-snapshot or JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from langchain_otel.testing.span_data import plain, without_ids
from langchain_otel.testing.span_view import SpanView

Entry = dict[str, Any]


def tree_of(views: Iterable[SpanView], attributes: Iterable[str] = ()) -> list[Entry]:
    """Spans with what is below them; also these attributes of theirs, where a span has them."""
    names = tuple(attributes)
    found = []
    for view in views:
        below = tree_of(view.children, names)
        entry = entry_of(view, names)
        found.append(entry | {"children": below} if below else entry)
    return found


def entry_of(view: SpanView, attributes: Iterable[str] = ()) -> Entry:
    """A span without ids and times, and without what it does not have."""
    tokens = view.tokens
    entry = {
        "span": view.name,
        "model": view.model if view.operation else None,
        "arguments": view.arguments,
        "result": view.result,
        "documents": view.documents,
        "input": view.input_messages,
        "output": view.output_messages,
        "tokens": {"input": tokens.input, "output": tokens.output} if tokens.total else None,
        "error": view.error,
        "outcome": view.outcome,
        "open": view.is_open or None,
    }
    entry |= {name: plain(view.attributes.get(name)) for name in attributes}
    known = {key: value for key, value in entry.items() if value not in (None, [], "")}
    return {"span": view.name} | {key: without_ids(value) for key, value in known.items()}
